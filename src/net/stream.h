// Stream: a connected socket, plain or TLS, used without blocking.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "async/reactor.h"
#include "async/task.h"
#include "base/unique_fd.h"
#include "net/address.h"

struct iovec;

namespace holm::net {

class Pipe;
class TlsSession;

enum class Io {
  Done,        // At least one byte was moved.
  WouldBlock,  // Await readable() or writable().
  End,         // The other side has ended its sending in good order.
  Failed,      // The connection is broken.
};

struct IoResult {
  Io status = Io::Failed;
  size_t bytes = 0;
};

enum class Wait { Ready, TimedOut };

// Lives on the reactor's thread. One task may wait for reading while another waits for writing.
// Destruction closes the socket; a task that waits is destroyed before.
class Stream final : public async::FdHandler {
 public:
  // `tls`, if any, already belongs to the socket and is owned from here on.
  Stream(async::Reactor& reactor, UniqueFd socket);
  Stream(async::Reactor& reactor, UniqueFd socket, std::unique_ptr<TlsSession> tls);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  async::Reactor& reactor() const { return reactor_; }
  int fd() const { return socket_.get(); }
  // Null for a plain connection.
  const TlsSession* tls() const { return tls_.get(); }

  // Moves what can be moved now. A TLS handshake that is not complete is carried on by either.
  IoResult read_some(std::span<char> buffer);
  IoResult write_some(std::span<const iovec> pieces);
  // Likewise, of plain connections: at most so many bytes into the empty pipe, and what is in the pipe.
  IoResult read_some(Pipe& pipe, size_t bytes_max);
  IoResult write_some(Pipe& pipe);

  class Waiter;
  // `co_await stream.readable(timeout)`: resumes when read_some may find something.
  Waiter readable(async::Duration timeout);
  Waiter writable(async::Duration timeout);

  // Completes the handshake of TLS, within `timeout` in all; a broken one shows at the next read.
  async::Task<Wait> shake_hands(async::Duration timeout);

  // The next bytes, at least one, into `buffer`; 0 at the end. Throws async::StreamError when the
  // connection breaks or nothing comes for `timeout`.
  async::Task<size_t> read(std::span<char> buffer, async::Duration timeout);
  // All of `bytes`, which live until the task ends; throws as above.
  async::Task<void> write(std::string_view bytes, async::Duration timeout);

  // The other side has ended or broken the connection, as far as the kernel has told us.
  bool peer_has_left() const { return peer_ended_; }
  // Says that we send no more. Reading goes on.
  void end_writing();

 private:
  struct Side;
  void on_events(async::Events events) override;
  IoResult read_plain(std::span<char> buffer);
  IoResult write_plain(std::span<const iovec> pieces);

  async::Reactor& reactor_;
  UniqueFd socket_;
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<Side> reading_;
  std::unique_ptr<Side> writing_;
  std::optional<async::Watch> watch_;
  bool peer_ended_ = false;
  bool* destroyed_ = nullptr;
};

class Stream::Waiter final {
 public:
  explicit Waiter(Side& side, async::Duration timeout) : side_(&side), timeout_(timeout) {}
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<> waiting);
  Wait await_resume();

 private:
  friend class Stream;
  Side* side_;
  async::Duration timeout_;
  bool suspended_ = false;
};

}  // namespace holm::net

// Moving bytes between a connection and its buffer, with timeouts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "async/reactor.h"
#include "async/task.h"

namespace holm::net {
class Pipe;
class Stream;
}

namespace holm::http {

// What came in on a connection and nobody has read yet.
class InputBuffer final {
 public:
  std::string_view unread() const { return std::string_view(bytes_).substr(start_); }
  void consume(size_t bytes) { start_ += bytes; }
  // Invalidates views of what was unread before.
  void append(std::string_view bytes);
  // Gives memory back if nothing is unread and there is much of it.
  void shrink();
  std::string take();

 private:
  std::string bytes_;
  size_t start_ = 0;
};

enum class Fill { Done, End, Failed, TimedOut };
// Waits for more bytes on `stream`, at most `timeout`, and appends them to `input`.
async::Task<Fill> fill(net::Stream& stream, InputBuffer& input, async::Duration timeout);
// Likewise for the beginning of a message: not so much at once that a body which only passes were copied.
async::Task<Fill> fill_head(net::Stream& stream, InputBuffer& input, async::Duration timeout);
// Waits likewise and shows what came where the thread reads everything to: it is to be used, or copied, before
// anything else runs.
async::Task<Fill> read_shared(net::Stream& stream, std::string_view& piece, async::Duration timeout);

// Waits likewise and moves at most so many bytes to the pipe, which is empty.
async::Task<Fill> fill(net::Stream& stream, net::Pipe& pipe, size_t bytes_max, async::Duration timeout);

enum class Sent : uint8_t { Done, Failed, TimedOut };
// Sends what the other side takes without being waited for, and takes it off the pieces. None: some
// is left.
std::optional<Sent> send_now(net::Stream& stream, std::array<std::string_view, 3>& pieces);
// Sends the pieces in order, in one system call if they are taken at once. Each wait for the other
// side is at most `timeout`. What the pieces show lives until the task ends.
async::Task<Sent> send(net::Stream& stream, std::array<std::string_view, 3> pieces,
                       async::Duration timeout);
// Likewise all that is in the pipe.
async::Task<Sent> send(net::Stream& stream, net::Pipe& pipe, async::Duration timeout);

}  // namespace holm::http

// A socket whose readiness is remembered, so that the kernel is asked only when there may be
// something. A short read or write means that there is no more for now.

#include "net/stream.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "async/byte_source.h"
#include "base/check.h"
#include "net/pipe.h"
#include "net/tls.h"

namespace holm::net {

// One direction: whether it may move, and who waits for it.
struct Stream::Side {
  explicit Side(async::Reactor& reactor) : timer(reactor, [this] { expire(); }) {}

  void become_ready() {
    ready = true;
    if (waiting) resume();
  }
  void expire() {
    timed_out = true;
    resume();
  }
  void resume() {
    timer.disarm();
    // The coroutine may destroy this side.
    std::exchange(waiting, nullptr).resume();
  }

  async::Timer timer;
  std::coroutine_handle<> waiting = nullptr;
  bool ready = true;
  bool timed_out = false;
};

Stream::Stream(async::Reactor& reactor, UniqueFd socket)
    : Stream(reactor, std::move(socket), nullptr) {}

Stream::Stream(async::Reactor& reactor, UniqueFd socket, std::unique_ptr<TlsSession> tls)
    : reactor_(reactor),
      socket_(std::move(socket)),
      tls_(std::move(tls)),
      reading_(std::make_unique<Side>(reactor)),
      writing_(std::make_unique<Side>(reactor)) {
  watch_.emplace(reactor_, socket_.get(), *this);
}

Stream::~Stream() {
  if (destroyed_) *destroyed_ = true;
}

void Stream::on_events(async::Events events) {
  if (events.ended || events.failed) peer_ended_ = true;
  if (tls_) tls_->socket_changed();
  // TLS reads may have to wait for writing and the other way round.
  bool wake_reader = events.readable || tls_;
  bool wake_writer = events.writable || tls_;
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (wake_reader) reading_->become_ready();
  if (destroyed) return;
  if (wake_writer) writing_->become_ready();
  if (!destroyed) destroyed_ = nullptr;
}

Stream::Waiter Stream::readable(async::Duration timeout) { return Waiter(*reading_, timeout); }
Stream::Waiter Stream::writable(async::Duration timeout) { return Waiter(*writing_, timeout); }

Stream::Waiter::~Waiter() {
  if (!suspended_) return;
  side_->waiting = nullptr;
  side_->timer.disarm();
}

bool Stream::Waiter::await_ready() const noexcept { return side_->ready; }

void Stream::Waiter::await_suspend(std::coroutine_handle<> waiting) {
  CHECK(!side_->waiting);
  side_->waiting = waiting;
  side_->timed_out = false;
  side_->timer.arm(timeout_);
  suspended_ = true;
}

Wait Stream::Waiter::await_resume() {
  bool timed_out = suspended_ && side_->timed_out;
  suspended_ = false;
  return timed_out ? Wait::TimedOut : Wait::Ready;
}

IoResult Stream::read_some(std::span<char> buffer) {
  if (!tls_) return read_plain(buffer);
  if (!reading_->ready && tls_->has_drained_socket()) return {Io::WouldBlock, 0};
  TlsSession::Step step = tls_->read(buffer);
  const bool is_all = tls_->has_drained_socket() && !peer_ended_;
  if (step.needs != TlsSession::Needs::Nothing || is_all) reading_->ready = false;
  return step.result;
}

IoResult Stream::read_plain(std::span<char> buffer) {
  // The kernel would say the same: it tells when there is something again.
  if (!reading_->ready) return {Io::WouldBlock, 0};
  ssize_t count;
  do {
    count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return {Io::End, 0};
  if (count > 0) {
    size_t bytes = static_cast<size_t>(count);
    // After the other side's end was reported no further event will come, so keep looking.
    if (bytes < buffer.size() && !peer_ended_) reading_->ready = false;
    return {Io::Done, bytes};
  }
  if (errno != EAGAIN) return {Io::Failed, 0};
  reading_->ready = false;
  return {Io::WouldBlock, 0};
}

IoResult Stream::write_some(std::span<const iovec> pieces) {
  if (!tls_) return write_plain(pieces);
  // Small pieces are joined: one record for a head and its body.
  constexpr size_t kRecordBytesMax = 16 * 1024;
  std::span<char> scratch = reactor_.scratch().first(kRecordBytesMax);
  std::string_view bytes;
  size_t joined = 0;
  if (pieces.size() == 1) {
    bytes = {static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len};
  } else {
    for (const iovec& piece : pieces) {
      size_t count = std::min(piece.iov_len, scratch.size() - joined);
      std::memcpy(scratch.data() + joined, piece.iov_base, count);
      joined += count;
    }
    bytes = {scratch.data(), joined};
  }
  TlsSession::Step step = tls_->write(bytes);
  if (step.needs != TlsSession::Needs::Nothing) writing_->ready = false;
  return step.result;
}

IoResult Stream::write_plain(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  ssize_t count;
  do {
    count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return {Io::Done, static_cast<size_t>(count)};
  if (errno != EAGAIN) return {Io::Failed, 0};
  writing_->ready = false;
  return {Io::WouldBlock, 0};
}

IoResult Stream::read_some(Pipe& pipe, size_t bytes_max) {
  CHECK(!tls_ && pipe.bytes_ == 0);
  if (!reading_->ready) return {Io::WouldBlock, 0};
  ssize_t count;
  do {
    count = ::splice(socket_.get(), nullptr, pipe.writing_.get(), nullptr, bytes_max,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return {Io::End, 0};
  if (count > 0) {
    pipe.bytes_ = static_cast<size_t>(count);
    return {Io::Done, pipe.bytes_};
  }
  // The pipe is empty, so it is the socket that has nothing.
  if (errno != EAGAIN) return {Io::Failed, 0};
  reading_->ready = false;
  return {Io::WouldBlock, 0};
}

IoResult Stream::write_some(Pipe& pipe) {
  CHECK(!tls_);
  ssize_t count;
  do {
    count = ::splice(pipe.reading_.get(), nullptr, socket_.get(), nullptr, pipe.bytes_,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    pipe.bytes_ -= static_cast<size_t>(count);
    return {Io::Done, static_cast<size_t>(count)};
  }
  if (count == 0 || errno != EAGAIN) return {Io::Failed, 0};
  writing_->ready = false;
  return {Io::WouldBlock, 0};
}

async::Task<Wait> Stream::shake_hands(async::Duration timeout) {
  const SteadyTime deadline = reactor_.clock().steady() + timeout;
  while (true) {
    const TlsSession::Step step = tls_->shake_hands();
    if (step.needs == TlsSession::Needs::Nothing) co_return Wait::Ready;
    async::Duration left = std::chrono::ceil<async::Duration>(deadline - reactor_.clock().steady());
    left = std::max(left, async::Duration::zero());
    Wait wait = Wait::Ready;
    if (step.needs == TlsSession::Needs::Readable) {
      reading_->ready = false;
      wait = co_await readable(left);
    } else {
      writing_->ready = false;
      wait = co_await writable(left);
    }
    if (wait == Wait::TimedOut) co_return wait;
  }
}

async::Task<size_t> Stream::read(std::span<char> buffer, async::Duration timeout) {
  while (true) {
    IoResult result = read_some(buffer);
    if (result.status == Io::Done) co_return result.bytes;
    if (result.status == Io::End) co_return 0;
    if (result.status == Io::Failed) throw async::StreamError("the connection broke");
    Wait wait = co_await readable(timeout);
    if (wait == Wait::TimedOut) throw async::StreamError("nothing came in time");
  }
}

async::Task<void> Stream::write(std::string_view bytes, async::Duration timeout) {
  while (!bytes.empty()) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    IoResult result = write_some(std::span(&piece, 1));
    if (result.status == Io::Done) {
      bytes.remove_prefix(result.bytes);
      continue;
    }
    if (result.status != Io::WouldBlock) throw async::StreamError("the connection broke");
    Wait wait = co_await writable(timeout);
    if (wait == Wait::TimedOut) throw async::StreamError("nothing was taken in time");
  }
}

void Stream::end_writing() {
  if (tls_) tls_->end_writing();
  ::shutdown(socket_.get(), SHUT_WR);
}

}  // namespace holm::net

// Reading into the thread's scratch memory first keeps idle connections small.

#include "http/transfer.h"

#include <sys/uio.h>

#include <algorithm>
#include <utility>

#include "http/placed_read.h"
#include "net/pipe.h"
#include "net/stream.h"

namespace holm::http {

namespace {

// More than this is not kept for an idle connection.
constexpr size_t kKeptBytesMax = 4 * 1024;
// So much is read for a head: enough for most messages that are short.
constexpr size_t kHeadBytes = 8 * 1024;

}  // namespace

void InputBuffer::append(std::string_view bytes) {
  bytes_.erase(0, start_);
  start_ = 0;
  bytes_ += bytes;
}

void InputBuffer::shrink() {
  if (start_ != bytes_.size()) return;
  bytes_.clear();
  start_ = 0;
  if (bytes_.capacity() > kKeptBytesMax) bytes_.shrink_to_fit();
}

std::string InputBuffer::take() {
  bytes_.erase(0, start_);
  start_ = 0;
  return std::exchange(bytes_, {});
}

namespace {

std::optional<Fill> fill_of(net::Io status) {
  switch (status) {
    case net::Io::Done: return Fill::Done;
    case net::Io::End: return Fill::End;
    case net::Io::Failed: return Fill::Failed;
    case net::Io::WouldBlock: break;
  }
  return std::nullopt;
}

// Reads into `place`; None: there is nothing yet.
std::optional<Fill> read_now(net::Stream& stream, std::span<char> place, std::string_view& piece) {
  net::IoResult result = stream.read_some(place);
  if (result.status == net::Io::Done) piece = {place.data(), result.bytes};
  return fill_of(result.status);
}

// A TLS connection may have to wait several times; the time is for all of them.
class Patience final {
 public:
  Patience(const Clock& clock, async::Duration timeout) : clock_(clock), timeout_(timeout) {}
  async::Duration left() {
    const SteadyTime now = clock_.steady();
    if (!deadline_) deadline_ = now + timeout_;
    return std::max(std::chrono::ceil<async::Duration>(*deadline_ - now), async::Duration::zero());
  }

 private:
  const Clock& clock_;
  const async::Duration timeout_;
  std::optional<SteadyTime> deadline_;
};

async::Task<Fill> fill_some(net::Stream& stream, InputBuffer& input, size_t bytes_max, async::Duration timeout) {
  Patience patience(stream.reactor().clock(), timeout);
  std::span<char> scratch = stream.reactor().scratch();
  scratch = scratch.first(std::min(bytes_max, scratch.size()));
  while (true) {
    std::string_view piece;
    const std::optional<Fill> filled = read_now(stream, scratch, piece);
    if (filled) {
      if (!piece.empty()) input.append(piece);
      co_return *filled;
    }
    const async::Duration left = patience.left();
    net::Wait wait = co_await stream.readable(left);
    if (wait == net::Wait::TimedOut) co_return Fill::TimedOut;
  }
}

}  // namespace

async::Task<Fill> fill(net::Stream& stream, InputBuffer& input, async::Duration timeout) {
  return fill_some(stream, input, SIZE_MAX, timeout);
}

async::Task<Fill> fill_head(net::Stream& stream, InputBuffer& input, async::Duration timeout) {
  return fill_some(stream, input, kHeadBytes, timeout);
}

async::Task<Fill> read_to(net::Stream& stream, std::span<char> place, std::string_view& piece,
                          async::Duration timeout) {
  Patience patience(stream.reactor().clock(), timeout);
  while (true) {
    const std::optional<Fill> filled = read_now(stream, place, piece);
    if (filled) co_return *filled;
    const async::Duration left = patience.left();
    net::Wait wait = co_await stream.readable(left);
    if (wait == net::Wait::TimedOut) co_return Fill::TimedOut;
  }
}

async::Task<Fill> read_shared(net::Stream& stream, std::string_view& piece, async::Duration timeout) {
  return read_to(stream, stream.reactor().scratch(), piece, timeout);
}

async::Task<Fill> fill(net::Stream& stream, net::Pipe& pipe, size_t bytes_max, async::Duration timeout) {
  while (true) {
    const std::optional<Fill> filled = fill_of(stream.read_some(pipe, bytes_max).status);
    if (filled) co_return *filled;
    net::Wait wait = co_await stream.readable(timeout);
    if (wait == net::Wait::TimedOut) co_return Fill::TimedOut;
  }
}

std::optional<Sent> send_now(net::Stream& stream, std::array<std::string_view, 3>& pieces) {
  while (true) {
    std::array<iovec, 3> vectors;
    size_t count = 0;
    for (std::string_view each : pieces) {
      if (!each.empty()) vectors[count++] = {const_cast<char*>(each.data()), each.size()};
    }
    if (count == 0) return Sent::Done;
    net::IoResult result = stream.write_some(std::span(vectors).first(count));
    if (result.status == net::Io::WouldBlock) return std::nullopt;
    if (result.status != net::Io::Done) return Sent::Failed;
    for (std::string_view& each : pieces) {
      size_t taken = std::min(result.bytes, each.size());
      each.remove_prefix(taken);
      result.bytes -= taken;
    }
  }
}

async::Task<Sent> send(net::Stream& stream, std::array<std::string_view, 3> pieces,
                       async::Duration timeout) {
  while (true) {
    if (std::optional<Sent> sent = send_now(stream, pieces)) co_return *sent;
    net::Wait wait = co_await stream.writable(timeout);
    if (wait == net::Wait::TimedOut) co_return Sent::TimedOut;
  }
}

async::Task<Sent> send(net::Stream& stream, net::Pipe& pipe, async::Duration timeout) {
  while (pipe.bytes() > 0) {
    const net::IoResult result = stream.write_some(pipe);
    if (result.status == net::Io::Done) continue;
    if (result.status != net::Io::WouldBlock) co_return Sent::Failed;
    net::Wait wait = co_await stream.writable(timeout);
    if (wait == net::Wait::TimedOut) co_return Sent::TimedOut;
  }
  co_return Sent::Done;
}

}  // namespace holm::http

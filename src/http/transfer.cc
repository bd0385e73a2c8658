// Reading into the thread's scratch memory first keeps idle connections small.

#include "http/transfer.h"

#include <sys/uio.h>

#include <algorithm>
#include <utility>

#include "net/stream.h"

namespace holm::http {

namespace {

// More than this is not kept for an idle connection.
constexpr size_t kKeptBytesMax = 4 * 1024;

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

async::Task<Fill> fill(net::Stream& stream, InputBuffer& input, async::Duration timeout) {
  std::optional<SteadyTime> deadline;
  while (true) {
    std::span<char> scratch = stream.reactor().scratch();
    net::IoResult result = stream.read_some(scratch);
    switch (result.status) {
      case net::Io::Done:
        input.append({scratch.data(), result.bytes});
        co_return Fill::Done;
      case net::Io::End:
        co_return Fill::End;
      case net::Io::Failed:
        co_return Fill::Failed;
      case net::Io::WouldBlock:
        break;
    }
    // A TLS connection may have to wait several times; the time is for all of them.
    SteadyTime now = stream.reactor().clock().steady();
    if (!deadline) deadline = now + timeout;
    async::Duration left = std::chrono::ceil<async::Duration>(*deadline - now);
    left = std::max(left, async::Duration::zero());
    net::Wait wait = co_await stream.readable(left);
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

}  // namespace holm::http

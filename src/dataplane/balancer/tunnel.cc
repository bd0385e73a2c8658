// Each direction is a task; the tunnel waits for both.

#include "dataplane/balancer/tunnel.h"

#include <array>

#include "async/task_set.h"
#include "async/wakeup.h"
#include "http/transfer.h"
#include "net/stream.h"

namespace holm::balancer {

namespace {

struct Progress {
  SteadyTime last_byte;
  int directions_open = 2;
  bool broken = false;
};

// The rest of the idle time that began with the last byte in either direction.
async::Duration idle_left(const net::Stream& stream, const Progress& progress, async::Duration idle) {
  auto silent = stream.reactor().clock().steady() - progress.last_byte;
  return std::chrono::ceil<async::Duration>(idle - silent);
}

// What passes one way is counted here.
struct Counts {
  uint64_t& bytes;
  Counter* all_bytes;
  Counter* resets;  // Of the side that it comes from.
  Carried::First& first;
};

async::Task<void> pass(net::Stream& from, net::Stream& to, Progress& progress, async::Duration idle,
                       Counts counts) {
  http::InputBuffer input;
  while (!progress.broken) {
    async::Duration left = idle_left(from, progress, idle);
    if (left <= async::Duration::zero()) break;
    http::Fill filled = co_await http::fill(from, input, left);
    if (filled == http::Fill::TimedOut) continue;
    if (filled == http::Fill::End) {
      to.end_writing();
      co_return;
    }
    if (filled == http::Fill::Failed) {
      if (counts.resets && !progress.broken) count(*counts.resets);
      break;
    }
    progress.last_byte = from.reactor().clock().steady();
    if (!counts.first.read) counts.first.read = progress.last_byte;
    std::array<std::string_view, 3> pieces = {input.unread(), {}, {}};
    http::Sent sent = co_await http::send(to, pieces, idle);
    if (sent != http::Sent::Done) break;
    if (!counts.first.sent) counts.first.sent = from.reactor().clock().steady();
    counts.bytes += input.unread().size();
    if (counts.all_bytes) add(*counts.all_bytes, input.unread().size());
    input.consume(input.unread().size());
    input.shrink();
  }
  progress.broken = true;
}

async::Task<void> pass_and_tell(net::Stream& from, net::Stream& to, Progress& progress, async::Duration idle,
                                Counts counts, async::Wakeup::Notifier ended) {
  co_await pass(from, to, progress, idle, counts);
  --progress.directions_open;
  ended.notify();
}

}  // namespace

async::Task<void> tunnel(net::Stream& client, net::Stream& target, async::Duration idle, Carried& carried) {
  async::Reactor& reactor = client.reactor();
  Progress progress{.last_byte = reactor.clock().steady()};
  async::Wakeup ended(reactor);
  async::TaskSet directions;
  const Counts from_client{carried.from_client_bytes, carried.all_bytes, carried.client_resets,
                           carried.from_client};
  const Counts to_client{carried.to_client_bytes, carried.all_bytes, carried.target_resets, carried.from_target};
  directions.spawn(pass_and_tell(client, target, progress, idle, from_client, ended.notifier()));
  directions.spawn(pass_and_tell(target, client, progress, idle, to_client, ended.notifier()));
  while (progress.directions_open > 0 && !progress.broken) co_await ended.wait(idle);
}

}  // namespace holm::balancer

// A connection that has left HTTP, such as a WebSocket: bytes are passed both ways.
#pragma once

#include <cstdint>
#include <optional>

#include "async/reactor.h"
#include "async/task.h"
#include "base/clock.h"
#include "dataplane/balancer/counters.h"

namespace holm::net {
class Stream;
}

namespace holm::balancer {

struct Carried {
  uint64_t from_client_bytes = 0;
  uint64_t to_client_bytes = 0;
  Counter* all_bytes = nullptr;  // Counts those of both ways, too, as they pass.
  Counter* client_resets = nullptr;  // Likewise whose side broke the connection.
  Counter* target_resets = nullptr;
  // When the first of each way's bytes were there, and when the other side had them.
  struct First {
    std::optional<SteadyTime> read, sent;
  };
  First from_client, from_target;
};

// Until both sides have ended, one has broken, or neither has sent a byte for `idle`. The streams
// outlive the task.
// `carried`, too, and counts from what it holds.
async::Task<void> tunnel(net::Stream& client, net::Stream& target, async::Duration idle, Carried& carried);

}  // namespace holm::balancer

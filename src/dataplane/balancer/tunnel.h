// A connection that has left HTTP, such as a WebSocket: bytes are passed both ways.
#pragma once

#include <cstdint>

#include "async/reactor.h"
#include "async/task.h"

namespace holm::net {
class Stream;
}

namespace holm::balancer {

struct Carried {
  uint64_t from_client_bytes = 0;
  uint64_t to_client_bytes = 0;
};

// Until both sides have ended, one has broken, or neither has sent a byte for `idle`. The streams
// outlive the task.
// `carried`, too, and counts from what it holds.
async::Task<void> tunnel(net::Stream& client, net::Stream& target, async::Duration idle, Carried& carried);

}  // namespace holm::balancer

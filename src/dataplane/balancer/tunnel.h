// A connection that has left HTTP, such as a WebSocket: bytes are passed both ways.
#pragma once

#include "async/reactor.h"
#include "async/task.h"

namespace holm::net {
class Stream;
}

namespace holm::balancer {

// Until both sides have ended, one has broken, or neither has sent a byte for `idle`. The streams
// outlive the task.
async::Task<void> tunnel(net::Stream& client, net::Stream& target, async::Duration idle);

}  // namespace holm::balancer

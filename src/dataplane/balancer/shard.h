// What the balancer has on each reactor.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/strings.h"
#include "dataplane/balancer/access_log.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/batched_random.h"
#include "dataplane/balancer/health_checks.h"
#include "dataplane/balancer/upstream.h"

namespace holm::balancer {

// Used on its reactor's thread only.
struct Balancer::Shard {
  Shard(async::Reactor& own_reactor, Random& own_random, net::ConnectionRoom& targets,
        const std::string& log_folder, size_t number)
      : reactor(own_reactor),
        random(own_random),
        pool(own_reactor, targets),
        logs(own_reactor, log_folder, number) {}

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
  std::string trace_root() {
    // Four bytes of time, twelve of chance.
    std::array<char, 16> bytes;
    random.fill(bytes.data(), bytes.size());
    const auto seconds = reactor.clock().now().time_since_epoch() / std::chrono::seconds(1);
    for (size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(seconds >> (8 * (3 - i)));
    std::string root = "1-" + hex_encode({bytes.data(), bytes.size()});
    root.insert(10, 1, '-');
    return root;
  }

  async::Reactor& reactor;
  BatchedRandom random;
  UpstreamPool pool;
  AccessLogFiles logs;
  std::unique_ptr<HealthChecks> checks;  // Of the first shard only.
};

}  // namespace holm::balancer

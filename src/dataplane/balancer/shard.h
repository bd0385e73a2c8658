// What the balancer has on each reactor.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/balancer/access_log.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/batched_random.h"
#include "dataplane/balancer/connection_passage.h"
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
    std::string root = "1-00000000-000000000000000000000000";
    constexpr size_t kTimeAt = 2, kChanceAt = 11;
    for (size_t i = 0; i < bytes.size(); ++i) {
      const size_t at = i < 4 ? kTimeAt + 2 * i : kChanceAt + 2 * (i - 4);
      const auto byte = static_cast<uint8_t>(bytes[i]);
      root[at] = "0123456789abcdef"[byte >> 4];
      root[at + 1] = "0123456789abcdef"[byte & 15];
    }
    return root;
  }

  async::Reactor& reactor;
  BatchedRandom random;
  UpstreamPool pool;
  AccessLogFiles logs;
  OpenPassages passages;
  std::shared_ptr<const Routing> routing;  // The balancer's, without its lock.
  std::unique_ptr<HealthChecks> checks;  // Of the first shard only.
};

}  // namespace holm::balancer

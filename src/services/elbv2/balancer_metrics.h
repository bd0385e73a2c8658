// What the balancer counts, for CloudWatch.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "balancing/dependencies.h"
#include "base/clock.h"
#include "dataplane/measures/counts.h"
#include "metrics/recorder.h"

namespace holm::balancer {
struct LoadBalancer;
class Routing;
struct RoutedGroup;
}  // namespace holm::balancer

namespace holm::elbv2 {

using measures::FlowCounts;
using measures::GroupCounts;

// Read on CloudWatch's thread alone.
class BalancerMetrics final {
 public:
  explicit BalancerMetrics(balancing::Dependencies& use) : use_(use) {}
  // From now on counters are read every minute.
  void start();

 private:
  struct LoadBalancerCounts {
    std::array<uint64_t, 6> own_statuses{};
    std::array<uint64_t, 5> own_5xx{};
    uint64_t connections_begun = 0;
    int64_t connections_open = 0;  // Now.
    uint64_t rejected_connections = 0;
    uint64_t bytes = 0;
    uint64_t grpc_requests = 0;
    uint64_t rule_evaluations = 0;
    uint64_t charged_rule_evaluations = 0;
    uint64_t fixed_responses = 0;
    uint64_t redirects = 0;
    uint64_t non_compliant_requests = 0;
    uint64_t invalid_headers_dropped = 0;
    uint64_t invalid_headers_forwarded = 0;
    uint64_t function_bytes = 0;
    uint64_t failed_handshakes = 0;
    FlowCounts tcp, tls, udp;

    static LoadBalancerCounts of(const balancer::LoadBalancerCounters& counters);
    LoadBalancerCounts since(const LoadBalancerCounts& before) const;
    void add(const LoadBalancerCounts& other);
    // Those that only grow.
    static const std::vector<uint64_t LoadBalancerCounts::*>& sums();
  };
  // What came in a minute, by the zone of the nodes or targets; the whole has no name.
  using GroupZones = std::map<std::string, GroupCounts>;
  using LoadBalancerZones = std::map<std::string, LoadBalancerCounts>;
  using Key = std::pair<std::string, std::string>;  // ARN and zone.
  struct Names;
  void read(metrics::Recorder& recorder, Time minute);
  std::map<std::string, GroupZones> read_groups(const balancer::Routing& routing);
  LoadBalancerZones take_zones(const balancer::Routing& routing, const balancer::LoadBalancer& load_balancer,
                               std::map<Key, LoadBalancerCounts>& now) const;
  static void read_load_balancer(const Names& names, const balancer::Routing& routing,
                                 const balancer::LoadBalancer& load_balancer,
                                 const std::map<std::string, GroupZones>& groups, const LoadBalancerZones& zones);
  static void read_connections(const Names& names, const balancer::Routing& routing,
                               const balancer::LoadBalancer& load_balancer,
                               const std::map<std::string, GroupZones>& groups, const LoadBalancerZones& zones);
  static void record_own(const Names& names, const LoadBalancerCounts& came);
  static void record_whole(const Names& names, const LoadBalancerCounts& came);
  static void record_flows(const Names& names, const balancer::LoadBalancer& load_balancer,
                           const LoadBalancerCounts& came);

  balancing::Dependencies& use_;
  std::map<Key, GroupCounts> groups_;                 // As last read.
  std::map<Key, LoadBalancerCounts> load_balancers_;  // Likewise.
};

}  // namespace holm::elbv2

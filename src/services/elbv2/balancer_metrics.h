// What the balancer counts, for CloudWatch.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dataplane/balancer/counters.h"
#include "metrics/recorder.h"

namespace holm::balancer {
struct LoadBalancer;
class Routing;
struct RoutedGroup;
}  // namespace holm::balancer

namespace holm::elbv2 {

struct Dependencies;

// Counters of a target group or a load balancer at a time, or what came to them between two times.
struct GroupCounts {
  uint64_t requests = 0;
  std::array<uint64_t, 6> statuses{};  // By the first digit.
  uint64_t connection_errors = 0;
  uint64_t tls_errors = 0;
  uint64_t unhealthy_routed = 0;
  uint64_t not_sticky = 0;
  uint64_t function_user_errors = 0;
  uint64_t function_internal_errors = 0;
  std::vector<uint64_t> times;  // By the bucket of balancer::Timing; empty: none.
  uint64_t time_sum = 0;        // Microseconds.

  static GroupCounts of(const balancer::GroupCounters& counters);
  // They begin anew when a group is deleted and made again.
  GroupCounts since(const GroupCounts& before) const;
  void add(const GroupCounts& other);
  // Seconds. The sum is exact, values are within 3 %.
  metrics::Statistics response_times() const;
};

// The same of connections that are carried.
struct FlowCounts {
  uint64_t begun = 0;
  int64_t open = 0;  // Now.
  uint64_t bytes = 0;
  uint64_t resets = 0;
  uint64_t client_resets = 0;
  uint64_t target_resets = 0;

  static FlowCounts of(const balancer::FlowCounters& counters);
  FlowCounts since(const FlowCounts& before) const;
  void add(const FlowCounts& other);
};

// Read on CloudWatch's thread alone.
class BalancerMetrics final {
 public:
  explicit BalancerMetrics(Dependencies& use) : use_(use) {}
  // From now on counters are read every minute.
  void start();

 private:
  struct LoadBalancerCounts {
    std::array<uint64_t, 6> own_statuses{};
    std::array<uint64_t, 5> own_5xx{};
    uint64_t connections_begun = 0;
    uint64_t rejected_connections = 0;
    uint64_t bytes = 0;
    uint64_t grpc_requests = 0;
    uint64_t rule_evaluations = 0;
    uint64_t fixed_responses = 0;
    uint64_t redirects = 0;
    uint64_t non_compliant_requests = 0;
    uint64_t invalid_headers_dropped = 0;
    uint64_t invalid_headers_forwarded = 0;
    uint64_t function_bytes = 0;
    uint64_t failed_handshakes = 0;
    FlowCounts tcp, tls, udp;

    static LoadBalancerCounts of(const balancer::LoadBalancerCounters& counters);
  };
  struct Names;
  void read(metrics::Recorder& recorder, Time minute);
  void read_load_balancer(const Names& names, const balancer::Routing& routing,
                          const balancer::LoadBalancer& load_balancer,
                          const std::map<std::string, GroupCounts>& came);
  void read_connections(const Names& names, const balancer::Routing& routing,
                        const balancer::LoadBalancer& load_balancer,
                        const std::map<std::string, GroupCounts>& came);
  static void record_own(const Names& names, const LoadBalancerCounts& now, const LoadBalancerCounts& last);
  static std::pair<double, double> record_health(const Names& names, const balancer::RoutedGroup& group);
  void read_group(const Names& names, const balancer::Routing& routing, const std::string& arn,
                  const GroupCounts& came);

  Dependencies& use_;
  std::map<std::string, GroupCounts> groups_;                 // As last read, by ARN.
  std::map<std::string, LoadBalancerCounts> load_balancers_;  // Likewise.
};

}  // namespace holm::elbv2

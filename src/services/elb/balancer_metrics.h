// What the balancer counts, for CloudWatch.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "balancing/dependencies.h"
#include "base/clock.h"
#include "dataplane/measures/counts.h"
#include "metrics/recorder.h"

namespace holm::balancer {
struct LoadBalancer;
class Routing;
}  // namespace holm::balancer

namespace holm::elb {

// Read on CloudWatch's thread alone.
class BalancerMetrics final {
 public:
  explicit BalancerMetrics(balancing::Dependencies& use) : use_(use) {}
  // From now on counters are read every minute.
  void start();

 private:
  // Of one load balancer, as last read.
  struct Counts {
    std::map<std::string, measures::GroupCounts> listeners;  // By the ARN of the listener's group.
    std::array<uint64_t, 6> own_statuses{};
    uint64_t non_compliant_requests = 0;
    measures::FlowCounts tcp, tls;
  };
  void read(metrics::Recorder& recorder, Time minute);
  static Counts counts_of(const balancer::Routing& routing, const balancer::LoadBalancer& load_balancer);

  balancing::Dependencies& use_;
  std::map<std::string, Counts> load_balancers_;  // By ARN.
};

}  // namespace holm::elb

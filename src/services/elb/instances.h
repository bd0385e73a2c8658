// Instances of load balancers as rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/balancer/config.h"
#include "elb/handlers.h"

namespace holm::elb {

struct InstanceRow {
  std::string id;
  std::string address;
  std::string zone;
  std::string state;  // EC2's: "running".
  balancer::Health health = balancer::Health::Initial;  // What the checks say.
  std::optional<int64_t> draining_until;
};
// With those that drain, in the order of their registration.
std::vector<InstanceRow> instances_of(Call& call, const std::string& load_balancer);
// Without them, as clients are told.
std::vector<Instance> registered_instances(Call& call, const std::string& load_balancer);
// Whether the instance is where the load balancer sends requests, and can be reached.
bool takes_traffic(const LoadBalancerDescription& load_balancer, const InstanceRow& instance);
// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_InstanceState.html
InstanceState described(const LoadBalancerDescription& load_balancer, const InstanceRow& instance);

}  // namespace holm::elb

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-limits.html

#include "services/elb/limits.h"

#include <fmt/format.h>

#include "services/elb/records.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

constexpr int64_t kLoadBalancersMax = 20;
constexpr size_t kListenersMax = 100;
constexpr int64_t kInstancesMax = 1000;
constexpr int64_t kPoliciesMax = 100;

}  // namespace

void require_room_for_load_balancer(Call& call) {
  auto row =
      call.transaction.find("SELECT count(*) FROM elb_load_balancer WHERE account = ?1 AND region = ?2",
                            {call.account, call.region});
  if (row->integer(0) < kLoadBalancersMax) return;
  throw TooManyAccessPointsException(
      fmt::format("The maximum number of load balancers has been reached: {}", kLoadBalancersMax));
}

void require_room_for_policy(Call& call, const std::string& load_balancer) {
  auto row =
      call.transaction.find("SELECT count(*) FROM elb_policy WHERE load_balancer = ?1", {load_balancer});
  if (row->integer(0) < kPoliciesMax) return;
  throw TooManyPoliciesException(
      fmt::format("The maximum number of policies of a load balancer has been reached: {}", kPoliciesMax));
}

void check_listener_count(const LoadBalancerDescription& document) {
  if (document.listener_descriptions.size() <= kListenersMax) return;
  throw InvalidConfigurationRequestException(
      fmt::format("A load balancer can have {} listeners at most", kListenersMax));
}

void check_instance_count(Call& call, const std::string& load_balancer) {
  auto row =
      call.transaction.find("SELECT count(*) FROM elb_instance WHERE load_balancer = ?1", {load_balancer});
  if (row->integer(0) <= kInstancesMax) return;
  refuse(fmt::format("A load balancer can have {} instances at most", kInstancesMax));
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DescribeAccountLimits.html
DescribeAccountLimitsOutput describe_account_limits(Service&, Call&,
                                                    const DescribeAccountLimitsInput& request) {
  const std::vector<Limit> all = {
      {.name = "classic-load-balancers", .max = std::to_string(kLoadBalancersMax)},
      {.name = "classic-listeners", .max = std::to_string(kListenersMax)},
      {.name = "classic-registered-instances", .max = std::to_string(kInstancesMax)}};
  DescribeAccountLimitsOutput result;
  bool is_begun = request.marker.value_or("").empty();
  for (const Limit& each : all) {
    if (is_begun && result.limits.size() == static_cast<size_t>(request.page_size.value_or(400))) {
      result.next_marker = result.limits.back().name;
      break;
    }
    if (is_begun) result.limits.push_back(each);
    is_begun = is_begun || each.name == request.marker;
  }
  if (!is_begun) refuse("The marker is not valid.");
  return result;
}

}  // namespace holm::elb

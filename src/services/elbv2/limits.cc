// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html

#include "services/elbv2/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/records.h"

namespace holm::elbv2 {

namespace {

constexpr int64_t kLoadBalancersMax = 50;  // Of each kind.
constexpr int64_t kListenersMax = 50;
constexpr int64_t kRulesMax = 100;
constexpr int64_t kCertificatesMax = 25;  // Besides the defaults.
constexpr int64_t kTargetGroupsMax = 3000;
constexpr size_t kGroupsOfLoadBalancerMax = 100;
constexpr int64_t kTargetsOfGroupMax = 1000;

int64_t number(Call& call, std::string_view query, std::vector<sql::Value> arguments) {
  return call.transaction.find(query, std::move(arguments))->integer(0);
}

// The groups that the load balancer's listeners and rules forward to.
std::set<std::string> groups_of_load_balancer(Call& call, const std::string& load_balancer) {
  std::set<std::string> groups;
  for (const sql::Row& row : call.transaction.run(
           "SELECT r.document FROM elbv2_resource r JOIN elbv2_resource l ON l.arn = r.parent"
           " WHERE r.kind = 'rule' AND l.parent = ?1",
           {load_balancer})) {
    for (std::string& each : groups_of(from_document<Rule>(row.text(0)).actions)) groups.insert(std::move(each));
  }
  return groups;
}

}  // namespace

void require_room_for_load_balancer(Call& call, std::string_view type) {
  const int64_t known = std::ranges::count_if(all_where<LoadBalancer>(call, "1", {}),
                                              [type](const LoadBalancer& each) { return each.type == type; });
  if (known < kLoadBalancersMax) return;
  throw TooManyLoadBalancersException(
      fmt::format("The maximum number of {} load balancers '{}' has been reached", type, kLoadBalancersMax));
}

void require_room_for_listener(Call& call, const std::string& load_balancer) {
  const int64_t known = number(
      call, "SELECT count(*) FROM elbv2_resource WHERE kind = 'listener' AND parent = ?1", {load_balancer});
  if (known < kListenersMax) return;
  throw TooManyListenersException(
      fmt::format("The maximum number of listeners on load balancer '{}' has been reached", load_balancer));
}

void require_room_for_rule(Call& call, const std::string& load_balancer) {
  const int64_t known = number(call,
                               "SELECT count(*) FROM elbv2_resource r JOIN elbv2_resource l ON l.arn = r.parent"
                               " WHERE r.kind = 'rule' AND r.position > 0 AND l.parent = ?1",
                               {load_balancer});
  if (known < kRulesMax) return;
  throw TooManyRulesException(
      fmt::format("The maximum number of rules on load balancer '{}' has been reached", load_balancer));
}

void require_room_for_target_group(Call& call) {
  const int64_t known = number(call,
                               "SELECT count(*) FROM elbv2_resource WHERE kind = 'target-group' AND account = ?1"
                               " AND region = ?2",
                               {call.account, call.region});
  if (known < kTargetGroupsMax) return;
  throw TooManyTargetGroupsException(
      fmt::format("The maximum number of target groups '{}' has been reached", kTargetGroupsMax));
}

void check_target_count(Call& call, const std::string& group) {
  const int64_t known = number(
      call, "SELECT count(*) FROM elbv2_target WHERE target_group = ?1 AND draining_until IS NULL", {group});
  if (known <= kTargetsOfGroupMax) return;
  throw TooManyTargetsException(fmt::format(
      "The maximum number of targets per target group '{}' has been reached on target group '{}'",
      kTargetsOfGroupMax, group));
}

void check_certificate_count(Call& call, const std::string& load_balancer) {
  const int64_t known = number(call,
                               "SELECT count(*) FROM elbv2_certificate c"
                               " JOIN elbv2_resource l ON l.arn = c.listener WHERE l.parent = ?1",
                               {load_balancer});
  if (known <= kCertificatesMax) return;
  throw TooManyCertificatesException(
      fmt::format("The maximum number of certificates on load balancer '{}' has been reached", load_balancer));
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
void check_association(Call& call, const LoadBalancer& load_balancer, const std::vector<Action>& actions) {
  const std::string& own = *load_balancer.load_balancer_arn;
  std::vector<std::string> taken;
  std::set<std::string> groups = groups_of_load_balancer(call, own);
  for (const std::string& arn : groups_of(actions)) {
    const TargetGroup group = require_target_group(call, arn);
    if (group.vpc_id && group.vpc_id != load_balancer.vpc_id) {
      throw InvalidConfigurationRequestException(
          fmt::format("Target group '{}' is in a different VPC than load balancer '{}'", arn, own));
    }
    const std::vector<std::string> users = load_balancers_of_group(call, arn);
    if (std::ranges::any_of(users, [&own](const std::string& each) { return each != own; })) taken.push_back(arn);
    groups.insert(arn);
  }
  if (!taken.empty()) {
    throw TargetGroupAssociationLimitException(
        "The following target groups cannot be associated with more than one load balancer: " + join(taken, ", "));
  }
  if (is_network(own) || groups.size() <= kGroupsOfLoadBalancerMax) return;
  throw TooManyUniqueTargetGroupsPerLoadBalancerException(
      fmt::format("You have reached the maximum number of unique target groups that you can associate with a load"
                  " balancer of type 'application': [{}]",
                  kGroupsOfLoadBalancerMax));
}

// Those that are kept to here.
DescribeAccountLimitsOutput describe_account_limits(Service&, Call&, const DescribeAccountLimitsInput& request) {
  DescribeAccountLimitsOutput result;
  result.limits = {{.name = "application-load-balancers", .max = std::to_string(kLoadBalancersMax)},
                   {.name = "network-load-balancers", .max = std::to_string(kLoadBalancersMax)},
                   {.name = "listeners-per-application-load-balancer", .max = std::to_string(kListenersMax)},
                   {.name = "listeners-per-network-load-balancer", .max = std::to_string(kListenersMax)},
                   {.name = "rules-per-application-load-balancer", .max = std::to_string(kRulesMax)},
                   {.name = "certificates-per-application-load-balancer", .max = std::to_string(kCertificatesMax)},
                   {.name = "target-groups", .max = std::to_string(kTargetGroupsMax)},
                   {.name = "target-groups-per-action-on-application-load-balancer", .max = "5"},
                   {.name = "target-groups-per-application-load-balancer",
                    .max = std::to_string(kGroupsOfLoadBalancerMax)},
                   {.name = "trust-stores", .max = "20"},
                   {.name = "ca-certificates-per-trust-store", .max = "25"},
                   {.name = "condition-values-per-alb-rule", .max = "5"},
                   {.name = "condition-wildcards-per-alb-rule", .max = "5"}};
  result.next_marker = take_page(result.limits, request.page_size, request.marker);
  return result;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeCapacityReservation.html
// Nothing can be reserved, so nothing is.
DescribeCapacityReservationOutput describe_capacity_reservation(
    Service&, Call& call, const DescribeCapacityReservationInput& request) {
  require_load_balancer(call, request.load_balancer_arn);
  return {};
}

}  // namespace holm::elbv2

// Attaching load balancers' target groups to groups, and detaching them.

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "base/strings.h"
#include "services/autoscaling/groups.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageDefault = 100;

void write_target_groups(Service& service, Call& call, const GroupRow& group) {
  call.transaction.run("UPDATE autoscaling_group SET target_groups = ?2 WHERE id = ?1",
                       {group.id, join(group.target_groups, ",")});
  service.schedule(call.transaction, group.id);
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachLoadBalancerTargetGroups.html
AttachLoadBalancerTargetGroupsResultType attach_load_balancer_target_groups(
    Service& service, Call& call, const AttachLoadBalancerTargetGroupsType& request) {
  GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  if (!target_groups_exist(call, request.target_group_arns)) throw_invalid(kInvalidTargetGroups);
  for (const std::string& arn : request.target_group_arns) {
    if (std::ranges::find(group.target_groups, arn) != group.target_groups.end()) continue;
    group.target_groups.push_back(arn);
    for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
      if (each.state == "InService") register_targets(call, {arn}, each.id);
    }
  }
  write_target_groups(service, call, group);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachLoadBalancerTargetGroups.html
DetachLoadBalancerTargetGroupsResultType detach_load_balancer_target_groups(
    Service& service, Call& call, const DetachLoadBalancerTargetGroupsType& request) {
  GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  for (const std::string& arn : request.target_group_arns) {
    if (std::erase(group.target_groups, arn) == 0) {
      throw_invalid(fmt::format("Target group {} is not attached to the group {}.", arn, group.name));
    }
    for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
      deregister_targets(call, {arn}, each.id);
    }
  }
  write_target_groups(service, call, group);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLoadBalancerTargetGroups.html
DescribeLoadBalancerTargetGroupsResponse describe_load_balancer_target_groups(
    Service&, Call& call, const DescribeLoadBalancerTargetGroupsRequest& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeLoadBalancerTargetGroupsResponse result;
  for (const std::string& arn : group.target_groups) {
    result.load_balancer_target_groups.push_back(
        {.load_balancer_target_group_arn = arn,
         .state = has_healthy_target(call, arn) ? "InService" : "Added"});
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.load_balancer_target_groups, count, request.next_token);
  return result;
}

}  // namespace holm::autoscaling

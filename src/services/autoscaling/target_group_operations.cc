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
constexpr char kTargetGroup[] = "elbv2";  // As a type of traffic sources.

void write_target_groups(Service& service, Call& call, const GroupRow& group) {
  call.transaction.run("UPDATE autoscaling_group SET target_groups = ?2 WHERE id = ?1",
                       {group.id, join(group.target_groups, ",")});
  service.schedule(call.transaction, group.id);
}

void attach(Service& service, Call& call, const std::string& name, const std::vector<std::string>& arns) {
  GroupRow group = require_group(call, name);
  require_not_deleting(group);
  if (!target_groups_exist(call, arns)) throw_invalid(kInvalidTargetGroups);
  for (const std::string& arn : arns) {
    if (std::ranges::find(group.target_groups, arn) != group.target_groups.end()) continue;
    group.target_groups.push_back(arn);
    for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
      if (each.state == "InService") register_targets(call, {arn}, each.id);
    }
  }
  write_target_groups(service, call, group);
}

void detach(Service& service, Call& call, const std::string& name, const std::vector<std::string>& arns) {
  GroupRow group = require_group(call, name);
  require_not_deleting(group);
  for (const std::string& arn : arns) {
    if (std::erase(group.target_groups, arn) == 0) {
      throw_invalid(fmt::format("Target group {} is not attached to the group {}.", arn, group.name));
    }
    for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
      deregister_targets(call, {arn}, each.id);
    }
  }
  write_target_groups(service, call, group);
}

std::string state_of(Call& call, const std::string& arn) {
  return has_healthy_target(call, arn) ? "InService" : "Added";
}

}  // namespace

std::vector<std::string> target_groups_in(const std::vector<TrafficSourceIdentifier>& sources) {
  std::vector<std::string> arns;
  for (const TrafficSourceIdentifier& each : sources) {
    if (each.type.value_or(kTargetGroup) != kTargetGroup) {
      throw aws::NotImplemented("Traffic sources of the type " + *each.type);
    }
    arns.push_back(each.identifier);
  }
  return arns;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachLoadBalancerTargetGroups.html
AttachLoadBalancerTargetGroupsResultType attach_load_balancer_target_groups(
    Service& service, Call& call, const AttachLoadBalancerTargetGroupsType& request) {
  attach(service, call, request.auto_scaling_group_name, request.target_group_arns);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachLoadBalancerTargetGroups.html
DetachLoadBalancerTargetGroupsResultType detach_load_balancer_target_groups(
    Service& service, Call& call, const DetachLoadBalancerTargetGroupsType& request) {
  detach(service, call, request.auto_scaling_group_name, request.target_group_arns);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachTrafficSources.html
AttachTrafficSourcesResultType attach_traffic_sources(Service& service, Call& call,
                                                      const AttachTrafficSourcesType& request) {
  attach(service, call, request.auto_scaling_group_name, target_groups_in(request.traffic_sources));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachTrafficSources.html
DetachTrafficSourcesResultType detach_traffic_sources(Service& service, Call& call,
                                                      const DetachTrafficSourcesType& request) {
  detach(service, call, request.auto_scaling_group_name, target_groups_in(request.traffic_sources));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeTrafficSources.html
DescribeTrafficSourcesResponse describe_traffic_sources(Service&, Call& call,
                                                        const DescribeTrafficSourcesRequest& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeTrafficSourcesResponse result;
  if (request.traffic_source_type.value_or(kTargetGroup) == kTargetGroup) {
    for (const std::string& arn : group.target_groups) {
      result.traffic_sources.push_back(
          {.traffic_source = arn, .state = state_of(call, arn), .identifier = arn, .type = kTargetGroup});
    }
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.traffic_sources, count, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLoadBalancerTargetGroups.html
DescribeLoadBalancerTargetGroupsResponse describe_load_balancer_target_groups(
    Service&, Call& call, const DescribeLoadBalancerTargetGroupsRequest& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeLoadBalancerTargetGroupsResponse result;
  for (const std::string& arn : group.target_groups) {
    result.load_balancer_target_groups.push_back(
        {.load_balancer_target_group_arn = arn, .state = state_of(call, arn)});
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.load_balancer_target_groups, count, request.next_token);
  return result;
}

}  // namespace holm::autoscaling

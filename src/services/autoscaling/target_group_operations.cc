// Attaching load balancers' target groups and Classic Load Balancers to groups, and detaching them.

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "base/strings.h"
#include "services/autoscaling/groups.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageDefault = 100;
constexpr char kTargetGroup[] = "elbv2";  // As a type of traffic sources, as the next.
constexpr char kClassic[] = "elb";

void write_target_groups(Service& service, Call& call, const GroupRow& group) {
  call.transaction.run("UPDATE autoscaling_group SET target_groups = ?2 WHERE id = ?1",
                       {group.id, join(group.target_groups, ",")});
  service.schedule(call.transaction, group.id);
}

void attach(Service& service, Call& call, const std::string& name, const std::vector<std::string>& arns) {
  GroupRow group = require_group(call, name);
  require_not_deleting(group);
  require_sources(call, arns);
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
      const auto classic = classic_name(arn);
      throw_invalid(fmt::format("{} {} is not attached to the group {}.",
                                classic ? "Load balancer" : "Target group", classic.value_or(arn), group.name));
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

std::vector<std::string> sources_in(const std::vector<TrafficSourceIdentifier>& sources) {
  std::vector<std::string> found;
  for (const TrafficSourceIdentifier& each : sources) {
    const std::string type = each.type.value_or(kTargetGroup);
    if (type != kTargetGroup && type != kClassic) {
      throw aws::NotImplemented("Traffic sources of the type " + type);
    }
    found.push_back(type == kClassic ? classic_source(each.identifier) : each.identifier);
  }
  return found;
}

std::vector<std::string> checked_target_groups(const std::vector<std::string>& arns) {
  if (!load_balancers_among(arns).empty()) throw_invalid(kInvalidTargetGroups);
  return arns;
}

std::vector<std::string> classic_sources(const std::vector<std::string>& names) {
  std::vector<std::string> sources;
  for (const std::string& each : names) sources.push_back(classic_source(each));
  return sources;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachLoadBalancers.html
AttachLoadBalancersResultType attach_load_balancers(Service& service, Call& call,
                                                    const AttachLoadBalancersType& request) {
  attach(service, call, request.auto_scaling_group_name, classic_sources(request.load_balancer_names));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachLoadBalancers.html
DetachLoadBalancersResultType detach_load_balancers(Service& service, Call& call,
                                                    const DetachLoadBalancersType& request) {
  detach(service, call, request.auto_scaling_group_name, classic_sources(request.load_balancer_names));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLoadBalancers.html
DescribeLoadBalancersResponse describe_load_balancers(Service&, Call& call,
                                                      const DescribeLoadBalancersRequest& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeLoadBalancersResponse result;
  for (const std::string& name : load_balancers_among(group.target_groups)) {
    result.load_balancers.push_back(
        {.load_balancer_name = name, .state = state_of(call, classic_source(name))});
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.load_balancers, count, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachLoadBalancerTargetGroups.html
AttachLoadBalancerTargetGroupsResultType attach_load_balancer_target_groups(
    Service& service, Call& call, const AttachLoadBalancerTargetGroupsType& request) {
  attach(service, call, request.auto_scaling_group_name, checked_target_groups(request.target_group_arns));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachLoadBalancerTargetGroups.html
DetachLoadBalancerTargetGroupsResultType detach_load_balancer_target_groups(
    Service& service, Call& call, const DetachLoadBalancerTargetGroupsType& request) {
  detach(service, call, request.auto_scaling_group_name, checked_target_groups(request.target_group_arns));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachTrafficSources.html
AttachTrafficSourcesResultType attach_traffic_sources(Service& service, Call& call,
                                                      const AttachTrafficSourcesType& request) {
  attach(service, call, request.auto_scaling_group_name, sources_in(request.traffic_sources));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachTrafficSources.html
DetachTrafficSourcesResultType detach_traffic_sources(Service& service, Call& call,
                                                      const DetachTrafficSourcesType& request) {
  detach(service, call, request.auto_scaling_group_name, sources_in(request.traffic_sources));
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeTrafficSources.html
DescribeTrafficSourcesResponse describe_traffic_sources(Service&, Call& call,
                                                        const DescribeTrafficSourcesRequest& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeTrafficSourcesResponse result;
  for (const std::string& source : group.target_groups) {
    const auto name = classic_name(source);
    const char* const type = name ? kClassic : kTargetGroup;
    if (request.traffic_source_type.value_or(type) != type) continue;
    const std::string identifier = name.value_or(source);
    result.traffic_sources.push_back({.traffic_source = identifier,
                                      .state = state_of(call, source),
                                      .identifier = identifier,
                                      .type = type});
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
  for (const std::string& arn : target_groups_among(group.target_groups)) {
    result.load_balancer_target_groups.push_back(
        {.load_balancer_target_group_arn = arn, .state = state_of(call, arn)});
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.load_balancer_target_groups, count, request.next_token);
  return result;
}

}  // namespace holm::autoscaling

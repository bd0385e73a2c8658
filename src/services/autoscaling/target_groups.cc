// Calls to Elastic Load Balancing, as Auto Scaling.

#include "services/autoscaling/target_groups.h"

#include <algorithm>

#include "aws/service/region.h"
#include "elb/operations.h"
#include "elbv2/operations.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

namespace {

aws::Principal self(const aws::Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

elbv2::TargetDescription target_of(const std::string& instance) {
  elbv2::TargetDescription target;
  target.id = instance;
  return target;
}

constexpr std::string_view kClassicPrefix = "loadbalancer/";

// `Op` of target groups, `ClassicOp` of Classic Load Balancers.
template <class Op, class ClassicOp>
void call_with_target(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance) {
  for (const std::string& group : groups) {
    if (const auto name = classic_name(group)) {
      typename ClassicOp::Input input;
      input.load_balancer_name = *name;
      input.instances = {elb::Instance{.instance_id = instance}};
      unless_gone([&] { call.client.call<ClassicOp>(call, self(call), input); });
      continue;
    }
    typename Op::Input input;
    input.target_group_arn = group;
    input.targets = {target_of(instance)};
    unless_gone([&] { call.client.call<Op>(call, self(call), input); });
  }
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_InstanceState.html
// What the load balancer itself is the reason of says nothing of the instance.
TargetState state_in_classic(aws::Call& call, const std::string& name, const std::string& instance) {
  elb::DescribeEndPointStateInput input;
  input.load_balancer_name = name;
  elb::DescribeEndPointStateOutput found;
  unless_gone([&] { found = call.client.call<elb::DescribeInstanceHealth>(call, self(call), input); });
  for (const elb::InstanceState& each : found.instance_states) {
    if (each.instance_id != instance) continue;
    if (each.state == "OutOfService") {
      return each.reason_code == "Instance" ? TargetState::Unhealthy : TargetState::Healthy;
    }
    const bool is_leaving = each.description.value_or("").find("deregistration") != std::string::npos;
    return is_leaving ? TargetState::Draining : TargetState::Healthy;
  }
  return TargetState::Absent;
}

TargetState state_in(aws::Call& call, const std::string& group, const std::string& instance) {
  if (const auto name = classic_name(group)) return state_in_classic(call, *name, instance);
  elbv2::DescribeTargetHealthInput input;
  input.target_group_arn = group;
  input.targets = {target_of(instance)};
  elbv2::DescribeTargetHealthOutput found;
  unless_gone([&] { found = call.client.call<elbv2::DescribeTargetHealth>(call, self(call), input); });
  for (const auto& each : found.target_health_descriptions) {
    if (!each.target_health || each.target_health->reason == "Target.NotRegistered") continue;
    const std::string state = each.target_health->state.value_or("");
    if (state == "unhealthy") return TargetState::Unhealthy;
    return state == "draining" ? TargetState::Draining : TargetState::Healthy;
  }
  return TargetState::Absent;
}

}  // namespace

std::string classic_source(const std::string& name) { return std::string(kClassicPrefix) + name; }

std::optional<std::string> classic_name(std::string_view source) {
  if (!source.starts_with(kClassicPrefix)) return std::nullopt;
  return std::string(source.substr(kClassicPrefix.size()));
}

std::vector<std::string> target_groups_among(const std::vector<std::string>& sources) {
  std::vector<std::string> arns;
  for (const std::string& each : sources) {
    if (!classic_name(each)) arns.push_back(each);
  }
  return arns;
}

std::vector<std::string> load_balancers_among(const std::vector<std::string>& sources) {
  std::vector<std::string> names;
  for (const std::string& each : sources) {
    if (auto name = classic_name(each)) names.push_back(std::move(*name));
  }
  return names;
}

void register_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance) {
  call_with_target<elbv2::RegisterTargets, elb::RegisterInstancesWithLoadBalancer>(call, groups, instance);
}

void deregister_targets(aws::Call& call, const std::vector<std::string>& groups,
                        const std::string& instance) {
  call_with_target<elbv2::DeregisterTargets, elb::DeregisterInstancesFromLoadBalancer>(call, groups, instance);
}

TargetState target_state(aws::Call& call, const std::vector<std::string>& groups,
                         const std::string& instance) {
  TargetState worst = groups.empty() ? TargetState::Absent : TargetState::Healthy;
  for (const std::string& group : groups) {
    const TargetState here = state_in(call, group, instance);
    if (here == TargetState::Unhealthy || here == TargetState::Draining) return here;
    if (here == TargetState::Absent) worst = TargetState::Absent;
  }
  return worst;
}

namespace {

bool load_balancers_exist(aws::Call& call, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  elb::DescribeAccessPointsInput input;
  input.load_balancer_names = names;
  return unless_gone([&] { call.client.call<elb::DescribeLoadBalancers>(call, self(call), input); }) ==
         Reached::Yes;
}

}  // namespace

void require_sources(aws::Call& call, const std::vector<std::string>& groups) {
  if (!load_balancers_exist(call, load_balancers_among(groups))) throw_invalid(kInvalidLoadBalancers);
  if (!target_groups_exist(call, groups)) throw_invalid(kInvalidTargetGroups);
}

bool target_groups_exist(aws::Call& call, const std::vector<std::string>& groups) {
  if (!load_balancers_exist(call, load_balancers_among(groups))) return false;
  elbv2::DescribeTargetGroupsInput input;
  input.target_group_arns = target_groups_among(groups);
  if (input.target_group_arns.empty()) return true;
  return unless_gone([&] { call.client.call<elbv2::DescribeTargetGroups>(call, self(call), input); }) ==
         Reached::Yes;
}

bool has_healthy_target(aws::Call& call, const std::string& group) {
  if (const auto name = classic_name(group)) {
    elb::DescribeEndPointStateInput input;
    input.load_balancer_name = *name;
    elb::DescribeEndPointStateOutput found;
    unless_gone([&] { found = call.client.call<elb::DescribeInstanceHealth>(call, self(call), input); });
    return std::ranges::any_of(found.instance_states,
                               [](const elb::InstanceState& each) { return each.state == "InService"; });
  }
  elbv2::DescribeTargetHealthInput input;
  input.target_group_arn = group;
  elbv2::DescribeTargetHealthOutput found;
  unless_gone([&] { found = call.client.call<elbv2::DescribeTargetHealth>(call, self(call), input); });
  for (const auto& each : found.target_health_descriptions) {
    if (each.target_health && each.target_health->state == "healthy") return true;
  }
  return false;
}

}  // namespace holm::autoscaling

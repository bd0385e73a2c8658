// Calls to Elastic Load Balancing, as Auto Scaling.

#include "services/autoscaling/target_groups.h"

#include "aws/service/region.h"
#include "elbv2/operations.h"
#include "services/autoscaling/attempt.h"

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

template <class Op>
void call_with_target(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance) {
  for (const std::string& group : groups) {
    typename Op::Input input;
    input.target_group_arn = group;
    input.targets = {target_of(instance)};
    unless_gone([&] { call.client.call<Op>(call, self(call), input); });
  }
}

TargetState state_in(aws::Call& call, const std::string& group, const std::string& instance) {
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

void register_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance) {
  call_with_target<elbv2::RegisterTargets>(call, groups, instance);
}

void deregister_targets(aws::Call& call, const std::vector<std::string>& groups,
                        const std::string& instance) {
  call_with_target<elbv2::DeregisterTargets>(call, groups, instance);
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

bool target_groups_exist(aws::Call& call, const std::vector<std::string>& groups) {
  if (groups.empty()) return true;
  elbv2::DescribeTargetGroupsInput input;
  input.target_group_arns = groups;
  return unless_gone([&] { call.client.call<elbv2::DescribeTargetGroups>(call, self(call), input); }) ==
         Reached::Yes;
}

bool has_healthy_target(aws::Call& call, const std::string& group) {
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

// Calls to Elastic Load Balancing, as Auto Scaling.

#include "services/autoscaling/target_groups.h"

#include "aws/service/region.h"
#include "elbv2/operations.h"

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

}  // namespace

void register_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance) {
  for (const std::string& group : groups) {
    elbv2::RegisterTargetsInput input;
    input.target_group_arn = group;
    input.targets = {target_of(instance)};
    call.client.call<elbv2::RegisterTargets>(call, self(call), input);
  }
}

void deregister_targets(aws::Call& call, const std::vector<std::string>& groups,
                        const std::string& instance) {
  for (const std::string& group : groups) {
    elbv2::DeregisterTargetsInput input;
    input.target_group_arn = group;
    input.targets = {target_of(instance)};
    call.client.call<elbv2::DeregisterTargets>(call, self(call), input);
  }
}

TargetState target_state(aws::Call& call, const std::vector<std::string>& groups,
                         const std::string& instance) {
  TargetState worst = groups.empty() ? TargetState::Absent : TargetState::Healthy;
  for (const std::string& group : groups) {
    elbv2::DescribeTargetHealthInput input;
    input.target_group_arn = group;
    auto found = call.client.call<elbv2::DescribeTargetHealth>(call, self(call), input);
    TargetState here = TargetState::Absent;
    for (const auto& each : found.target_health_descriptions) {
      if (!each.target || each.target->id != instance || !each.target_health) continue;
      const std::string state = each.target_health->state.value_or("");
      here = state == "unhealthy"  ? TargetState::Unhealthy
             : state == "draining" ? TargetState::Draining
                                   : TargetState::Healthy;
    }
    if (here == TargetState::Unhealthy || here == TargetState::Draining) return here;
    if (here == TargetState::Absent) worst = TargetState::Absent;
  }
  return worst;
}

void require_target_groups(aws::Call& call, const std::vector<std::string>& groups) {
  if (groups.empty()) return;
  elbv2::DescribeTargetGroupsInput input;
  input.target_group_arns = groups;
  call.client.call<elbv2::DescribeTargetGroups>(call, self(call), input);
}

}  // namespace holm::autoscaling

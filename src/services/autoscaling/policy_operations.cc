// The operations on scaling policies.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "autoscaling/errors.h"
#include "autoscaling/handlers.h"
#include "autoscaling/schema.h"
#include "aws/codec/json_codec.h"
#include "base/time_format.h"
#include "services/autoscaling/policies.h"
#include "services/autoscaling/policy_arithmetic.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageDefault = 50;
constexpr std::string_view kAdjustmentTypes[] = {"ChangeInCapacity", "ExactCapacity",
                                                 "PercentChangeInCapacity"};

[[noreturn]] void throw_missing(std::string_view member, std::string_view type) {
  throw_invalid(fmt::format("You must specify {} for policy type: {}", member, type));
}

void check_adjustment(const PutScalingPolicyType& request, std::string_view type) {
  if (!request.adjustment_type) throw_missing("an AdjustmentType", type);
  const std::string& given = *request.adjustment_type;
  if (std::ranges::find(kAdjustmentTypes, given) == std::end(kAdjustmentTypes)) {
    throw_invalid("Invalid AdjustmentType: " + given);
  }
  if (request.min_adjustment_magnitude && given != "PercentChangeInCapacity") {
    throw_invalid("MinAdjustmentMagnitude is only supported for AdjustmentType PercentChangeInCapacity.");
  }
  if (request.target_tracking_configuration) {
    throw_invalid(fmt::format("TargetTrackingConfiguration is not supported for policy type: {}", type));
  }
}

void check_simple(const PutScalingPolicyType& request) {
  check_adjustment(request, kSimple);
  if (!request.scaling_adjustment) throw_missing("a ScalingAdjustment", kSimple);
  if (!request.step_adjustments.empty()) {
    throw_invalid("StepAdjustments is not supported for policy type: SimpleScaling");
  }
  if (request.estimated_instance_warmup || request.metric_aggregation_type) {
    throw_invalid(
        "EstimatedInstanceWarmup and MetricAggregationType are not supported for policy type: SimpleScaling");
  }
}

void check_step(const PutScalingPolicyType& request) {
  check_adjustment(request, kStep);
  if (request.step_adjustments.empty()) throw_missing("at least one StepAdjustment", kStep);
  if (request.scaling_adjustment) {
    throw_invalid("ScalingAdjustment is not supported for policy type: StepScaling");
  }
  if (request.cooldown) throw_invalid("Cooldown is not supported for policy type: StepScaling");
  const std::string aggregation = request.metric_aggregation_type.value_or("Average");
  if (aggregation != "Average" && aggregation != "Minimum" && aggregation != "Maximum") {
    throw_invalid("MetricAggregationType is Average, Minimum or Maximum.");
  }
  if (const auto problem = problem_of(request.step_adjustments)) throw_invalid(std::string(*problem));
}

void check_tracking(const PutScalingPolicyType& request) {
  if (!request.target_tracking_configuration) {
    throw_missing("a TargetTrackingConfiguration", kTargetTracking);
  }
  const TargetTrackingConfiguration& target = *request.target_tracking_configuration;
  if (target.predefined_metric_specification.has_value() ==
      target.customized_metric_specification.has_value()) {
    throw_invalid(
        "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is needed.");
  }
  if (target.customized_metric_specification && !target.customized_metric_specification->metrics.empty()) {
    throw aws::NotImplemented("CustomizedMetricSpecification: Metrics");
  }
  if (!std::isfinite(target.target_value) || target.target_value <= 0) {
    throw_invalid("TargetValue must be greater than 0.");
  }
  if (request.adjustment_type || request.scaling_adjustment || request.cooldown ||
      !request.step_adjustments.empty()) {
    throw_invalid(
        "AdjustmentType, ScalingAdjustment, StepAdjustments and Cooldown are not supported for policy type: "
        "TargetTrackingScaling");
  }
}

void check_policy(const PutScalingPolicyType& request) {
  const std::string type = request.policy_type.value_or(std::string(kSimple));
  if (request.predictive_scaling_configuration) {
    throw aws::NotImplemented("PredictiveScalingConfiguration");
  }
  if (request.min_adjustment_step) {
    throw_invalid("MinAdjustmentStep is deprecated. Use MinAdjustmentMagnitude instead.");
  }
  if (type == kSimple) check_simple(request);
  else if (type == kStep) check_step(request);
  else if (type == kTargetTracking) check_tracking(request);
  else if (type == "PredictiveScaling") throw aws::NotImplemented("PolicyType PredictiveScaling");
  else throw_invalid("Invalid PolicyType: " + type);
}

// A policy by its name, in a group, or by its ARN.
PolicyRow require_policy(Call& call, const std::optional<std::string>& group_name, const std::string& name) {
  if (name.starts_with("arn:")) {
    auto found = find_policy(call.transaction, name);
    auto group = found ? find_group(call.transaction, found->group) : std::nullopt;
    if (group && group->account == call.account && group->region == call.region) return *found;
  } else {
    if (!group_name) throw_invalid("AutoScalingGroupName is required with the name of a policy.");
    for (PolicyRow& each : policies_of(call.transaction, require_group(call, *group_name).id)) {
      if (each.name == name) return std::move(each);
    }
  }
  throw_invalid(fmt::format("PolicyARN name not found - Scaling policy '{}' not found", name));
}

ScalingPolicy describe(Call& call, const GroupRow& group, const PolicyRow& policy) {
  const PutScalingPolicyType& asked = policy.definition;
  ScalingPolicy result;
  result.auto_scaling_group_name = group.name;
  result.policy_name = policy.name;
  result.policy_arn = policy.arn;
  result.policy_type = policy.type();
  result.adjustment_type = asked.adjustment_type;
  result.min_adjustment_magnitude = asked.min_adjustment_magnitude;
  result.scaling_adjustment = asked.scaling_adjustment;
  result.cooldown = asked.cooldown;
  result.step_adjustments = asked.step_adjustments;
  result.metric_aggregation_type = asked.metric_aggregation_type;
  if (policy.type() == kStep && !asked.metric_aggregation_type) result.metric_aggregation_type = "Average";
  result.estimated_instance_warmup = asked.estimated_instance_warmup;
  result.target_tracking_configuration = asked.target_tracking_configuration;
  if (result.target_tracking_configuration && !result.target_tracking_configuration->disable_scale_in) {
    result.target_tracking_configuration->disable_scale_in = false;
  }
  result.enabled = asked.enabled.value_or(true);
  result.alarms = alarms_of(call, policy);
  return result;
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
PolicyARNType put_scaling_policy(Service& service, Call& call, const PutScalingPolicyType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  check_policy(request);
  const std::vector<PolicyRow> known = policies_of(call.transaction, group.id);
  auto same = std::ranges::find(known, request.policy_name, &PolicyRow::name);
  PolicyRow row{.group = group.id, .name = request.policy_name, .definition = {}};
  if (same != known.end()) {
    row = *same;
    if (row.type() != request.policy_type.value_or(std::string(kSimple))) {
      throw_invalid("The policy type of an existing policy can't be changed.");
    }
  } else {
    row.uuid = service.random().uuid();
    row.arn = aws::arn("autoscaling", call,
                       fmt::format("scalingPolicy:{}:autoScalingGroupName/{}:policyName/{}", row.uuid,
                                   group.name, row.name));
  }
  row.definition = request;
  call.transaction.run(
      "INSERT INTO autoscaling_policy (grp, name, arn, uuid, definition) VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (grp, name) DO UPDATE SET definition = excluded.definition",
      {group.id, row.name, row.arn, row.uuid,
       aws::write_kept_json(shape_of(row.definition), &row.definition)});
  PolicyARNType result{.policy_arn = row.arn};
  if (row.type() != kTargetTracking) return result;
  put_tracking_alarms(call, group, row);
  result.alarms = alarms_of(call, row);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribePolicies.html
PoliciesType describe_policies(Service&, Call& call, const DescribePoliciesType& request) {
  PoliciesType result;
  std::vector<GroupRow> groups;
  if (request.auto_scaling_group_name)
    groups.push_back(require_group(call, *request.auto_scaling_group_name));
  else groups = groups_of(call);
  auto is_asked = [](const std::vector<std::string>& asked, std::initializer_list<std::string> names) {
    return asked.empty() || std::ranges::find_first_of(asked, names) != asked.end();
  };
  for (const GroupRow& group : groups) {
    for (const PolicyRow& each : policies_of(call.transaction, group.id)) {
      if (!is_asked(request.policy_names, {each.name, each.arn})) continue;
      if (!is_asked(request.policy_types, {each.type()})) continue;
      result.scaling_policies.push_back(describe(call, group, each));
    }
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.scaling_policies, count, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeletePolicy.html
aws::Nothing delete_policy(Service&, Call& call, const DeletePolicyType& request) {
  const PolicyRow policy = require_policy(call, request.auto_scaling_group_name, request.policy_name);
  if (auto group = find_group(call.transaction, policy.group)) delete_policies(call, *group, {policy});
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExecutePolicy.html
aws::Nothing execute_policy(Service& service, Call& call, const ExecutePolicyType& request) {
  const PolicyRow policy = require_policy(call, request.auto_scaling_group_name, request.policy_name);
  const auto group = find_group(call.transaction, policy.group);
  require_not_deleting(*group);
  if (policy.type() == kTargetTracking) {
    throw_invalid("ExecutePolicy is not supported for policy type: TargetTrackingScaling");
  }
  if (policy.type() == kStep) {
    if (!request.metric_value || !request.breach_threshold) {
      throw_invalid("MetricValue and BreachThreshold are required for policy type: StepScaling");
    }
    if (request.honor_cooldown) {
      throw_invalid("HonorCooldown is not supported for policy type: StepScaling");
    }
  }
  const bool has_to_wait = policy.type() == kSimple && is_cooling(*group, to_milliseconds(call.now));
  if (has_to_wait && request.honor_cooldown.value_or(false)) {
    throw ScalingActivityInProgressFault("The cooldown of the AutoScalingGroup has not ended.");
  }
  // A user who does not ask for the cooldown is not held up by it.
  if (has_to_wait) {
    call.transaction.run("UPDATE autoscaling_group SET cooldown_next = 0, cooldown_until = 0 WHERE id = ?1",
                         {group->id});
  }
  act(service, call.transaction, policy,
      {.words = "a user request executed policy",
       .value = request.metric_value,
       .threshold = request.breach_threshold});
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAdjustmentTypes.html
DescribeAdjustmentTypesAnswer describe_adjustment_types(Service&, Call&, const aws::Nothing&) {
  DescribeAdjustmentTypesAnswer result;
  for (std::string_view each : kAdjustmentTypes) {
    result.adjustment_types.push_back({.adjustment_type = std::string(each)});
  }
  return result;
}

}  // namespace holm::autoscaling

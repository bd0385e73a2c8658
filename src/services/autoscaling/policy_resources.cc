// AWS::AutoScaling::ScalingPolicy.

#include "autoscaling/operations.h"
#include "services/autoscaling/policies.h"
#include "services/autoscaling/resources.h"
#include "stacks/numbers.h"

namespace holm::autoscaling {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Update;

constexpr size_t kNameMax = 255;

constexpr PropertySchema kStepMembers[] = {
    {.name = "MetricIntervalLowerBound", .kind = PropertyKind::Number},
    {.name = "MetricIntervalUpperBound", .kind = PropertyKind::Number},
    {.name = "ScalingAdjustment", .kind = PropertyKind::Integer, .presence = Presence::Required}};
constexpr PropertySchema kPredefinedMembers[] = {
    {.name = "PredefinedMetricType", .presence = Presence::Required}, {.name = "ResourceLabel"}};
constexpr PropertySchema kDimensionMembers[] = {{.name = "Name", .presence = Presence::Required},
                                                {.name = "Value", .presence = Presence::Required}};
constexpr PropertySchema kCustomizedMembers[] = {{.name = "MetricName"},
                                                 {.name = "Namespace"},
                                                 {.name = "Dimensions",
                                                  .kind = PropertyKind::List,
                                                  .element = PropertyKind::Object,
                                                  .members = kDimensionMembers},
                                                 {.name = "Statistic"},
                                                 {.name = "Unit"},
                                                 {.name = "Period", .kind = PropertyKind::Integer}};
constexpr PropertySchema kTrackingMembers[] = {
    {.name = "PredefinedMetricSpecification", .kind = PropertyKind::Object, .members = kPredefinedMembers},
    {.name = "CustomizedMetricSpecification", .kind = PropertyKind::Object, .members = kCustomizedMembers},
    {.name = "TargetValue", .kind = PropertyKind::Number, .presence = Presence::Required},
    {.name = "DisableScaleIn", .kind = PropertyKind::Boolean}};

CustomizedMetricSpecification customized_of(const Properties& given) {
  CustomizedMetricSpecification metric{.metric_name = given.find_text("MetricName"),
                                       .namespace_ = given.find_text("Namespace"),
                                       .statistic = given.find_text("Statistic"),
                                       .unit = given.find_text("Unit"),
                                       .period = stacks::number(given, "Period")};
  for (const Properties& each : given.objects("Dimensions")) {
    metric.dimensions.push_back({.name = each.text("Name"), .value = each.text("Value")});
  }
  return metric;
}

TargetTrackingConfiguration tracking_of(const Properties& given) {
  TargetTrackingConfiguration target;
  target.target_value = given.find_number("TargetValue").value_or(0);
  target.disable_scale_in = given.find_boolean("DisableScaleIn");
  if (auto metric = given.find_object("PredefinedMetricSpecification")) {
    target.predefined_metric_specification =
        PredefinedMetricSpecification{.predefined_metric_type = metric->text("PredefinedMetricType"),
                                      .resource_label = metric->find_text("ResourceLabel")};
  }
  if (auto metric = given.find_object("CustomizedMetricSpecification")) {
    target.customized_metric_specification = customized_of(*metric);
  }
  return target;
}

PutScalingPolicyType request_of(const std::string& name, const Properties& wanted) {
  PutScalingPolicyType request;
  request.auto_scaling_group_name = wanted.text("AutoScalingGroupName");
  request.policy_name = name;
  request.policy_type = wanted.find_text("PolicyType");
  request.adjustment_type = wanted.find_text("AdjustmentType");
  request.min_adjustment_magnitude = stacks::number(wanted, "MinAdjustmentMagnitude");
  request.scaling_adjustment = stacks::number(wanted, "ScalingAdjustment");
  request.cooldown = stacks::number(wanted, "Cooldown");
  request.metric_aggregation_type = wanted.find_text("MetricAggregationType");
  request.estimated_instance_warmup = stacks::number(wanted, "EstimatedInstanceWarmup");
  for (const Properties& step : wanted.objects("StepAdjustments")) {
    request.step_adjustments.push_back(
        {.metric_interval_lower_bound = step.find_number("MetricIntervalLowerBound"),
         .metric_interval_upper_bound = step.find_number("MetricIntervalUpperBound"),
         .scaling_adjustment = *stacks::number(step, "ScalingAdjustment")});
  }
  if (auto target = wanted.find_object("TargetTrackingConfiguration")) {
    request.target_tracking_configuration = tracking_of(*target);
  }
  return request;
}

class PolicyResource final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::AutoScaling::ScalingPolicy"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "AutoScalingGroupName", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "PolicyType", .update = Update::Replacement},
        {.name = "AdjustmentType"},
        {.name = "MinAdjustmentMagnitude", .kind = PropertyKind::Integer},
        {.name = "ScalingAdjustment", .kind = PropertyKind::Integer},
        {.name = "Cooldown", .kind = PropertyKind::Integer},
        {.name = "MetricAggregationType"},
        {.name = "EstimatedInstanceWarmup", .kind = PropertyKind::Integer},
        {.name = "StepAdjustments",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = kStepMembers},
        {.name = "TargetTrackingConfiguration", .kind = PropertyKind::Object, .members = kTrackingMembers}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Arn", "PolicyName"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = context.name(kNameMax);
    const PolicyARNType made = context.invoke<PutScalingPolicy>(request_of(name, wanted));
    formats::Object attributes;
    attributes.set("Arn", *made.policy_arn);
    attributes.set("PolicyName", name);
    return {*made.policy_arn, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const auto policy = find_policy(context.call.transaction, was.physical_id);
    if (!policy) throw_invalid("The scaling policy " + was.physical_id + " does not exist.");
    context.invoke<PutScalingPolicy>(request_of(policy->name, wanted));
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    if (!find_policy(context.call.transaction, resource.physical_id)) return;
    context.invoke<DeletePolicy>({.policy_name = resource.physical_id});
  }
};

}  // namespace

std::unique_ptr<stacks::ResourceType> policy_type() { return std::make_unique<PolicyResource>(); }

}  // namespace holm::autoscaling

// AWS::AutoScaling::AutoScalingGroup.

#include "services/autoscaling/resources.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "autoscaling/operations.h"
#include "aws/service/error.h"
#include "base/strings.h"
#include "formats/json.h"
#include "services/autoscaling/groups.h"
#include "services/autoscaling/launch_configurations.h"
#include "services/autoscaling/rolling_updates.h"
#include "services/autoscaling/warm_pools.h"
#include "services/autoscaling/target_groups.h"
#include "stacks/numbers.h"

namespace holm::autoscaling {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Update;

constexpr size_t kNameMax = 255;
constexpr int64_t kFailuresMax = 3;
constexpr std::string_view kScheduledPolicy = "AutoScalingScheduledAction";

constexpr PropertySchema kTemplateMembers[] = {
    {.name = "LaunchTemplateId"}, {.name = "LaunchTemplateName"}, {.name = "Version"}};
constexpr PropertySchema kOverrideMembers[] = {
    {.name = "InstanceType"},
    {.name = "WeightedCapacity"},
    {.name = "LaunchTemplateSpecification", .kind = PropertyKind::Object, .members = kTemplateMembers}};
constexpr PropertySchema kMixedTemplateMembers[] = {
    {.name = "LaunchTemplateSpecification",
     .kind = PropertyKind::Object,
     .presence = Presence::Required,
     .members = kTemplateMembers},
    {.name = "Overrides",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kOverrideMembers}};
constexpr PropertySchema kDistributionMembers[] = {
    {.name = "OnDemandAllocationStrategy"},
    {.name = "OnDemandBaseCapacity", .kind = PropertyKind::Integer},
    {.name = "OnDemandPercentageAboveBaseCapacity", .kind = PropertyKind::Integer},
    {.name = "SpotAllocationStrategy"},
    {.name = "SpotInstancePools", .kind = PropertyKind::Integer},
    {.name = "SpotMaxPrice"}};
constexpr PropertySchema kMixedMembers[] = {
    {.name = "LaunchTemplate",
     .kind = PropertyKind::Object,
     .presence = Presence::Required,
     .members = kMixedTemplateMembers},
    {.name = "InstancesDistribution", .kind = PropertyKind::Object, .members = kDistributionMembers}};

constexpr PropertySchema kTagMembers[] = {{.name = "Key", .presence = Presence::Required},
                                          {.name = "Value", .presence = Presence::Required},
                                          {.name = "PropagateAtLaunch", .kind = PropertyKind::Boolean}};

constexpr PropertySchema kHookMembers[] = {{.name = "LifecycleHookName", .presence = Presence::Required},
                                           {.name = "LifecycleTransition", .presence = Presence::Required},
                                           {.name = "DefaultResult"},
                                           {.name = "HeartbeatTimeout", .kind = PropertyKind::Integer},
                                           {.name = "NotificationMetadata"}};
constexpr PropertySchema kMaintenanceMembers[] = {
    {.name = "MinHealthyPercentage", .kind = PropertyKind::Integer},
    {.name = "MaxHealthyPercentage", .kind = PropertyKind::Integer}};
constexpr PropertySchema kMetricsMembers[] = {{.name = "Granularity", .presence = Presence::Required},
                                              {.name = "Metrics", .kind = PropertyKind::List}};

LaunchTemplateSpecification template_of(const Properties& given) {
  return {.launch_template_id = given.find_text("LaunchTemplateId"),
          .launch_template_name = given.find_text("LaunchTemplateName"),
          .version = given.find_text("Version")};
}

MixedInstancesPolicy mixed_of(const Properties& given) {
  MixedInstancesPolicy policy;
  policy.launch_template.emplace();
  if (auto from = given.find_object("LaunchTemplate")) {
    if (auto source = from->find_object("LaunchTemplateSpecification")) {
      policy.launch_template->launch_template_specification = template_of(*source);
    }
    for (const Properties& each : from->objects("Overrides")) {
      LaunchTemplateOverrides& made = policy.launch_template->overrides.emplace_back();
      made.instance_type = each.find_text("InstanceType");
      made.weighted_capacity = each.find_text("WeightedCapacity");
      if (auto own = each.find_object("LaunchTemplateSpecification")) {
        made.launch_template_specification = template_of(*own);
      }
    }
  }
  // What is not there any more is AWS's default again.
  static const formats::Value kNothing{formats::Object()};
  const Properties wanted = given.find_object("InstancesDistribution").value_or(Properties(kNothing));
  policy.instances_distribution = InstancesDistribution{
      .on_demand_allocation_strategy = wanted.find_text("OnDemandAllocationStrategy"),
      .on_demand_base_capacity = stacks::number(wanted, "OnDemandBaseCapacity"),
      .on_demand_percentage_above_base_capacity =
          stacks::number(wanted, "OnDemandPercentageAboveBaseCapacity"),
      .spot_allocation_strategy = wanted.find_text("SpotAllocationStrategy"),
      .spot_instance_pools = stacks::number(wanted, "SpotInstancePools"),
      .spot_max_price = wanted.find_text("SpotMaxPrice")};
  return policy;
}

// Creating and updating take the same members.
template <class Request>
Request request_of(const std::string& name, const Properties& wanted) {
  Request request;
  request.auto_scaling_group_name = name;
  request.min_size = *stacks::number(wanted, "MinSize");
  request.max_size = *stacks::number(wanted, "MaxSize");
  request.desired_capacity = stacks::number(wanted, "DesiredCapacity");
  request.default_cooldown = stacks::number(wanted, "Cooldown");
  request.default_instance_warmup = stacks::number(wanted, "DefaultInstanceWarmup");
  request.health_check_grace_period = stacks::number(wanted, "HealthCheckGracePeriod");
  request.health_check_type = wanted.find_text("HealthCheckType");
  request.max_instance_lifetime = stacks::number(wanted, "MaxInstanceLifetime");
  request.capacity_rebalance = wanted.find_boolean("CapacityRebalance");
  if (auto policy = wanted.find_object("InstanceMaintenancePolicy")) {
    request.instance_maintenance_policy =
        InstanceMaintenancePolicy{.min_healthy_percentage = stacks::number(*policy, "MinHealthyPercentage"),
                                  .max_healthy_percentage = stacks::number(*policy, "MaxHealthyPercentage")};
  }
  request.termination_policies = wanted.texts("TerminationPolicies");
  request.new_instances_protected_from_scale_in = wanted.find_boolean("NewInstancesProtectedFromScaleIn");
  if (wanted.has("VPCZoneIdentifier")) {
    request.vpc_zone_identifier = join(wanted.texts("VPCZoneIdentifier"), ",");
  }
  request.availability_zones = wanted.texts("AvailabilityZones");
  request.launch_configuration_name = wanted.find_text("LaunchConfigurationName");
  if (auto given = wanted.find_object("LaunchTemplate")) request.launch_template = template_of(*given);
  if (auto given = wanted.find_object("MixedInstancesPolicy")) {
    request.mixed_instances_policy = mixed_of(*given);
  }
  return request;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
// Whether sizes that the template leaves alone stay as somebody else has set them.
bool ignores_unmodified_sizes(const Context& context) {
  const formats::Object* policy = update_policy_of(context, kScheduledPolicy);
  if (!policy) return false;
  bool ignores = false;
  for (const auto& [name, value] : *policy) {
    if (name != "IgnoreUnmodifiedGroupSizeProperties") {
      throw aws::NotImplemented(fmt::format("UpdatePolicy {}: {}", kScheduledPolicy, name));
    }
    ignores = replace_all(formats::write_json(value), "\"", "") == "true";
  }
  return ignores;
}

std::vector<stacks::Tag> own_tags(const Properties& properties) {
  std::vector<stacks::Tag> own;
  for (const Properties& tag : properties.objects("Tags"))
    own.push_back({tag.text("Key"), tag.text("Value")});
  return own;
}

// The group's own tags and those of the stack, which instances inherit.
std::vector<Tag> tags_of(const Context& context, const std::string& name, const Properties& wanted) {
  std::map<std::string, bool> propagates;
  for (const Properties& tag : wanted.objects("Tags")) {
    propagates[tag.text("Key")] = tag.boolean("PropagateAtLaunch", false);
  }
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : context.tags(own_tags(wanted))) {
    auto found = propagates.find(tag.key);
    tags.push_back({.resource_id = name,
                    .resource_type = "auto-scaling-group",
                    .key = tag.key,
                    .value = tag.value,
                    .propagate_at_launch = found == propagates.end() || found->second});
  }
  return tags;
}

void update_tags(Context& context, const Existing& was, const Properties& wanted) {
  const std::vector<Tag> now = tags_of(context, was.physical_id, wanted);
  std::vector<Tag> gone;
  for (std::string& key : stacks::keys_gone(was, own_tags(was.properties), context.tags(own_tags(wanted)))) {
    gone.push_back(
        {.resource_id = was.physical_id, .resource_type = "auto-scaling-group", .key = std::move(key)});
  }
  if (!gone.empty()) context.invoke<DeleteTags>({.tags = gone});
  if (!now.empty()) context.invoke<CreateOrUpdateTags>({.tags = now});
}

std::vector<std::string> without(std::vector<std::string> from, const std::vector<std::string>& these) {
  std::erase_if(from,
                [&](const std::string& each) { return std::ranges::find(these, each) != these.end(); });
  return from;
}

void update_load_balancers(Context& context, const Existing& was, const Properties& wanted) {
  const std::vector<std::string> have =
      load_balancers_among(require_group(context.call, was.physical_id).target_groups);
  const std::vector<std::string> now = wanted.texts("LoadBalancerNames");
  const std::vector<std::string> more = without(now, have), gone = without(have, now);
  if (!more.empty()) {
    context.invoke<AttachLoadBalancers>(
        {.auto_scaling_group_name = was.physical_id, .load_balancer_names = more});
  }
  if (!gone.empty()) {
    context.invoke<DetachLoadBalancers>(
        {.auto_scaling_group_name = was.physical_id, .load_balancer_names = gone});
  }
}

void update_target_groups(Context& context, const Existing& was, const Properties& wanted) {
  const std::vector<std::string> have =
      target_groups_among(require_group(context.call, was.physical_id).target_groups);
  const std::vector<std::string> now = wanted.texts("TargetGroupARNs");
  const std::vector<std::string> more = without(now, have), gone = without(have, now);
  if (!more.empty()) {
    context.invoke<AttachLoadBalancerTargetGroups>(
        {.auto_scaling_group_name = was.physical_id, .target_group_arns = more});
  }
  if (!gone.empty()) {
    context.invoke<DetachLoadBalancerTargetGroups>(
        {.auto_scaling_group_name = was.physical_id, .target_group_arns = gone});
  }
}

void update_hooks(Context& context, const Existing& was, const Properties& wanted) {
  constexpr std::string_view kList = "LifecycleHookSpecificationList";
  if (!stacks::differs(was.properties, wanted, kList)) return;
  std::set<std::string> names;
  for (const Properties& each : wanted.objects(kList)) {
    PutLifecycleHookType hook;
    hook.auto_scaling_group_name = was.physical_id;
    hook.lifecycle_hook_name = each.text("LifecycleHookName");
    hook.lifecycle_transition = each.text("LifecycleTransition");
    hook.default_result = each.find_text("DefaultResult");
    hook.heartbeat_timeout = stacks::number(each, "HeartbeatTimeout");
    hook.notification_metadata = each.find_text("NotificationMetadata");
    context.invoke<PutLifecycleHook>(hook);
    names.insert(hook.lifecycle_hook_name);
  }
  for (const Properties& each : was.properties.objects(kList)) {
    DeleteLifecycleHookType gone;
    gone.auto_scaling_group_name = was.physical_id;
    gone.lifecycle_hook_name = each.text("LifecycleHookName");
    if (!names.contains(gone.lifecycle_hook_name)) context.invoke<DeleteLifecycleHook>(gone);
  }
}

void enable_metrics(Context& context, const std::string& name, const Properties& wanted) {
  for (const Properties& each : wanted.objects("MetricsCollection")) {
    context.invoke<EnableMetricsCollection>({.auto_scaling_group_name = name,
                                             .metrics = each.texts("Metrics"),
                                             .granularity = each.text("Granularity")});
  }
}

class GroupType final : public stacks::ResourceType {
 public:
  explicit GroupType(Service& service) : service_(service) {}

  std::string_view name() const override { return "AWS::AutoScaling::AutoScalingGroup"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "AutoScalingGroupName", .update = Update::Replacement},
        {.name = "MinSize", .kind = PropertyKind::Integer, .presence = Presence::Required},
        {.name = "MaxSize", .kind = PropertyKind::Integer, .presence = Presence::Required},
        {.name = "DesiredCapacity", .kind = PropertyKind::Integer},
        {.name = "Cooldown", .kind = PropertyKind::Integer},
        {.name = "VPCZoneIdentifier", .kind = PropertyKind::List},
        {.name = "AvailabilityZones", .kind = PropertyKind::List},
        {.name = "InstanceId", .update = Update::Replacement},
        {.name = "LaunchConfigurationName"},
        {.name = "LaunchTemplate", .kind = PropertyKind::Object, .members = kTemplateMembers},
        {.name = "MixedInstancesPolicy", .kind = PropertyKind::Object, .members = kMixedMembers},
        {.name = "TargetGroupARNs", .kind = PropertyKind::List},
        {.name = "LoadBalancerNames", .kind = PropertyKind::List},
        {.name = "HealthCheckType"},
        {.name = "DefaultInstanceWarmup", .kind = PropertyKind::Integer},
        {.name = "HealthCheckGracePeriod", .kind = PropertyKind::Integer},
        {.name = "TerminationPolicies", .kind = PropertyKind::List},
        {.name = "MaxInstanceLifetime", .kind = PropertyKind::Integer},
        {.name = "CapacityRebalance", .kind = PropertyKind::Boolean},
        {.name = "InstanceMaintenancePolicy", .kind = PropertyKind::Object, .members = kMaintenanceMembers},
        {.name = "NewInstancesProtectedFromScaleIn", .kind = PropertyKind::Boolean},
        {.name = "LifecycleHookSpecificationList",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = kHookMembers},
        {.name = "MetricsCollection",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = kMetricsMembers},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = kTagMembers}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"AutoScalingGroupARN"};
    return all;
  }
  std::span<const std::string_view> policies() const override {
    static constexpr std::string_view all[] = {"AutoScalingRollingUpdate", kScheduledPolicy,
                                               "CreationPolicy", "AutoScalingCreationPolicy"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    rolling_update_of(context);
    ignores_unmodified_sizes(context);
    const std::string name = wanted.find_text("AutoScalingGroupName").value_or(context.name(kNameMax));
    auto request = request_of<CreateAutoScalingGroupType>(name, wanted);
    request.target_group_arns = wanted.texts("TargetGroupARNs");
    request.load_balancer_names = wanted.texts("LoadBalancerNames");
    request.instance_id = wanted.find_text("InstanceId");
    for (const Properties& hook : wanted.objects("LifecycleHookSpecificationList")) {
      LifecycleHookSpecification each;
      each.lifecycle_hook_name = hook.text("LifecycleHookName");
      each.lifecycle_transition = hook.text("LifecycleTransition");
      each.default_result = hook.find_text("DefaultResult");
      each.heartbeat_timeout = stacks::number(hook, "HeartbeatTimeout");
      each.notification_metadata = hook.find_text("NotificationMetadata");
      request.lifecycle_hook_specification_list.push_back(std::move(each));
    }
    request.tags = tags_of(context, name, wanted);
    context.invoke<CreateAutoScalingGroup>(request);
    enable_metrics(context, name, wanted);
    return {name, {}};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const auto rolling = rolling_update_of(context);
    auto request = request_of<UpdateAutoScalingGroupType>(was.physical_id, wanted);
    if (ignores_unmodified_sizes(context)) {
      auto is_kept = [&](std::string_view name) { return !stacks::differs(was.properties, wanted, name); };
      if (is_kept("MinSize")) request.min_size.reset();
      if (is_kept("MaxSize")) request.max_size.reset();
      if (is_kept("DesiredCapacity")) request.desired_capacity.reset();
    }
    context.invoke<UpdateAutoScalingGroup>(request);
    update_tags(context, was, wanted);
    update_target_groups(context, was, wanted);
    update_load_balancers(context, was, wanted);
    update_hooks(context, was, wanted);
    if (stacks::differs(was.properties, wanted, "MetricsCollection")) {
      context.invoke<DisableMetricsCollection>({.auto_scaling_group_name = was.physical_id});
      enable_metrics(context, was.physical_id, wanted);
    }
    const bool is_of_another = stacks::differs(was.properties, wanted, "LaunchTemplate") ||
                               stacks::differs(was.properties, wanted, "LaunchConfigurationName") ||
                               stacks::differs(was.properties, wanted, "MixedInstancesPolicy");
    if (!rolling || !is_of_another) return;
    const GroupRow group = require_group(context.call, was.physical_id);
    if (rolling->min_in_service >= group.max) {
      throw_invalid("MinInstancesInService must be less than the autoscaling group's MaxSize");
    }
    start_rolling_update(service_, context.call, was.physical_id, *rolling);
  }
  Progress check(Context& context, const Existing& resource) const override {
    const GroupRow group = require_group(context.call, resource.physical_id);
    int64_t serving = 0;
    for (const InstanceRow& each : instances_of(context.call.transaction, group.id)) {
      if (each.state == "InService") ++serving;
    }
    const auto rolling = rolling_update_of(context);
    if (rolling) {
      if (auto problem = weigh_signals(service_, context, group, *rolling)) return stacks::failed(*problem);
    }
    const int64_t needed = (group.desired * (rolling ? rolling->active_percent : 100) + 99) / 100;
    if (serving >= needed && !group.rolling_min) {
      formats::Object attributes;
      attributes.set("AutoScalingGroupARN", group.arn);
      return stacks::ready(std::move(attributes));
    }
    auto failures = context.call.transaction.run(
        "SELECT message FROM autoscaling_activity WHERE group_arn = ?1 AND status = 'Failed' AND started >= "
        "?2"
        " ORDER BY sequence DESC",
        {group.arn, to_milliseconds(context.started)});
    if (static_cast<int64_t>(failures.size()) < kFailuresMax) return stacks::in_progress();
    return stacks::failed(
        fmt::format("Group did not stabilize. {{current/minSize/maxSize group size = {}/{}/{}}}. "
                    "Failed Scaling Activity: {}",
                    serving, group.min, group.max, failures.front().optional_text(0).value_or("")));
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    if (!find_group(context.call, resource.physical_id)) return;
    context.invoke<DeleteAutoScalingGroup>(
        {.auto_scaling_group_name = resource.physical_id, .force_delete = true, .given = {}});
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    return find_group(context.call, resource.physical_id) ? stacks::in_progress() : stacks::ready();
  }

 private:
  Service& service_;
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types(Service& service) {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<GroupType>(service));
  types.push_back(launch_configuration_type());
  types.push_back(warm_pool_type());
  types.push_back(policy_type());
  types.push_back(hook_type());
  types.push_back(schedule_type());
  return types;
}

}  // namespace holm::autoscaling

// AWS::AutoScaling::LifecycleHook and AWS::AutoScaling::ScheduledAction.

#include "autoscaling/operations.h"
#include "base/time_format.h"
#include "services/autoscaling/groups.h"
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

class HookResource final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::AutoScaling::LifecycleHook"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "AutoScalingGroupName", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "LifecycleHookName", .update = Update::Replacement},
        {.name = "LifecycleTransition", .presence = Presence::Required},
        {.name = "DefaultResult"},
        {.name = "HeartbeatTimeout", .kind = PropertyKind::Integer},
        {.name = "NotificationMetadata"}};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = wanted.find_text("LifecycleHookName").value_or(context.name(kNameMax));
    put(context, name, wanted);
    return {name, {}};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    put(context, was.physical_id, wanted);
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string group = resource.properties.text("AutoScalingGroupName");
    if (!find_group(context.call, group)) return;
    const auto hooks = context.invoke<DescribeLifecycleHooks>(
        {.auto_scaling_group_name = group, .lifecycle_hook_names = {resource.physical_id}});
    if (hooks.lifecycle_hooks.empty()) return;
    context.invoke<DeleteLifecycleHook>(
        {.lifecycle_hook_name = resource.physical_id, .auto_scaling_group_name = group});
  }

 private:
  static void put(Context& context, const std::string& name, const Properties& wanted) {
    PutLifecycleHookType request;
    request.lifecycle_hook_name = name;
    request.auto_scaling_group_name = wanted.text("AutoScalingGroupName");
    request.lifecycle_transition = wanted.find_text("LifecycleTransition");
    request.default_result = wanted.find_text("DefaultResult");
    request.heartbeat_timeout = stacks::number(wanted, "HeartbeatTimeout");
    request.notification_metadata = wanted.find_text("NotificationMetadata");
    context.invoke<PutLifecycleHook>(request);
  }
};

std::optional<Time> time_of(const Properties& properties, std::string_view name) {
  const auto text = properties.find_text(name);
  if (!text) return std::nullopt;
  const auto time = parse_iso8601(*text);
  if (!time) throw_invalid(std::string(name) + " is no time like 2026-01-01T00:00:00Z.");
  return time;
}

class ScheduleResource final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::AutoScaling::ScheduledAction"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "AutoScalingGroupName", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "MinSize", .kind = PropertyKind::Integer},
        {.name = "MaxSize", .kind = PropertyKind::Integer},
        {.name = "DesiredCapacity", .kind = PropertyKind::Integer},
        {.name = "StartTime"},
        {.name = "EndTime"},
        {.name = "Recurrence"},
        {.name = "TimeZone"}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"ScheduledActionName"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = context.name(kNameMax);
    put(context, name, wanted);
    formats::Object attributes;
    attributes.set("ScheduledActionName", name);
    return {name, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    put(context, was.physical_id, wanted);
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string group = resource.properties.text("AutoScalingGroupName");
    if (!find_group(context.call, group)) return;
    const auto actions = context.invoke<DescribeScheduledActions>(
        {.auto_scaling_group_name = group, .scheduled_action_names = {resource.physical_id}});
    if (actions.scheduled_update_group_actions.empty()) return;
    context.invoke<DeleteScheduledAction>(
        {.auto_scaling_group_name = group, .scheduled_action_name = resource.physical_id});
  }

 private:
  static void put(Context& context, const std::string& name, const Properties& wanted) {
    PutScheduledUpdateGroupActionType request;
    request.auto_scaling_group_name = wanted.text("AutoScalingGroupName");
    request.scheduled_action_name = name;
    request.start_time = time_of(wanted, "StartTime");
    request.end_time = time_of(wanted, "EndTime");
    request.recurrence = wanted.find_text("Recurrence");
    request.time_zone = wanted.find_text("TimeZone");
    request.min_size = stacks::number(wanted, "MinSize");
    request.max_size = stacks::number(wanted, "MaxSize");
    request.desired_capacity = stacks::number(wanted, "DesiredCapacity");
    context.invoke<PutScheduledUpdateGroupAction>(request);
  }
};

}  // namespace

std::unique_ptr<stacks::ResourceType> hook_type() { return std::make_unique<HookResource>(); }
std::unique_ptr<stacks::ResourceType> schedule_type() { return std::make_unique<ScheduleResource>(); }

}  // namespace holm::autoscaling

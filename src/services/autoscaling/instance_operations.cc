// The operations on instances and activities.

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "base/time_format.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kInstancesMax = 50;
constexpr size_t kActivitiesMax = 100;

size_t count_of(const std::optional<int32_t>& asked, size_t most) {
  return std::min(page_count(asked, most), most);
}

Activity read_activity(const sql::Row& row) {
  Activity activity;
  activity.activity_id = row.text(0);
  activity.auto_scaling_group_name = row.text(1);
  activity.auto_scaling_group_arn = row.text(2);
  activity.description = row.text(3);
  activity.cause = row.text(4);
  activity.start_time = from_milliseconds(row.integer(5));
  if (auto ended = row.optional_integer(6)) activity.end_time = from_milliseconds(*ended);
  activity.status_code = row.text(7);
  activity.status_message = row.optional_text(8);
  activity.progress = static_cast<int32_t>(row.integer(9));
  activity.details = row.text(10);
  if (row.integer(11) != 0) activity.auto_scaling_group_state = "Deleted";
  return activity;
}

std::vector<Activity> activities_of(Call& call) {
  std::vector<Activity> activities;
  for (const sql::Row& row : call.transaction.run(
           "SELECT id, group_name, group_arn, description, cause, started, ended, status, message, progress,"
           " details, is_group_deleted FROM autoscaling_activity WHERE account = ?1 AND region = ?2"
           " ORDER BY sequence DESC",
           {call.account, call.region})) {
    activities.push_back(read_activity(row));
  }
  return activities;
}

struct Managed {
  GroupRow group;
  InstanceRow instance;
};

Managed require_managed(Call& call, const std::string& id) {
  auto instance = find_instance(call.transaction, id);
  auto group = instance ? find_group(call.transaction, instance->group) : std::nullopt;
  if (!group || group->account != call.account || group->region != call.region) {
    throw_invalid("Instance Id not found - No managed instance found for instance ID: " + id);
  }
  return {*group, *instance};
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingInstances.html
AutoScalingInstancesType describe_auto_scaling_instances(Service&, Call& call,
                                                         const DescribeAutoScalingInstancesType& request) {
  AutoScalingInstancesType result;
  for (const GroupRow& group : groups_of(call)) {
    for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
      const auto& ids = request.instance_ids;
      if (!ids.empty() && std::ranges::find(ids, each.id) == ids.end()) continue;
      AutoScalingInstanceDetails& details = result.auto_scaling_instances.emplace_back();
      details.instance_id = each.id;
      details.instance_type = each.type;
      details.auto_scaling_group_name = group.name;
      details.availability_zone = each.zone;
      details.lifecycle_state = each.state;
      details.health_status = each.health == "Healthy" ? "HEALTHY" : "UNHEALTHY";
      details.protected_from_scale_in = each.is_protected;
      details.launch_template = LaunchTemplateSpecification{.launch_template_id = each.template_id,
                                                            .launch_template_name = each.template_name,
                                                            .version = each.template_version};
    }
  }
  result.next_token = take_page(result.auto_scaling_instances, count_of(request.max_records, kInstancesMax),
                                request.next_token);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html
ActivityType terminate_instance_in_auto_scaling_group(
    Service& service, Call& call, const TerminateInstanceInAutoScalingGroupType& request) {
  const auto [group, instance] = require_managed(call, request.instance_id);
  std::string cause = fmt::format("At {} instance {} was taken out of service in response to a user request",
                                  iso8601(call.now), instance.id);
  if (request.should_decrement_desired_capacity && instance.state != "Terminating") {
    if (group.desired <= group.min) {
      throw_invalid(
          fmt::format("Currently, desiredSize equals minSize ({}). Terminating instance without "
                      "replacement will violate group's min size constraint.",
                      group.min));
    }
    cause += fmt::format(", shrinking the capacity from {} to {}", group.desired, group.desired - 1);
    call.transaction.run("UPDATE autoscaling_group SET desired = desired - 1 WHERE id = ?1", {group.id});
  }
  const std::string id = instance.state == "Terminating"
                             ? instance.activity
                             : retire(service, call, group, instance, cause + ".");
  for (Activity& activity : activities_of(call)) {
    if (activity.activity_id == id) return {.activity = std::move(activity)};
  }
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
aws::Nothing set_instance_health(Service& service, Call& call, const SetInstanceHealthQuery& request) {
  const auto [group, instance] = require_managed(call, request.instance_id);
  if (request.health_status != "Healthy" && request.health_status != "Unhealthy") {
    throw_invalid("HealthStatus must be Healthy or Unhealthy.");
  }
  const bool is_in_grace =
      instance.state == "Pending" || to_milliseconds(call.now) < instance.in_service + group.grace * 1000;
  if (request.should_respect_grace_period.value_or(true) && is_in_grace) return {};
  call.transaction.run("UPDATE autoscaling_instance SET health = ?2 WHERE id = ?1 AND state <> 'Terminating'",
                       {instance.id, request.health_status});
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html
SetInstanceProtectionAnswer set_instance_protection(Service& service, Call& call,
                                                    const SetInstanceProtectionQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  for (const std::string& id : request.instance_ids) {
    const auto [owner, instance] = require_managed(call, id);
    if (owner.id != group.id) {
      throw_invalid(fmt::format("The instance {} is not part of Auto Scaling group {}.", id, group.name));
    }
    if (instance.state != "InService") {
      throw_invalid(fmt::format("The instance {} is not in InService.", id));
    }
    call.transaction.run("UPDATE autoscaling_instance SET is_protected = ?2 WHERE id = ?1",
                         {id, int64_t{request.protected_from_scale_in}});
  }
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
ActivitiesType describe_scaling_activities(Service&, Call& call,
                                           const DescribeScalingActivitiesType& request) {
  ActivitiesType result;
  if (request.auto_scaling_group_name && !request.include_deleted_groups.value_or(false)) {
    require_group(call, *request.auto_scaling_group_name);
  }
  for (Activity& activity : activities_of(call)) {
    const auto& ids = request.activity_ids;
    if (!ids.empty() && std::ranges::find(ids, activity.activity_id) == ids.end()) continue;
    const auto& name = request.auto_scaling_group_name;
    if (name && activity.auto_scaling_group_name != *name) continue;
    if (activity.auto_scaling_group_state && !request.include_deleted_groups.value_or(false)) continue;
    result.activities.push_back(std::move(activity));
  }
  result.next_token =
      take_page(result.activities, count_of(request.max_records, kActivitiesMax), request.next_token);
  return result;
}

}  // namespace holm::autoscaling

// The operations on instances.

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "base/time_format.h"
#include "services/autoscaling/activities.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kInstancesMax = 50;

size_t count_of(const std::optional<int32_t>& asked, size_t most) {
  return std::min(page_count(asked, most), most);
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
    std::vector<InstanceRow> members = instances_of(call.transaction, group.id);
    for (InstanceRow& each : warm_instances_of(call.transaction, group.id)) members.push_back(std::move(each));
    for (const InstanceRow& each : members) {
      const auto& ids = request.instance_ids;
      if (!ids.empty() && std::ranges::find(ids, each.id) == ids.end()) continue;
      AutoScalingInstanceDetails& details = result.auto_scaling_instances.emplace_back();
      details.instance_id = each.id;
      details.instance_type = each.type;
      details.auto_scaling_group_name = group.name;
      details.availability_zone = each.zone;
      details.lifecycle_state = each.lifecycle_state();
      details.health_status = each.health == "Healthy" ? "HEALTHY" : "UNHEALTHY";
      details.protected_from_scale_in = each.is_protected;
      if (const std::string name = configuration_name(each.template_id); !name.empty()) {
        details.launch_configuration_name = name;
        continue;
      }
      if (each.template_id.empty()) continue;  // It was attached.
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
  const bool counts = !instance.is_warm && instance.state != "Terminating";
  if (request.should_decrement_desired_capacity && counts) {
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
  return {.activity = find_activity(call, id)};
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

}  // namespace holm::autoscaling

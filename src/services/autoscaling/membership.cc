// Instances that come into a group and leave it without being launched or terminated by it, and those that
// stand by.

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "aws/service/region.h"
#include "base/time_format.h"
#include "ec2/operations.h"
#include "services/autoscaling/activities.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/groups.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr char kGroupTag[] = "aws:autoscaling:groupName";

aws::Principal self(const Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

void set_desired(Service& service, Call& call, const GroupRow& group, int64_t desired) {
  call.transaction.run(
      "UPDATE autoscaling_group SET desired = ?2, failures = 0, launch_after = 0 WHERE id = ?1",
      {group.id, desired});
  service.schedule(call.transaction, group.id);
}

void check_bounds(const GroupRow& group, int64_t desired, std::string_view purpose) {
  if (desired >= group.min && desired <= group.max) return;
  throw_invalid(
      fmt::format("AutoScalingGroup {} has min-size={}, max-size={}, and desired-size={}. To {}, please "
                  "update the AutoScalingGroup sizes appropriately.",
                  group.name, group.min, group.max, group.desired, purpose));
}

std::vector<InstanceRow> require_members(Call& call, const GroupRow& group,
                                         const std::vector<std::string>& ids, std::string_view state) {
  if (ids.empty()) throw_invalid("InstanceIds must not be empty.");
  std::vector<InstanceRow> members;
  for (const std::string& id : ids) {
    const auto found = find_instance(call.transaction, id);
    if (!found || found->group != group.id) {
      throw_invalid(fmt::format("The instance {} is not part of Auto Scaling group {}.", id, group.name));
    }
    if (found->is_warm) throw_invalid(fmt::format("The instance {} is in the warm pool of its group.", id));
    const bool is_wanted = found->state == state || (state == "InService" && found->state == "Pending");
    if (!is_wanted && !(state.empty() && found->state != "Terminating")) {
      throw_invalid(
          fmt::format("The instance {} is not in {}.", id, state.empty() ? "InService or Standby" : state));
    }
    members.push_back(*found);
  }
  return members;
}

std::vector<Activity> activities_named(Call& call, const std::vector<std::string>& ids) {
  std::vector<Activity> activities;
  for (const std::string& id : ids) activities.push_back(*find_activity(call, id));
  return activities;
}

// ", shrinking the capacity from 4 to 3"
std::string change_of(int64_t from, int64_t to) {
  if (from == to) return "";
  return fmt::format(", {} the capacity from {} to {}", to < from ? "shrinking" : "increasing", from, to);
}

void tag(Call& call, const std::string& instance, const std::string& group) {
  ec2::CreateTagsRequest request;
  request.resources = {instance};
  request.tags = {{.key = kGroupTag, .value = group}};
  call.client.call<ec2::CreateTags>(call, self(call), request);
}

void untag(Call& call, const std::string& instance) {
  ec2::DeleteTagsRequest request;
  request.resources = {instance};
  request.tags = {{.key = kGroupTag}};
  call.client.call<ec2::DeleteTags>(call, self(call), request);
}

// A running instance that no group has, in one of the zones of this one.
InstanceRow require_stranger(Call& call, const GroupRow& group, const std::string& id) {
  if (auto member = find_instance(call.transaction, id)) {
    throw_invalid(fmt::format("Instance {} is already part of an AutoScalingGroup.", id));
  }
  ec2::DescribeInstancesRequest request;
  request.filters = {{.name = "instance-id", .values = {id}}};
  const auto found = call.client.call<ec2::DescribeInstances>(call, self(call), request);
  if (found.reservations.empty()) throw_invalid(fmt::format("Invalid Instance ID: {}.", id));
  const ec2::Instance& instance = found.reservations.at(0).instances.at(0);
  const std::string state = instance.state ? instance.state->name.value_or("") : "";
  if (state != "running") {
    throw_invalid(fmt::format("Instance {} is in state {}. It has to be running to be attached.", id, state));
  }
  const std::string zone = instance.placement ? instance.placement->availability_zone.value_or("") : "";
  const bool is_near =
      call.transaction.find("SELECT 1 FROM autoscaling_zone WHERE grp = ?1 AND zone = ?2", {group.id, zone})
          .has_value();
  if (!is_near) {
    throw_invalid(
        fmt::format("Instance {} is in {}, which is no zone of the group {}.", id, zone, group.name));
  }
  return {.id = id,
          .group = group.id,
          .subnet = instance.subnet_id.value_or(""),
          .zone = zone,
          .type = instance.instance_type.value_or(""),
          .state = "Pending",
          .health = "Healthy",
          .launched = to_milliseconds(call.now)};
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachInstances.html
aws::Nothing attach_instances(Service& service, Call& call, const AttachInstancesQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  if (request.instance_ids.empty()) throw_invalid("InstanceIds must not be empty.");
  const int64_t more = static_cast<int64_t>(request.instance_ids.size());
  check_bounds(group, group.desired + more, fmt::format("attach {} more instances", more));
  int64_t capacity = group.desired;
  for (const std::string& id : request.instance_ids) {
    InstanceRow row = require_stranger(call, group, id);
    row.is_protected = group.protects;
    row.activity =
        begin_activity(service, call, group, "Attaching an existing EC2 instance: " + id,
                       at_now(call) + fmt::format("an instance was attached in response to a user request{}.",
                                                  change_of(capacity, capacity + 1)));
    insert_instance(call, row);
    tag(call, id, group.name);
    ++capacity;
  }
  set_desired(service, call, group, capacity);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachInstances.html
DetachInstancesAnswer detach_instances(Service& service, Call& call, const DetachInstancesQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  const auto members = require_members(call, group, request.instance_ids, "");
  const bool shrinks = request.should_decrement_desired_capacity;
  const auto less = static_cast<int64_t>(
      std::ranges::count_if(members, [](const InstanceRow& each) { return each.state != "Standby"; }));
  if (shrinks) {
    check_bounds(group, group.desired - less, fmt::format("detach {} instances", members.size()));
  }
  int64_t capacity = group.desired;
  std::vector<std::string> ids;
  for (const InstanceRow& each : members) {
    const int64_t left = shrinks && each.state != "Standby" ? capacity - 1 : capacity;
    if (each.state == "Pending") end_activity(call, each.activity, "Cancelled");
    ids.push_back(
        begin_activity(service, call, group, "Detaching EC2 instance: " + each.id,
                       at_now(call) + fmt::format("instance {} was detached in response to a user request{}.",
                                                  each.id, change_of(capacity, left))));
    deregister_targets(call, group.target_groups, each.id);
    untag(call, each.id);
    call.transaction.run("DELETE FROM autoscaling_instance WHERE id = ?1", {each.id});
    end_activity(call, ids.back(), "Successful");
    capacity = left;
  }
  set_desired(service, call, group, capacity);
  return {.activities = activities_named(call, ids)};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnterStandby.html
EnterStandbyAnswer enter_standby(Service& service, Call& call, const EnterStandbyQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  const auto members = require_members(call, group, request.instance_ids, "InService");
  const bool shrinks = request.should_decrement_desired_capacity;
  const auto less = static_cast<int64_t>(members.size());
  if (shrinks)
    check_bounds(group, group.desired - less, fmt::format("place into standby {} instances", less));
  int64_t capacity = group.desired;
  std::vector<std::string> ids;
  for (const InstanceRow& each : members) {
    if (each.state != "InService")
      throw_invalid(fmt::format("The instance {} is not in InService.", each.id));
    const int64_t left = shrinks ? capacity - 1 : capacity;
    ids.push_back(begin_activity(
        service, call, group, "Moving EC2 instance to Standby: " + each.id,
        at_now(call) + fmt::format("instance {} was moved to standby in response to a user request{}.",
                                   each.id, change_of(capacity, left))));
    deregister_targets(call, group.target_groups, each.id);
    call.transaction.run(
        "UPDATE autoscaling_instance SET state = 'Standby', phase = '', activity = ?2 WHERE id = ?1",
        {each.id, ids.back()});
    end_activity(call, ids.back(), "Successful");
    capacity = left;
  }
  set_desired(service, call, group, capacity);
  return {.activities = activities_named(call, ids)};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExitStandby.html
// The instance is in service again as soon as it runs.
ExitStandbyAnswer exit_standby(Service& service, Call& call, const ExitStandbyQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  const auto members = require_members(call, group, request.instance_ids, "Standby");
  const auto more = static_cast<int64_t>(members.size());
  check_bounds(group, group.desired + more, fmt::format("move {} instances out of standby", more));
  int64_t capacity = group.desired;
  std::vector<std::string> ids;
  for (const InstanceRow& each : members) {
    ids.push_back(begin_activity(
        service, call, group, "Moving EC2 instance out of Standby: " + each.id,
        at_now(call) + fmt::format("instance {} was moved out of standby in response to a user request{}.",
                                   each.id, change_of(capacity, capacity + 1))));
    call.transaction.run(
        "UPDATE autoscaling_instance SET state = 'Pending', phase = '', activity = ?2 WHERE id = ?1",
        {each.id, ids.back()});
    ++capacity;
  }
  set_desired(service, call, group, capacity);
  return {.activities = activities_named(call, ids)};
}

}  // namespace holm::autoscaling

// The controller of groups: launches, watches, replaces and terminates instances.

#include "services/autoscaling/controller.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/time_format.h"
#include "ec2/operations.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr std::chrono::seconds kUnrestPause{5};  // Should an event be missed.
constexpr std::chrono::seconds kRestPause{30};
constexpr std::chrono::seconds kFailurePause{30};

aws::Principal self(const aws::Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

std::string stamp(const aws::Call& call) { return "At " + iso8601(call.now) + " "; }

// EC2's word for the state of an instance; "terminated" also when it is forgotten.
std::string state_in_ec2(aws::Call& call, const std::string& id) {
  ec2::DescribeInstancesRequest request;
  request.instance_ids = {id};
  auto found = call.client.call<ec2::DescribeInstances>(call, self(call), request);
  return found.reservations.at(0).instances.at(0).state->name.value_or("");
}

void terminate_in_ec2(aws::Call& call, const std::string& id) {
  ec2::TerminateInstancesRequest request;
  request.instance_ids = {id};
  call.client.call<ec2::TerminateInstances>(call, self(call), request);
}

}  // namespace

void Controller::reload() {
  region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) {
    if (auto group = find_group(call.transaction, id_)) group_ = *group;
    instances_ = instances_of(call.transaction, id_);
  });
}

std::vector<InstanceRow> Controller::in_state(const std::string& state) const {
  std::vector<InstanceRow> found;
  for (const InstanceRow& each : instances_) {
    if (each.state == state) found.push_back(each);
  }
  return found;
}

// A rolling update that may not take an old instance away adds a new one first.
int64_t Controller::wanted() const {
  if (group_.is_deleting) return 0;
  if (!group_.rolling_min) return group_.desired;
  const int64_t surge = std::clamp<int64_t>(*group_.rolling_min + *group_.rolling_batch - group_.desired, 0,
                                            *group_.rolling_batch);
  return std::min(group_.max, group_.desired + surge);
}

bool Controller::is_outdated(const InstanceRow& instance) const {
  return instance.template_id != template_.id || instance.template_version != template_.version;
}

jobs::Outcome Controller::run() {
  std::optional<GroupRow> group;
  const aws::Caller any = region_.caller("", "", "autoscaling.amazonaws.com");
  region_.transact(any, sql::Access::Read,
                   [&](aws::Call& call) { group = find_group(call.transaction, id_); });
  if (!group) return jobs::done();
  caller_ = region_.caller(group->account, group->region, "autoscaling.amazonaws.com");
  reload();
  for (const InstanceRow& instance : std::vector(instances_)) {
    const auto problem = attempt(region_, caller_, [&](aws::Call& call) { observe(call, instance); });
    if (problem) log::warning(fmt::format("group {}: {}: {}", group_.name, instance.id, *problem));
  }
  reload();
  if (group_.is_deleting) {
    if (finish_deletion()) return jobs::done();
    return jobs::again_at(clock_.now() + kUnrestPause);
  }
  const auto problem =
      attempt(region_, caller_, [&](aws::Call& call) { template_ = resolve_template(call, group_); });
  if (problem) {
    log::warning(fmt::format("group {}: {}", group_.name, *problem));
    return jobs::again_at(clock_.now() + kFailurePause);
  }
  const bool complete = launch_missing();
  reload();
  attempt(region_, caller_, [&](aws::Call& call) { replace_outdated(call); });
  reload();
  attempt(region_, caller_, [&](aws::Call& call) { shrink(call); });
  reload();
  if (!complete) return jobs::again_at(clock_.now() + kFailurePause);
  const bool rests = in_state("InService").size() == instances_.size() && !group_.rolling_min;
  return jobs::again_at(clock_.now() + (rests ? kRestPause : kUnrestPause));
}

void Controller::observe(aws::Call& call, const InstanceRow& given) {
  auto instance = find_instance(call.transaction, given.id);
  if (!instance) return;
  const bool is_known = [&] {
    ec2::DescribeInstancesRequest request;
    ec2::Filter filter;
    filter.name = "tag:aws:autoscaling:groupName";
    filter.values = {group_.name};
    request.filters = {filter};
    auto found = call.client.call<ec2::DescribeInstances>(call, self(call), request);
    for (const auto& reservation : found.reservations) {
      for (const auto& each : reservation.instances) {
        if (each.instance_id == instance->id) return true;
      }
    }
    return false;
  }();
  settle(call, *instance, is_known ? state_in_ec2(call, instance->id) : "terminated");
}

void Controller::settle(aws::Call& call, const InstanceRow& instance, const std::string& state) {
  if (instance.state == "Terminating") {
    if (state == "terminated") {
      end_activity(call, instance.activity, "Successful");
      call.transaction.run("DELETE FROM autoscaling_instance WHERE id = ?1", {instance.id});
      return;
    }
    drain(call, instance);
    return;
  }
  if (state != "running" && state != "pending") {
    if (instance.state == "Pending") {
      end_activity(call, instance.activity, "Failed", "Instance failed to start: it is " + state + ".");
    }
    call.transaction.run("UPDATE autoscaling_instance SET health = 'Unhealthy' WHERE id = ?1", {instance.id});
    retire(service_, call, group_, instance,
           stamp(call) +
               "an instance was taken out of service in response to an EC2 health check "
               "indicating it has been terminated or stopped.");
    return;
  }
  if (instance.state == "Pending" && state == "running") put_in_service(call, instance);
  if (instance.state != "InService" || group_.health_check != "ELB") return;
  if (to_milliseconds(call.now) < instance.in_service + group_.grace * 1000) return;
  if (target_state(call, group_.target_groups, instance.id) != TargetState::Unhealthy) return;
  call.transaction.run("UPDATE autoscaling_instance SET health = 'Unhealthy' WHERE id = ?1", {instance.id});
  retire(service_, call, group_, instance,
         stamp(call) +
             "an instance was taken out of service in response to an ELB system health check failure.");
}

void Controller::put_in_service(aws::Call& call, const InstanceRow& instance) {
  register_targets(call, group_.target_groups, instance.id);
  end_activity(call, instance.activity, "Successful");
  call.transaction.run("UPDATE autoscaling_instance SET state = 'InService', in_service = ?2 WHERE id = ?1",
                       {instance.id, to_milliseconds(call.now)});
  if (!group_.rolling_pause) return;
  call.transaction.run("UPDATE autoscaling_group SET paused_until = ?2 WHERE id = ?1",
                       {id_, to_milliseconds(call.now) + *group_.rolling_pause});
}

// Requests under way end before the instance does.
void Controller::drain(aws::Call& call, const InstanceRow& instance) {
  if (!instance.drains_until) return;
  const bool may_wait = to_milliseconds(call.now) < *instance.drains_until;
  if (may_wait && target_state(call, group_.target_groups, instance.id) == TargetState::Draining) {
    call.transaction.run(
        "UPDATE autoscaling_activity SET status = 'WaitingForELBConnectionDraining', progress = 50 WHERE id "
        "= ?1",
        {instance.activity});
    return;
  }
  terminate_in_ec2(call, instance.id);
  call.transaction.run("UPDATE autoscaling_instance SET drains_until = NULL WHERE id = ?1", {instance.id});
}

bool Controller::finish_deletion() {
  if (!instances_.empty()) return false;
  region_.transact(caller_, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run("UPDATE autoscaling_activity SET is_group_deleted = 1 WHERE group_arn = ?1",
                         {group_.arn});
    call.transaction.run("DELETE FROM autoscaling_group WHERE id = ?1", {id_});
  });
  return true;
}

std::vector<std::string> Controller::places_by_load() const {
  std::map<std::string, int> load;
  for (const InstanceRow& each : instances_) {
    if (each.state != "Terminating") ++load[each.subnet];
  }
  std::multimap<int, std::string> sorted;  // Keeps the order of equals.
  for (const std::string& subnet : group_.subnets) sorted.emplace(load[subnet], subnet);
  std::vector<std::string> places;
  for (const auto& [count, subnet] : sorted) places.push_back(subnet);
  return places;
}

void Controller::launch(aws::Call& call, const std::string& subnet, int64_t capacity) {
  const std::string activity = begin_activity(
      service_, call, group_, "Launching a new EC2 instance",
      fmt::format("{}  {}an instance was started in response to a difference between desired and actual "
                  "capacity, increasing the capacity from {} to {}.",
                  group_.cause, stamp(call), capacity, capacity + 1));
  ec2::RunInstancesRequest request;
  request.client_token = activity;
  request.min_count = request.max_count = 1;
  request.subnet_id = subnet;
  ec2::LaunchTemplateSpecification from;
  from.launch_template_id = template_.id;
  from.version = template_.version;
  request.launch_template = from;
  ec2::TagSpecification tags;
  tags.resource_type = "instance";
  tags.tags = {{.key = "aws:autoscaling:groupName", .value = group_.name}};
  for (const sql::Row& tag : call.transaction.run(
           "SELECT key, value FROM autoscaling_tag WHERE grp = ?1 AND propagates = 1", {id_})) {
    tags.tags.push_back({.key = tag.text(0), .value = tag.text(1)});
  }
  request.tag_specifications = {tags};
  const auto made = call.client.call<ec2::RunInstances>(call, self(call), request);
  const auto& instance = made.instances.at(0);
  call.transaction.run("UPDATE autoscaling_activity SET description = ?2, progress = 30 WHERE id = ?1",
                       {activity, "Launching a new EC2 instance: " + *instance.instance_id});
  call.transaction.run(
      "INSERT INTO autoscaling_instance (id, grp, subnet, zone, type, template, template_name,"
      " template_version, state, health, is_protected, launched, activity)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'Pending', 'Healthy', ?9, ?10, ?11)",
      {*instance.instance_id, id_, subnet, *instance.placement->availability_zone, template_.instance_type,
       template_.id, template_.name, template_.version, int64_t{group_.protects}, to_milliseconds(call.now),
       activity});
}

bool Controller::launch_missing() {
  for (;;) {
    const auto capacity = static_cast<int64_t>(instances_.size() - in_state("Terminating").size());
    if (capacity >= wanted()) return true;
    std::optional<std::string> problem = "No subnet is left.";
    for (const std::string& subnet : places_by_load()) {
      problem = attempt(region_, caller_, [&](aws::Call& call) { launch(call, subnet, capacity); });
      if (!problem) break;
    }
    if (problem) {
      region_.transact(caller_, sql::Access::Write, [&](aws::Call& call) {
        const std::string activity =
            begin_activity(service_, call, group_, "Launching a new EC2 instance", group_.cause);
        end_activity(call, activity, "Failed", *problem + " Launching EC2 instance failed.");
      });
      return false;
    }
    reload();
  }
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
const InstanceRow& Controller::victim(const std::vector<InstanceRow>& candidates) const {
  std::map<std::string, int> load;
  for (const InstanceRow& each : candidates) ++load[each.zone];
  const std::string policy = group_.policies.empty() ? "Default" : group_.policies.front();
  const bool is_newest = policy == "NewestInstance";
  const bool is_oldest = policy == "OldestInstance";
  auto rank = [&](const InstanceRow& each) {
    const int crowd = policy == "Default" ? -load.at(each.zone) : 0;
    const int fresh = is_newest || is_oldest || is_outdated(each) ? 0 : 1;
    return std::tuple(crowd, fresh, is_newest ? -each.launched : each.launched);
  };
  return *std::ranges::min_element(candidates, {}, rank);
}

void Controller::shrink(aws::Call& call) {
  std::vector<InstanceRow> serving = in_state("InService");
  auto capacity = static_cast<int64_t>(serving.size());
  std::erase_if(serving, [](const InstanceRow& each) { return each.is_protected; });
  while (capacity > wanted() && !serving.empty()) {
    const InstanceRow chosen = victim(serving);
    retire(
        service_, call, group_, chosen,
        fmt::format("{}  {}an instance was taken out of service in response to a difference between desired "
                    "and actual capacity, shrinking the capacity from {} to {}.  {}instance {} was selected "
                    "for termination.",
                    group_.cause, stamp(call), capacity, capacity - 1, stamp(call), chosen.id));
    std::erase_if(serving, [&](const InstanceRow& each) { return each.id == chosen.id; });
    --capacity;
  }
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
void Controller::replace_outdated(aws::Call& call) {
  if (!group_.rolling_min || to_milliseconds(call.now) < group_.paused_until) return;
  const std::vector<InstanceRow> serving = in_state("InService");
  if (serving.size() != instances_.size() || static_cast<int64_t>(serving.size()) < wanted()) return;
  auto spare = std::min(*group_.rolling_batch, static_cast<int64_t>(serving.size()) - *group_.rolling_min);
  bool has_outdated = false;
  for (const InstanceRow& each : serving) {
    if (!is_outdated(each)) continue;
    has_outdated = true;
    if (spare-- <= 0) continue;
    retire(service_, call, group_, each,
           fmt::format("{}instance {} was taken out of service in response to a rolling update.", stamp(call),
                       each.id));
  }
  if (has_outdated) return;
  call.transaction.run(
      "UPDATE autoscaling_group SET rolling_min = NULL, rolling_batch = NULL, rolling_pause = NULL WHERE id "
      "= ?1",
      {id_});
}

}  // namespace holm::autoscaling

// The controller of groups: what it looks at, in which order, and what has become of the instances.

#include "services/autoscaling/controller.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/time_format.h"
#include "ec2/operations.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/hooks.h"
#include "services/autoscaling/schedules.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr std::chrono::seconds kUnrestPause{5};  // Should an event be missed.
constexpr std::chrono::seconds kRestPause{30};
// An instance that ends so soon is not worth being replaced at once again and again.
constexpr std::chrono::seconds kYoung{10};

constexpr int64_t kUntilToldOtherwise = int64_t{1000} * 365 * 86400 * 200;  // Milliseconds: in the year 2170.

aws::Principal self(const aws::Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

struct StateInEc2 {
  std::string name = "terminated";  // Also of an instance that EC2 has forgotten.
  std::string reason;
};

StateInEc2 state_in_ec2(aws::Call& call, const std::string& id) {
  ec2::DescribeInstancesRequest request;
  request.filters = {{.name = "instance-id", .values = {id}}};
  const auto found = call.client.call<ec2::DescribeInstances>(call, self(call), request);
  StateInEc2 state;
  for (const auto& reservation : found.reservations) {
    for (const auto& each : reservation.instances) {
      if (each.state) state.name = each.state->name.value_or("");
      if (each.state_reason) state.reason = each.state_reason->message.value_or("");
    }
  }
  return state;
}

}  // namespace

std::optional<std::string> Controller::step(const Work& work) {
  return attempt(region_, caller_, [&](aws::Call& call) {
    load(call);
    work(call);
  });
}

void Controller::load(aws::Call& call) {
  if (auto group = find_group(call.transaction, id_)) group_ = *group;
  instances_ = instances_of(call.transaction, id_);
  pool_ = find_warm_pool(call.transaction, id_);
  warm_ = warm_instances_of(call.transaction, id_);
  suspended_.clear();
  for (const SuspendedProcess& each : suspended_of(call.transaction, id_)) suspended_.insert(*each.process_name);
  refresh_ = active_refresh(call.transaction, id_);
  to_replace_.clear();
  if (!refresh_) return;
  for (std::string& id : instances_to_replace(call.transaction, *refresh_)) to_replace_.insert(std::move(id));
  const LaunchTemplateSpecification* target = refresh_->target();
  if (!target) return;
  group_.template_id = target->launch_template_id.value_or("");
  group_.template_name = target->launch_template_name.value_or("");
  group_.template_version = target->version.value_or("");
}

std::vector<InstanceRow> Controller::in_state(const std::string& state) const {
  std::vector<InstanceRow> found;
  for (const InstanceRow& each : instances_) {
    if (each.state == state) found.push_back(each);
  }
  return found;
}

int64_t Controller::capacity() const {
  return std::ranges::count_if(instances_, counts);
}

std::vector<InstanceRow> Controller::counted() const {
  std::vector<InstanceRow> found;
  std::ranges::copy_if(instances_, std::back_inserter(found), counts);
  return found;
}

// Towards the desired capacity.
bool Controller::counts(const InstanceRow& instance) {
  return instance.state != "Terminating" && instance.state != "Standby";
}

bool Controller::is_settled() const {
  return std::ranges::all_of(instances_, [](const InstanceRow& each) {
    return each.state == "InService" || each.state == "Standby";
  });
}

// A rolling update that may not take an old instance away adds a new one first.
int64_t Controller::wanted() const {
  if (group_.is_deleting) return 0;
  if (!group_.rolling_min) return group_.desired + std::max(refresh_surge(), maintenance_surge());
  const int64_t surge = std::clamp<int64_t>(*group_.rolling_min + *group_.rolling_batch - group_.desired, 0,
                                            *group_.rolling_batch);
  return std::min(group_.max, group_.desired + surge);
}

jobs::Outcome Controller::run() {
  std::optional<GroupRow> group;
  const aws::Caller any = region_.caller("", "", "autoscaling.amazonaws.com");
  region_.transact(any, sql::Access::Read,
                   [&](aws::Call& call) { group = find_group(call.transaction, id_); });
  if (!group) return jobs::done();
  caller_ = region_.caller(group->account, group->region, "autoscaling.amazonaws.com");
  region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) { load(call); });
  if (!group->is_deleting) step([&](aws::Call& call) { run_scheduled_actions(service_, call, group_); });
  read_status_checks();
  std::vector<InstanceRow> all = instances_;
  all.insert(all.end(), warm_.begin(), warm_.end());
  for (const InstanceRow& instance : all) {
    const auto problem = step([&](aws::Call& call) { observe(call, instance.id); });
    if (problem) log::warning(fmt::format("group {}: {}: {}", group_.name, instance.id, *problem));
  }
  if (group->is_deleting) {
    if (finish_deletion()) return jobs::done();
    return jobs::again_at(clock_.now() + kUnrestPause);
  }
  read_surroundings();
  launch_missing();
  balance_zones();
  for (const auto& change : {&Controller::carry_on_refresh, &Controller::replace_outdated,
                             &Controller::renew, &Controller::shrink, &Controller::trim_pool, &Controller::rest}) {
    const auto problem = step([&](aws::Call& call) { (this->*change)(call); });
    if (problem) log::warning(fmt::format("group {}: {}", group_.name, *problem));
  }
  // Last, as what the group gives up may come back.
  fill_pool();
  std::optional<int64_t> deadline;
  region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) {
    load(call);
    deadline = next_deadline(call);
  });
  return jobs::again_at(next_look(deadline));
}

// Of hooks and scheduled actions.
std::optional<int64_t> Controller::next_deadline(aws::Call& call) const {
  auto row = call.transaction.find(
      "SELECT min(ends) FROM autoscaling_wait WHERE result = ''"
      " AND instance IN (SELECT id FROM autoscaling_instance WHERE grp = ?1)",
      {id_});
  const auto hook = row ? row->optional_integer(0) : std::nullopt;
  const auto action = next_scheduled_action(call.transaction, id_);
  if (!hook || !action) return hook ? hook : action;
  return std::min(*hook, *action);
}

// The launch template may be gone; without it instances can still be given up.
void Controller::read_surroundings() {
  template_problem_ = attempt(region_, caller_, [&](aws::Call& call) {
    load(call);
    template_ = resolve_template(call, group_);
  });
  const auto problem = attempt(region_, caller_, [&](aws::Call& call) {
    ec2::DescribeSubnetsRequest subnets;
    subnets.filters = {{.name = "subnet-id", .values = group_.subnets}};
    for (const auto& each : call.client.call<ec2::DescribeSubnets>(call, self(call), subnets).subnets) {
      zones_[each.subnet_id.value_or("")] = each.availability_zone.value_or("");
    }
  });
  if (problem) log::warning(fmt::format("group {}: {}", group_.name, *problem));
  read_failed_zones();
}

Time Controller::next_look(const std::optional<int64_t>& deadline) const {
  const bool rests = static_cast<int64_t>(in_state("InService").size()) == wanted() &&
                     is_settled() && !group_.rolling_min && !refresh_ &&
                     maintenance_surge() == 0 && (!pool_ || in_pool() == pool_->size(group_));
  const Time now = clock_.now();
  Time next = now + (rests ? kRestPause : kUnrestPause);
  auto consider = [&](int64_t milliseconds) {
    const Time time = from_milliseconds(milliseconds);
    if (time > now && time < next) next = time;
  };
  if (deadline) consider(*deadline);
  if (capacity() < wanted()) consider(group_.launch_after);
  if (group_.rolling_min) consider(group_.paused_until);
  if (refresh_) consider(refresh_->wait_until);
  for (const InstanceRow& each : in_state("InService")) {
    consider(each.in_service + group_.grace * 1000);
    if (group_.max_lifetime) consider(each.launched + *group_.max_lifetime * 1000);
    if (refresh_) consider(warm_at(each));
  }
  return next;
}

void Controller::observe(aws::Call& call, const std::string& id) {
  const auto instance = find_instance(call.transaction, id);
  if (!instance) return;
  const StateInEc2 state = state_in_ec2(call, id);
  if (instance->is_warm) return observe_warm(call, *instance, state.name);
  if (instance->state == "Terminating") {
    observe_ending(call, *instance, state.name);
  } else if (instance->state == "Standby") {
    // Its user may do with it what he likes.
    if (state.name != "terminated") return;
    retire(service_, call, group_, *instance,
           at_now(call) + fmt::format("instance {} was terminated while it stood by.", id));
  } else if (state.name != "running" && state.name != "pending") {
    if (suspended_.contains(kHealthCheck)) return;
    observe_end(call, *instance, state.name, state.reason);
  } else if (instance->state == "Pending" && state.name == "running") {
    admit(call, *instance);
  } else if (instance->state == "InService") {
    observe_health(call, *instance);
  }
}

void Controller::observe_ending(aws::Call& call, const InstanceRow& instance, const std::string& state) {
  if (state != "terminated") {
    drain(call, instance);
    return;
  }
  end_activity(call, instance.activity, "Successful");
  call.transaction.run("DELETE FROM autoscaling_instance WHERE id = ?1", {instance.id});
}

void Controller::observe_end(aws::Call& call, const InstanceRow& instance, const std::string& state,
                             const std::string& reason) {
  const bool is_new = instance.state == "Pending";
  if (is_new) {
    end_activity(call, instance.activity, "Failed",
                 "Instance became unhealthy while waiting for instance to be in InService state. "
                 "Termination Reason: " +
                     (reason.empty() ? "it is " + state : reason));
  }
  if (is_new || call.now < from_milliseconds(instance.in_service) + kYoung) put_off_launches(call, 1);
  replace(call, instance,
          "an instance was taken out of service in response to an EC2 health check indicating it has been "
          "terminated or stopped.");
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
void Controller::observe_health(aws::Call& call, const InstanceRow& instance) {
  if (instance.health != "Healthy") {
    replace_running(call, instance, "an instance was taken out of service in response to a user health-check.");
    return;
  }
  if (suspended_.contains(kHealthCheck)) return;
  if (to_milliseconds(call.now) < instance.in_service + group_.grace * 1000) return;
  if (impaired_.contains(instance.id)) {
    replace_running(call, instance,
            "an instance was taken out of service in response to an EC2 instance status checks failure.");
    return;
  }
  if (group_.health_check != "ELB") return;
  if (target_state(call, group_.target_groups, instance.id) != TargetState::Unhealthy) return;
  replace_running(call, instance,
          "an instance was taken out of service in response to an ELB system health check failure.");
}

void Controller::replace(aws::Call& call, const InstanceRow& instance, const std::string& cause) {
  call.transaction.run("UPDATE autoscaling_instance SET health = 'Unhealthy' WHERE id = ?1", {instance.id});
  if (suspended_.contains(kReplaceUnhealthy) || suspended_.contains(kTerminate)) return;
  call.transaction.run("UPDATE autoscaling_group SET replacing = replacing + 1 WHERE id = ?1", {id_});
  retire(service_, call, group_, instance, at_now(call) + cause);
}

// Whether the hooks of its launch are done with it; one that they abandon is retired for `cause`.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
bool Controller::passes_launch_hooks(aws::Call& call, const InstanceRow& instance, const std::string& cause) {
  if (instance.phase.empty() && begin_waiting(service_, call, instance, kLaunching)) return false;
  if (instance.phase != "Wait") return true;
  const WaitState wait = waiting_of(call, instance);
  if (wait.state == Waiting::Goes) return false;
  end_waiting(call, instance);
  if (wait.state != Waiting::Abandoned) return true;
  end_activity(call, instance.activity, "Cancelled", wait.message);
  put_off_launches(call, 1);
  retire(service_, call, group_, instance, at_now(call) + cause);
  return false;
}

void Controller::admit(aws::Call& call, const InstanceRow& instance) {
  if (!passes_launch_hooks(call, instance,
                           "an instance was taken out of service in response to a launch failure.")) {
    return;
  }
  put_in_service(call, instance);
}

void Controller::put_in_service(aws::Call& call, const InstanceRow& instance) {
  if (!suspended_.contains(kAddToLoadBalancer)) register_targets(call, group_.target_groups, instance.id);
  end_activity(call, instance.activity, "Successful");
  call.transaction.run("UPDATE autoscaling_instance SET state = 'InService', phase = '', in_service = ?2"
                       " WHERE id = ?1",
                       {instance.id, to_milliseconds(call.now)});
  if (!group_.rolling_pause) return;
  // What waits for signals goes on when the stack says so.
  const int64_t until =
      group_.rolling_since ? kUntilToldOtherwise : to_milliseconds(call.now) + *group_.rolling_pause;
  call.transaction.run("UPDATE autoscaling_group SET paused_until = ?2 WHERE id = ?1", {id_, until});
}

// Requests under way end before the instance does.
void Controller::drain(aws::Call& call, const InstanceRow& instance) {
  if (!instance.drains_until) return;
  const bool may_wait = to_milliseconds(call.now) < *instance.drains_until;
  if (may_wait && target_state(call, group_.target_groups, instance.id) == TargetState::Draining) {
    call.transaction.run(
        "UPDATE autoscaling_activity SET status = 'WaitingForELBConnectionDraining', progress = 50"
        " WHERE id = ?1",
        {instance.activity});
    return;
  }
  // A group that is deleted by force waits for nobody.
  const bool may_hook = !group_.is_deleting;
  if (may_hook && instance.phase.empty() && begin_waiting(service_, call, instance, kTerminating)) return;
  if (instance.phase == "Wait") {
    if (may_hook && waiting_of(call, instance).state == Waiting::Goes) return;
    end_waiting(call, instance);
  }
  if (instance.returns && may_return()) return return_to_pool(call, instance);
  ec2::TerminateInstancesRequest request;
  request.instance_ids = {instance.id};
  call.client.call<ec2::TerminateInstances>(call, self(call), request);
  call.transaction.run("UPDATE autoscaling_instance SET drains_until = NULL WHERE id = ?1", {instance.id});
}

bool Controller::finish_deletion() {
  bool is_empty = false;
  region_.transact(caller_, sql::Access::Write, [&](aws::Call& call) {
    load(call);
    is_empty = instances_.empty() && warm_.empty();
    if (!is_empty) return;
    call.transaction.run("UPDATE autoscaling_activity SET is_group_deleted = 1 WHERE group_arn = ?1",
                         {group_.arn});
    call.transaction.run("DELETE FROM autoscaling_group WHERE id = ?1", {id_});
  });
  return is_empty;
}

}  // namespace holm::autoscaling

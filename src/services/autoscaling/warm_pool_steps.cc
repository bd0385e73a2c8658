// The controller's part of a warm pool: it is filled, instances are prepared and rest there, and the group takes
// what it lacks out of it.

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/time_format.h"
#include "ec2/operations.h"
#include "services/autoscaling/controller.h"
#include "services/autoscaling/hooks.h"

namespace holm::autoscaling {

namespace {

aws::Principal self(const aws::Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

void stop(aws::Call& call, const std::string& id) {
  ec2::StopInstancesRequest request;
  request.instance_ids = {id};
  call.client.call<ec2::StopInstances>(call, self(call), request);
}

bool is_ready(const InstanceRow& instance) {
  return instance.state == "Stopped" || instance.state == "Running";
}

}  // namespace

void Controller::observe_warm(aws::Call& call, const InstanceRow& instance, const std::string& state) {
  if (instance.state == "Terminating") return observe_ending(call, instance, state);
  const bool is_prepared = instance.phase == "Proceed";
  const bool is_gone = state == "terminated" || state == "shutting-down";
  const bool stopped_itself = instance.state == "Pending" && !is_prepared && state != "pending" &&
                              state != "running";
  if (is_gone || stopped_itself) {
    if (instance.state == "Pending") put_off_launches(call, 1);
    retire(service_, call, group_, instance,
           at_now(call) + fmt::format("instance {} was {} while it was in the warm pool.", instance.id, state));
  } else if (instance.state != "Pending" || !pool_) {
    return;
  } else if (is_prepared) {
    rest_in_pool(call, instance, state);
  } else if (state == "running") {
    prepare(call, instance);
  }
}

// What its hooks do is done once here, and again when the instance goes into service, as on AWS.
void Controller::prepare(aws::Call& call, const InstanceRow& instance) {
  if (!passes_launch_hooks(call, instance,
                           "an instance was taken out of the warm pool in response to a launch failure.")) {
    return;
  }
  call.transaction.run("UPDATE autoscaling_instance SET phase = 'Proceed' WHERE id = ?1", {instance.id});
  rest_in_pool(call, instance, "running");
}

void Controller::rest_in_pool(aws::Call& call, const InstanceRow& instance, const std::string& state) {
  const bool rests_stopped = pool_->state == "Stopped";
  if (rests_stopped && state == "running") return stop(call, instance.id);
  if (state != (rests_stopped ? "stopped" : "running")) return;
  end_activity(call, instance.activity, "Successful");
  call.transaction.run("UPDATE autoscaling_instance SET state = ?2, phase = '' WHERE id = ?1",
                       {instance.id, pool_->state});
}

// The instance that is ready in the zone where the group has fewest goes into service. False when there is none.
bool Controller::take_from_pool(aws::Call& call, const std::string& cause) {
  if (!pool_ || pool_->is_deleting) return false;
  std::map<std::string, int> crowd;
  for (const InstanceRow& each : instances_) crowd[each.zone] += counts(each) ? 1 : 0;
  const InstanceRow* chosen = nullptr;
  for (const InstanceRow& each : warm_) {
    if (!is_ready(each) || failed_zones_.contains(each.zone) || is_outdated(each)) continue;
    if (!chosen || crowd[each.zone] < crowd[chosen->zone]) chosen = &each;
  }
  if (!chosen) return false;
  const std::string activity = begin_activity(
      service_, call, group_, "Launching a new EC2 instance from warm pool: " + chosen->id, cause);
  call.transaction.run(
      "UPDATE autoscaling_instance SET is_warm = 0, state = 'Pending', phase = '', activity = ?2,"
      " health = 'Healthy', is_protected = ?3 WHERE id = ?1",
      {chosen->id, activity, int64_t{group_.protects}});
  if (chosen->state == "Running") return true;
  ec2::StartInstancesRequest request;
  request.instance_ids = {chosen->id};
  call.client.call<ec2::StartInstances>(call, self(call), request);
  return true;
}

// An instance that the group gave up and that has drained.
void Controller::return_to_pool(aws::Call& call, const InstanceRow& instance) {
  end_activity(call, instance.activity, "Successful");
  const std::string activity =
      begin_activity(service_, call, group_, "Returning EC2 instance to warm pool: " + instance.id,
                     at_now(call) + "an instance was returned to the warm pool in response to scale in.");
  call.transaction.run(
      "UPDATE autoscaling_instance SET is_warm = 1, returns = 0, state = 'Pending', phase = 'Proceed',"
      " drains_until = NULL, in_service = 0, activity = ?2 WHERE id = ?1",
      {instance.id, activity});
  rest_in_pool(call, instance, "running");
}

bool Controller::may_return() const {
  return pool_ && pool_->reuses && !pool_->is_deleting && !group_.is_deleting;
}

int64_t Controller::in_pool() const {
  const auto is_coming = [](const InstanceRow& each) { return each.state == "Terminating" && each.returns; };
  const auto stays = [](const InstanceRow& each) { return each.state != "Terminating"; };
  return std::ranges::count_if(warm_, stays) + std::ranges::count_if(instances_, is_coming);
}

void Controller::fill_pool() {
  while (true) {
    region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) { load(call); });
    if (!pool_ || in_pool() >= pool_->size(group_) || suspended_.contains(kLaunch)) return;
    if (to_milliseconds(clock_.now()) < group_.launch_after || capacity() != wanted()) return;
    std::optional<std::string> problem = "The group has no subnet.";
    std::vector<InstanceRow> all = instances_;
    all.insert(all.end(), warm_.begin(), warm_.end());
    for (const std::string& subnet : places_by_load(all)) {
      problem = step([&](aws::Call& call) {
        if (!pool_ || in_pool() >= pool_->size(group_)) return;
        launch(call, subnet,
               at_now(call) + fmt::format("an instance was started in response to a difference between the "
                                          "capacity of the warm pool, {}, and the one that is wanted, {}.",
                                          in_pool(), pool_->size(group_)),
               Into::Pool);
      });
      if (!problem) break;
    }
    if (!problem) continue;
    step([&](aws::Call& call) { note_failed_launch(call, *problem); });
    return;
  }
}

// Too many, or made of what the group is not launched from any more while its instances are replaced.
void Controller::trim_pool(aws::Call& call) {
  const bool ends = !pool_ || pool_->is_deleting;
  if (pool_ && pool_->is_deleting && warm_.empty()) {
    call.transaction.run("DELETE FROM autoscaling_warm_pool WHERE grp = ?1", {id_});
    return;
  }
  if (suspended_.contains(kTerminate) && !ends) return;
  int64_t excess = in_pool() - (pool_ ? pool_->size(group_) : 0);
  for (const InstanceRow& each : warm_) {
    if (each.state == "Terminating") continue;
    const bool is_old = refresh_ && !template_problem_ && is_outdated(each);
    if (!ends && !is_old && excess <= 0) continue;
    --excess;
    retire(service_, call, group_, each,
           at_now(call) + fmt::format("instance {} was taken out of the warm pool, which {}.", each.id,
                                      is_old ? "is refreshed" : "is larger than it is wanted"));
  }
}

}  // namespace holm::autoscaling

// The controller's way with instances that run but have to go: those that are not healthy, and those that are too
// old. Where the group's maintenance policy has room for it, the successor comes first.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html

#include <algorithm>

#include "services/autoscaling/controller.h"

namespace holm::autoscaling {

namespace {

// How many of a group are renewed at a time.
constexpr int64_t kRenewedShare = 10;

}  // namespace

// How many instances beyond the desired capacity there may be meanwhile.
int64_t Controller::maintenance_room() const {
  const int64_t most = group_.maintenance_max.value_or(100);
  if (most <= 100 || group_.desired == 0) return 0;
  return std::max<int64_t>(1, group_.desired * most / 100 - group_.desired);
}

bool Controller::is_expired(const InstanceRow& instance) const {
  return group_.max_lifetime &&
         instance.launched + *group_.max_lifetime * 1000 <= to_milliseconds(clock_.now());
}

int64_t Controller::renewals_at_once() const { return std::max<int64_t>(1, group_.desired / kRenewedShare); }

int64_t Controller::maintenance_surge() const {
  const int64_t room = maintenance_room();
  if (room == 0 || suspended_.contains(kTerminate) || group_.is_deleting) return 0;
  int64_t unhealthy = 0, expired = 0;
  for (const InstanceRow& each : in_state("InService")) {
    if (each.health != "Healthy") ++unhealthy;
    else if (is_expired(each)) ++expired;
  }
  if (suspended_.contains(kReplaceUnhealthy)) unhealthy = 0;
  return std::min(room, unhealthy + std::min(expired, renewals_at_once()));
}

int64_t Controller::healthy_beside(const InstanceRow& instance) const {
  return std::ranges::count_if(instances_, [&](const InstanceRow& each) {
    return each.id != instance.id && each.state == "InService" && each.health == "Healthy";
  });
}

void Controller::replace_running(aws::Call& call, const InstanceRow& instance, const std::string& cause) {
  if (maintenance_room() == 0) return replace(call, instance, cause);
  call.transaction.run("UPDATE autoscaling_instance SET health = 'Unhealthy' WHERE id = ?1", {instance.id});
  if (suspended_.contains(kReplaceUnhealthy) || suspended_.contains(kTerminate)) return;
  if (healthy_beside(instance) < group_.desired) return;
  retire(service_, call, group_, instance, at_now(call) + cause);
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-max-instance-lifetime.html
void Controller::renew(aws::Call& call) {
  const bool rests = group_.rolling_min || refresh_ || suspended_.contains(kTerminate) ||
                     suspended_.contains(kLaunch) || template_problem_;
  if (!group_.max_lifetime || rests || !is_settled()) return;
  const std::vector<InstanceRow> serving = in_state("InService");
  const int64_t spare = static_cast<int64_t>(serving.size()) - group_.desired;
  // Without room for a successor one has to go first.
  int64_t allowed = maintenance_room() > 0 ? std::min(spare, renewals_at_once()) : renewals_at_once();
  for (const InstanceRow& each : serving) {
    if (!is_expired(each) || allowed-- <= 0) continue;
    retire(service_, call, group_, each,
           at_now(call) + "an instance was taken out of service in response to the maximum instance lifetime.");
  }
}

}  // namespace holm::autoscaling

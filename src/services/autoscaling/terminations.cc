// The controller's answer to too many instances, and to those of an old launch template.

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/time_format.h"
#include "services/autoscaling/controller.h"
#include "services/autoscaling/mixed_instances.h"
#include "services/autoscaling/rolling_updates.h"

namespace holm::autoscaling {

namespace {

constexpr char kAllProtected[] =
    "Could not scale to desired capacity because all remaining instances are protected from scale-in.";

}  // namespace

bool Controller::is_outdated(const InstanceRow& instance) const {
  return instance.template_id != template_.id || instance.template_version != template_.version;
}

Staff Controller::staff() const {
  Staff staff{.serving = in_state("InService"),
              .zones = {},
              .present = template_,
              .mixed = read_mixed(group_.mixed)};
  for (const auto& [subnet, zone] : zones_) staff.zones.insert(zone);
  return staff;
}

void Controller::shrink(aws::Call& call) {
  const auto serving = static_cast<int64_t>(in_state("InService").size());
  if (serving <= wanted() || suspended_.contains(kTerminate)) return;
  const auto excess = static_cast<size_t>(serving - wanted());
  const std::vector<InstanceRow> chosen = choose_for_termination(group_, staff(), excess);
  if (chosen.size() < excess) note_protection(call);
  const auto left = serving - static_cast<int64_t>(chosen.size());
  std::vector<std::string> causes = {
      group_.cause,
      at_now(call) + fmt::format("an instance was taken out of service in response to a difference between "
                                 "desired and actual capacity, shrinking the capacity from {} to {}.",
                                 serving, left)};
  for (const InstanceRow& each : chosen) {
    causes.push_back(at_now(call) + fmt::format("instance {} was selected for termination.", each.id));
  }
  for (const InstanceRow& each : chosen) {
    retire(service_, call, group_, each, sentences(causes));
    if (!may_return()) continue;
    call.transaction.run("UPDATE autoscaling_instance SET returns = 1 WHERE id = ?1", {each.id});
  }
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
// Said once for each change of the desired capacity.
void Controller::note_protection(aws::Call& call) {
  auto last = call.transaction.find(
      "SELECT message, cause FROM autoscaling_activity WHERE group_arn = ?1 ORDER BY sequence DESC LIMIT 1",
      {group_.arn});
  if (last && last->optional_text(0) == kAllProtected && last->text(1) == group_.cause) return;
  const std::string activity =
      begin_activity(service_, call, group_, "Terminating EC2 instance", group_.cause);
  end_activity(call, activity, "Failed", kAllProtected);
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
void Controller::replace_outdated(aws::Call& call) {
  if (!group_.rolling_min || template_problem_ || to_milliseconds(call.now) < group_.paused_until) return;
  const std::vector<InstanceRow> serving = in_state("InService");
  if (!is_settled() || suspended_.contains(kTerminate) || static_cast<int64_t>(serving.size()) < wanted()) return;
  auto spare = std::min(*group_.rolling_batch, static_cast<int64_t>(serving.size()) - *group_.rolling_min);
  bool has_outdated = false;
  for (const InstanceRow& each : serving) {
    if (!is_outdated(each)) continue;
    has_outdated = true;
    if (spare-- <= 0) continue;
    retire(service_, call, group_, each,
           at_now(call) +
               fmt::format("instance {} was taken out of service in response to a rolling update.", each.id));
  }
  if (has_outdated) return;
  end_rolling_update(call, group_);
}

// Nothing that is launched or terminated from now on is because of the last change.
void Controller::rest(aws::Call& call) {
  const bool is_due = !group_.cause.empty() || group_.replacing > 0 || group_.cooldown_next > 0;
  if (!is_due || capacity() != wanted() || in_state("Pending").size() > 0) return;
  call.transaction.run("UPDATE autoscaling_group SET cause = '', replacing = 0, cooldown_next = 0 WHERE id = ?1",
                       {id_});
  if (group_.cooldown_next == 0) return;
  call.transaction.run("UPDATE autoscaling_group SET cooldown_until = ?2 WHERE id = ?1",
                       {id_, to_milliseconds(call.now) + group_.cooldown_next * 1000});
}

}  // namespace holm::autoscaling

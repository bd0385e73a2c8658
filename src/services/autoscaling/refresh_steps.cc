// The controller's part of an instance refresh: old instances go as fast as health and checkpoints allow, and
// what launches the missing ones does the rest.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "services/autoscaling/controller.h"

namespace holm::autoscaling {

namespace {

constexpr int64_t kPatience = int64_t{3600} * 1000;  // Without any progress.

int64_t share_above(int64_t of, int64_t percent) { return (of * percent + 99) / 100; }

// The oldest of the fullest zone goes first.
std::vector<InstanceRow> first_to_go(std::vector<InstanceRow> from, int64_t count,
                                     const std::vector<InstanceRow>& all) {
  std::map<std::string, int> crowd;
  for (const InstanceRow& each : all) crowd[each.zone] += each.state == "InService" ? 1 : 0;
  std::vector<InstanceRow> chosen;
  while (static_cast<int64_t>(chosen.size()) < count && !from.empty()) {
    auto next = std::ranges::max_element(from, {}, [&](const InstanceRow& each) { return crowd[each.zone]; });
    --crowd[next->zone];
    chosen.push_back(*next);
    from.erase(next);
  }
  return chosen;
}

}  // namespace

// How an instance refresh stands.
struct Controller::Standing {
  std::vector<InstanceRow> left;     // To be replaced,
  std::vector<InstanceRow> serving;  // those of them that can be now,
  std::vector<InstanceRow> aside;    // and those that stand by and can go without a successor.
  int64_t healthy = 0;
  int64_t unready = 0;  // Successors that are missing or not yet warm.
  int64_t warm_at = 0;  // When the last of those that are in service will be.
  std::string example;  // One of them.
};

Controller::Standing Controller::standing() const {
  const RefreshPreferences& wishes = refresh_->preferences();
  const std::string protection = wishes.scale_in_protected_instances.value_or("Wait");
  const std::string standby = wishes.standby_instances.value_or("Wait");
  const int64_t now = to_milliseconds(clock_.now());
  Standing standing;
  for (const InstanceRow& each : instances_) {
    if (each.state == "Terminating") continue;
    const bool is_old = to_replace_.contains(each.id), is_in_service = each.state == "InService";
    const bool is_warm = is_in_service && (is_old || warm_at(each) <= now);
    if (is_warm && each.health == "Healthy") ++standing.healthy;
    if (!is_old && counts(each) && !is_warm) {
      ++standing.unready;
      standing.example = each.id;
      if (is_in_service) standing.warm_at = std::max(standing.warm_at, warm_at(each));
    }
    const bool is_aside = each.state == "Standby";
    const bool is_ignored =
        (each.is_protected && protection == "Ignore") || (is_aside && standby == "Ignore");
    if (!is_old || is_ignored) continue;
    standing.left.push_back(each);
    if (each.is_protected && protection == "Wait") continue;
    if (is_in_service) standing.serving.push_back(each);
    if (is_aside && standby == "Terminate") standing.aside.push_back(each);
  }
  standing.unready += std::max<int64_t>(0, group_.desired - capacity());
  return standing;
}

int64_t Controller::warm_at(const InstanceRow& instance) const {
  return instance.in_service + int64_t{1000} * refresh_->preferences().instance_warmup.value_or(0);
}

// How many of all may be replaced before the refresh pauses.
int64_t Controller::refresh_limit() const {
  const auto& points = refresh_->preferences().checkpoint_percentages;
  const auto at = static_cast<size_t>(refresh_->checkpoint);
  if (refresh_->is(refresh::kRollingBack) || at >= points.size()) return refresh_->total;
  return share_above(refresh_->total, points[at]);
}

// How many instances beyond the desired capacity it may have at a time.
int64_t Controller::refresh_room() const {
  const int64_t most = refresh_->preferences().max_healthy_percentage.value_or(100);
  if (most <= 100 || group_.desired == 0) return 0;
  return std::max<int64_t>(1, group_.desired * most / 100 - group_.desired);
}

int64_t Controller::refresh_surge() const {
  if (!refresh_ || !refresh_->replaces() || suspended_.contains(kInstanceRefresh)) return 0;
  if (to_milliseconds(clock_.now()) < refresh_->wait_until) return 0;
  const Standing at = standing();
  const int64_t allowed = refresh_limit() - (refresh_->total - static_cast<int64_t>(at.left.size()));
  const auto replaceable = static_cast<int64_t>(at.serving.size());
  return std::max<int64_t>(0, std::min({refresh_room(), allowed, replaceable}));
}

void Controller::carry_on_refresh(aws::Call& call) {
  if (!refresh_ || suspended_.contains(kInstanceRefresh)) return;
  RefreshRow& row = *refresh_;
  const int64_t now = to_milliseconds(call.now);
  if (row.is(refresh::kCancelling)) {
    if (is_settled()) end_refresh(call, "Cancelled", row.reason);
    return;
  }
  if (!row.is(refresh::kRollingBack) && row.preferences().alarm_specification) {
    const auto alarmed = alarms_in_alarm(call, row.preferences().alarm_specification->alarms);
    if (!alarmed.empty()) {
      return fail_refresh(call, "One or more alarms are in ALARM: " + join(alarmed, ", ") + ".");
    }
  }
  if (row.is(refresh::kBaking)) {
    if (now >= row.wait_until) end_refresh(call, "Successful", "");
    return;
  }
  if (row.is(refresh::kPending)) row.status = refresh::kInProgress;
  const Standing at = standing();
  const int64_t done = row.total - static_cast<int64_t>(at.left.size()) - at.unready;
  if (done > row.updated) row.progressed = now;
  row.updated = std::clamp(done, row.updated, row.total);
  if (now >= row.wait_until && !pause_refresh(call)) {
    if (at.left.empty() && at.unready == 0) return finish_refresh(call);
    replace_by_refresh(call, at);
    if (now > std::max(row.progressed, at.warm_at) + kPatience) {
      return fail_refresh(call, "There was no progress for an hour. " + row.reason);
    }
  }
  update_refresh(call.transaction, row);
}

// Whether a checkpoint is reached. Behind the last one nothing is waited for.
bool Controller::pause_refresh(aws::Call& call) {
  RefreshRow& row = *refresh_;
  const auto& points = row.preferences().checkpoint_percentages;
  const auto at = static_cast<size_t>(row.checkpoint);
  if (row.is(refresh::kRollingBack) || at >= points.size() || row.updated < refresh_limit()) return false;
  ++row.checkpoint;
  row.progressed = to_milliseconds(call.now);
  if (at + 1 == points.size()) {
    finish_refresh(call);
    return true;
  }
  row.wait_until = row.progressed + int64_t{1000} * row.preferences().checkpoint_delay.value_or(0);
  row.reason = fmt::format("Waiting at the checkpoint of {} percent until {}.", points[at],
                           iso8601(from_milliseconds(row.wait_until)));
  return true;
}

void Controller::replace_by_refresh(aws::Call& call, const Standing& at) {
  RefreshRow& row = *refresh_;
  const int64_t floor =
      share_above(group_.desired, row.preferences().min_healthy_percentage.value_or(100));
  // Without room for a successor one has to go first.
  const int64_t least = refresh_room() > 0 ? floor : std::min(floor, group_.desired - 1);
  int64_t allowed = refresh_limit() - (row.total - static_cast<int64_t>(at.left.size()));
  std::vector<InstanceRow> going = first_to_go(at.aside, allowed, {});
  allowed -= static_cast<int64_t>(going.size());
  for (InstanceRow& each : first_to_go(at.serving, std::min(allowed, at.healthy - least), instances_)) {
    going.push_back(std::move(each));
  }
  for (const InstanceRow& each : going) {
    retire(service_, call, group_, each,
           at_now(call) + "an instance was taken out of service in response to an instance refresh.");
  }
  row.reason = "";
  if (!going.empty()) row.progressed = to_milliseconds(call.now);
  else if (at.unready > 0 && !at.example.empty()) {
    row.reason = "Waiting for instances to warm up before continuing. For example: " + at.example +
                 " is warming up.";
  } else if (!at.left.empty()) {
    row.reason =
        "Waiting for remaining instances to be available. For example: " + at.left.front().id + ".";
  }
}

// Everybody is replaced.
void Controller::finish_refresh(aws::Call& call) {
  RefreshRow& row = *refresh_;
  if (row.is(refresh::kRollingBack)) return end_refresh(call, "RollbackSuccessful", "");
  const int64_t bake = row.preferences().bake_time.value_or(0);
  if (bake == 0) return end_refresh(call, "Successful", "");
  row.status = refresh::kBaking;
  row.reason = "";
  row.wait_until = to_milliseconds(call.now) + bake * 1000;
  update_refresh(call.transaction, row);
}

void Controller::fail_refresh(aws::Call& call, const std::string& reason) {
  RefreshRow& row = *refresh_;
  const auto own = find_group(call.transaction, id_);
  if (row.is(refresh::kRollingBack)) return end_refresh(call, "RollbackFailed", reason);
  if (row.preferences().auto_rollback.value_or(false) && own && can_roll_back(*own, row.asked)) {
    return begin_rollback(service_, call, *own, row, reason);
  }
  end_refresh(call, "Failed", reason);
}

// What it was launched from for the time being becomes the group's own, if it went well.
void Controller::end_refresh(aws::Call& call, std::string_view status, const std::string& reason) {
  RefreshRow& row = *refresh_;
  const LaunchTemplateSpecification* target = row.target();
  if (status == "Successful" && target) {
    call.transaction.run(
        "UPDATE autoscaling_group SET template = ?2, template_name = ?3, template_version = ?4 WHERE id = ?1",
        {id_, target->launch_template_id.value_or(""), target->launch_template_name.value_or(""),
         target->version.value_or("")});
  }
  row.status = status;
  row.reason = reason;
  row.ended = to_milliseconds(call.now);
  update_refresh(call.transaction, row);
  service_.schedule(call.transaction, id_);
}

}  // namespace holm::autoscaling

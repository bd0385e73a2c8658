// The operations on instance refreshes.

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/errors.h"
#include "autoscaling/handlers.h"
#include "base/time_format.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/refreshes.h"

namespace holm::autoscaling {

namespace {

constexpr int32_t kMinHealthyDefault = 90;
constexpr int32_t kMaxHealthyDefault = 100;
constexpr int32_t kCheckpointDelayDefault = 3600;
constexpr size_t kPageDefault = 50;
constexpr size_t kAlarmsMax = 10;
constexpr std::chrono::days kHistory{42};

void require_one_of(const std::string& given, std::initializer_list<std::string_view> known,
                    std::string_view member) {
  if (std::ranges::find(known, given) != known.end()) return;
  throw_invalid(fmt::format("{} is not a valid value for {}.", given, member));
}

void check_checkpoints(const RefreshPreferences& wanted) {
  int32_t before = 0;
  for (const int32_t each : wanted.checkpoint_percentages) {
    if (each <= before || each > 100) {
      throw_invalid("CheckpointPercentages must be unique values from 1 to 100 in ascending order.");
    }
    before = each;
  }
  if (wanted.checkpoint_delay && wanted.checkpoint_percentages.empty()) {
    throw_invalid("CheckpointDelay needs CheckpointPercentages.");
  }
}

// With what AWS takes for a preference that was not given.
RefreshPreferences completed(const GroupRow& group, RefreshPreferences wanted) {
  if (wanted.max_healthy_percentage && !wanted.min_healthy_percentage) {
    throw_invalid("MaxHealthyPercentage needs MinHealthyPercentage.");
  }
  if (!wanted.min_healthy_percentage && group.maintenance_max) {
    wanted.min_healthy_percentage = static_cast<int32_t>(*group.maintenance_min);
    wanted.max_healthy_percentage = static_cast<int32_t>(*group.maintenance_max);
  }
  if (!wanted.min_healthy_percentage) wanted.min_healthy_percentage = kMinHealthyDefault;
  if (!wanted.max_healthy_percentage) wanted.max_healthy_percentage = kMaxHealthyDefault;
  if (*wanted.max_healthy_percentage - *wanted.min_healthy_percentage > 100) {
    throw_invalid("MaxHealthyPercentage and MinHealthyPercentage must not be more than 100 apart.");
  }
  if (!wanted.instance_warmup) {
    wanted.instance_warmup = static_cast<int32_t>(group.default_warmup.value_or(group.grace));
  }
  if (!wanted.skip_matching) wanted.skip_matching = false;
  if (!wanted.auto_rollback) wanted.auto_rollback = false;
  if (!wanted.scale_in_protected_instances) wanted.scale_in_protected_instances = "Wait";
  require_one_of(*wanted.scale_in_protected_instances, {"Refresh", "Ignore", "Wait"},
                 "ScaleInProtectedInstances");
  if (!wanted.standby_instances) wanted.standby_instances = "Wait";
  require_one_of(*wanted.standby_instances, {"Terminate", "Ignore", "Wait"}, "StandbyInstances");
  check_checkpoints(wanted);
  if (!wanted.checkpoint_percentages.empty() && !wanted.checkpoint_delay) {
    wanted.checkpoint_delay = kCheckpointDelayDefault;
  }
  if (wanted.alarm_specification && wanted.alarm_specification->alarms.size() > kAlarmsMax) {
    throw_invalid("An instance refresh watches 10 alarms at most.");
  }
  return wanted;
}

// Its template with both its id and its name.
void complete_target(Call& call, const GroupRow& group, DesiredConfiguration& wanted) {
  if (wanted.mixed_instances_policy) throw aws::NotImplemented("DesiredConfiguration: MixedInstancesPolicy");
  if (!wanted.launch_template) throw_invalid("DesiredConfiguration must have a LaunchTemplate.");
  LaunchTemplateSpecification& given = *wanted.launch_template;
  if (given.launch_template_id.has_value() == given.launch_template_name.has_value()) {
    throw_invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName");
  }
  GroupRow target = group;
  target.template_id = given.launch_template_id.value_or("");
  target.template_name = given.launch_template_name.value_or("");
  target.template_version = given.version.value_or("$Default");
  as_validation("You must use a valid fully-formed launch template. ", [&] {
    const TemplateVersion resolved = resolve_template(call, target);
    given = {.launch_template_id = resolved.id,
             .launch_template_name = resolved.name,
             .version = target.template_version};
  });
}

// Who is in the group now, but for those that are already as they shall be.
std::vector<std::string> outdated(Call& call, GroupRow group, const RefreshRow& row) {
  if (const LaunchTemplateSpecification* target = row.target()) {
    group.template_id = *target->launch_template_id;
    group.template_name = *target->launch_template_name;
    group.template_version = *target->version;
  }
  TemplateVersion present;
  as_validation("You must use a valid fully-formed launch template. ",
                [&] { present = resolve_template(call, group); });
  std::vector<std::string> ids;
  for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
    if (each.state == "Terminating") continue;
    const bool is_ignored =
        (each.is_protected && row.preferences().scale_in_protected_instances == "Ignore") ||
        (each.state == "Standby" && row.preferences().standby_instances == "Ignore");
    if (is_ignored) continue;
    const bool matches = each.template_id == present.id && each.template_version == present.version;
    if (!(matches && *row.preferences().skip_matching)) ids.push_back(each.id);
  }
  return ids;
}

RefreshRow require_active(Call& call, const GroupRow& group) {
  auto row = active_refresh(call.transaction, group.id);
  if (!row || row->is(refresh::kCancelling)) {
    throw ActiveInstanceRefreshNotFoundFault(
        fmt::format("No in progress or pending Instance Refresh found for Auto Scaling group {}", group.name));
  }
  return *row;
}

InstanceRefreshProgressDetails live_progress(int64_t updated, int64_t total) {
  InstanceRefreshProgressDetails details;
  details.live_pool_progress = InstanceRefreshLivePoolProgress{
      .percentage_complete = static_cast<int32_t>(percent_of(updated, total)),
      .instances_to_update = static_cast<int32_t>(total - updated)};
  return details;
}

InstanceRefresh describe(const GroupRow& group, const RefreshRow& row) {
  InstanceRefresh result;
  result.instance_refresh_id = row.id;
  result.auto_scaling_group_name = group.name;
  result.status = row.status;
  if (!row.reason.empty()) result.status_reason = row.reason;
  result.start_time = from_milliseconds(row.started);
  if (row.ended) result.end_time = from_milliseconds(*row.ended);
  if (!row.is(refresh::kPending)) {
    result.percentage_complete = static_cast<int32_t>(percent_of(row.updated, row.total));
    result.progress_details = live_progress(row.updated, row.total);
  }
  result.instances_to_update = static_cast<int32_t>(row.total - row.updated);
  result.preferences = row.preferences();
  result.desired_configuration = row.asked.desired_configuration;
  result.strategy = "Rolling";
  if (!row.rollback_reason) return result;
  const int64_t updated = row.updated_before_rollback, total = row.total_before_rollback;
  result.rollback_details =
      RollbackDetails{.rollback_reason = row.rollback_reason,
                      .rollback_start_time = from_milliseconds(row.rollback_started),
                      .percentage_complete_on_rollback = static_cast<int32_t>(percent_of(updated, total)),
                      .instances_to_update_on_rollback = static_cast<int32_t>(total - updated),
                      .progress_details_on_rollback = live_progress(updated, total)};
  return result;
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html
StartInstanceRefreshAnswer start_instance_refresh(Service& service, Call& call,
                                                  const StartInstanceRefreshType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  if (request.strategy.value_or("Rolling") == "ReplaceRootVolume") {
    throw aws::NotImplemented("StartInstanceRefresh: Strategy ReplaceRootVolume");
  }
  if (request.strategy.value_or("Rolling") != "Rolling") throw_invalid("Strategy must be Rolling.");
  if (auto active = active_refresh(call.transaction, group.id)) {
    throw InstanceRefreshInProgressFault("An Instance Refresh is already in progress and blocks the execution "
                                         "of this Instance Refresh.");
  }
  RefreshRow row{.group = group.id,
                 .id = service.random().uuid(),
                 .asked = request,
                 .status = std::string(refresh::kPending),
                 .started = to_milliseconds(call.now)};
  row.asked.preferences = completed(group, request.preferences.value_or(RefreshPreferences()));
  if (row.asked.desired_configuration) complete_target(call, group, *row.asked.desired_configuration);
  if (*row.preferences().auto_rollback && !can_roll_back(group, row.asked)) {
    throw_invalid(
        "AutoRollback needs a desired configuration, and a group whose launch template's version is neither "
        "$Latest nor $Default.");
  }
  if (const auto& watched = row.preferences().alarm_specification) {
    (void)alarms_in_alarm(call, watched->alarms);
  }
  const std::vector<std::string> ids = outdated(call, group, row);
  call.transaction.run("DELETE FROM autoscaling_refresh WHERE grp = ?1 AND ended < ?2",
                       {group.id, to_milliseconds(call.now - kHistory)});
  insert_refresh(call.transaction, row);
  row.progressed = row.started;
  write_instances_to_replace(call.transaction, row, ids);
  update_refresh(call.transaction, row);
  service.schedule(call.transaction, group.id);
  return {.instance_refresh_id = row.id};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CancelInstanceRefresh.html
CancelInstanceRefreshAnswer cancel_instance_refresh(Service& service, Call& call,
                                                    const CancelInstanceRefreshType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  RefreshRow row = require_active(call, group);
  row.reason = "Cancelled by user.";
  row.status = refresh::kCancelling;
  // Whoever is on its way is waited for by the controller, unless the user does not want that.
  if (!request.wait_for_transitioning_instances.value_or(true)) {
    row.status = "Cancelled";
    row.ended = to_milliseconds(call.now);
  }
  update_refresh(call.transaction, row);
  service.schedule(call.transaction, group.id);
  return {.instance_refresh_id = row.id};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RollbackInstanceRefresh.html
RollbackInstanceRefreshAnswer rollback_instance_refresh(Service& service, Call& call,
                                                        const RollbackInstanceRefreshType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  RefreshRow row = require_active(call, group);
  if (row.is(refresh::kRollingBack)) {
    throw ActiveInstanceRefreshNotFoundFault("The instance refresh is being rolled back already.");
  }
  if (!can_roll_back(group, row.asked)) {
    throw IrreversibleInstanceRefreshFault(
        "The instance refresh can't be rolled back: it has no desired configuration, or the version of the "
        "group's own launch template is $Latest or $Default.");
  }
  begin_rollback(service, call, group, row, "Rollback initiated by user request.");
  return {.instance_refresh_id = row.id};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeInstanceRefreshes.html
DescribeInstanceRefreshesAnswer describe_instance_refreshes(Service&, Call& call,
                                                            const DescribeInstanceRefreshesType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeInstanceRefreshesAnswer result;
  const auto& ids = request.instance_refresh_ids;
  for (const RefreshRow& each : refreshes_of(call.transaction, group.id)) {
    if (!ids.empty() && std::ranges::find(ids, each.id) == ids.end()) continue;
    result.instance_refreshes.push_back(describe(group, each));
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.instance_refreshes, count, request.next_token);
  return result;
}

}  // namespace holm::autoscaling

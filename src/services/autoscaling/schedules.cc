// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html

#include "services/autoscaling/schedules.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/errors.h"
#include "autoscaling/handlers.h"
#include "base/time_format.h"
#include "services/autoscaling/processes.h"
#include "services/autoscaling/recurrence.h"
#include "services/autoscaling/time_zone.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageDefault = 50;
constexpr char kColumns[] = "name, arn, starts, ends, recurrence, min, max, desired, next, zone";
constexpr char kUtc[] = "UTC";

struct ActionRow {
  std::string name, arn;
  std::optional<int64_t> starts, ends;  // Milliseconds.
  std::string recurrence;               // "" when it happens once.
  std::optional<int64_t> min, max, desired;
  std::optional<int64_t> next;  // Nothing once it is over.
  std::string zone;             // Of the recurrence.
};

std::vector<ActionRow> actions_of(sql::Transaction& transaction, int64_t group) {
  std::vector<ActionRow> actions;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM autoscaling_schedule WHERE grp = ?1 ORDER BY name", kColumns),
           {group})) {
    actions.push_back({.name = row.text(0),
                       .arn = row.text(1),
                       .starts = row.optional_integer(2),
                       .ends = row.optional_integer(3),
                       .recurrence = row.text(4),
                       .min = row.optional_integer(5),
                       .max = row.optional_integer(6),
                       .desired = row.optional_integer(7),
                       .next = row.optional_integer(8),
                       .zone = row.text(9)});
  }
  return actions;
}

std::optional<int64_t> milliseconds(const std::optional<Time>& time) {
  if (!time) return std::nullopt;
  return to_milliseconds(*time);
}

std::optional<int64_t> wide(const std::optional<int32_t>& number) {
  if (!number) return std::nullopt;
  return *number;
}

std::optional<int32_t> narrow(const std::optional<int64_t>& number) {
  if (!number) return std::nullopt;
  return static_cast<int32_t>(*number);
}

// The first time from `time` on, before the action's end.
std::optional<int64_t> next_time(const ActionRow& action, Time time) {
  std::optional<int64_t> next = action.starts;
  if (!action.recurrence.empty()) {
    const Time from =
        action.starts ? std::max(time, from_milliseconds(*action.starts) - std::chrono::minutes(1)) : time;
    const auto recurrence = Recurrence::parse(action.recurrence);
    next = recurrence ? milliseconds(recurrence->next_after(from, action.zone)) : std::nullopt;
  }
  if (next && action.ends && *next > *action.ends) return std::nullopt;
  return next;
}

void check_times(Call& call, const PutScheduledUpdateGroupActionType& request) {
  if (!is_time_zone(request.time_zone.value_or(kUtc))) {
    throw_invalid(fmt::format("TimeZone {} is not a valid time zone", *request.time_zone));
  }
  if (request.time && request.start_time) throw_invalid("Time and StartTime can't be given both.");
  const auto start = request.time ? request.time : request.start_time;
  if (!start && !request.recurrence) throw_invalid("StartTime, Recurrence or both are needed.");
  if (start && *start <= call.now) throw_invalid("Given start time is in the past");
  if (request.end_time && *request.end_time <= call.now) throw_invalid("Given end time is in the past");
  if (start && request.end_time && *start >= *request.end_time) {
    throw_invalid("Start time must be before end time");
  }
  if (request.recurrence && !Recurrence::parse(*request.recurrence)) {
    throw_invalid("Given recurrence string: " + *request.recurrence + " is invalid");
  }
}

void check_sizes(const PutScheduledUpdateGroupActionType& request) {
  if (!request.min_size && !request.max_size && !request.desired_capacity) {
    throw_invalid("At least one of MinSize, MaxSize and DesiredCapacity is needed.");
  }
  const int32_t min = request.min_size.value_or(0);
  const int32_t max = request.max_size.value_or(std::max(min, request.desired_capacity.value_or(min)));
  if (min > max) throw_invalid("Min bound must be less than or equal to max bound");
  if (request.desired_capacity && (*request.desired_capacity < min || *request.desired_capacity > max)) {
    throw_invalid("Desired capacity must be between the min size and the max size");
  }
}

// A capacity that the action leaves alone moves inside new bounds.
void change_sizes(Service& service, Call& call, const GroupRow& group, const ActionRow& action) {
  const int64_t min = action.min.value_or(group.min);
  const int64_t max = std::max(action.max.value_or(group.max), min);
  const int64_t desired = std::clamp(action.desired.value_or(group.desired), min, max);
  std::string cause = group.cause;
  if (desired != group.desired) {
    cause = at_now(call) + fmt::format(
                               "a scheduled action update of AutoScalingGroup constraints to min: {}, max: "
                               "{}, desired: {} changing the desired capacity from {} to {}.",
                               min, max, desired, group.desired, desired);
  }
  call.transaction.run(
      "UPDATE autoscaling_group SET min = ?2, max = ?3, desired = ?4, cause = ?5, last_change = ?6, failures "
      "= 0,"
      " launch_after = 0 WHERE id = ?1",
      {group.id, min, max, desired, cause, to_milliseconds(call.now)});
  service.schedule(call.transaction, group.id);
}

}  // namespace

// What was due while it was suspended, or while nobody was there, is done once at most.
void run_scheduled_actions(Service& service, aws::Call& call, const GroupRow& group) {
  for (const ActionRow& action : actions_of(call.transaction, group.id)) {
    if (!action.next || *action.next > to_milliseconds(call.now)) continue;
    if (!is_suspended(call.transaction, group.id, kScheduledActions)) {
      change_sizes(service, call, *find_group(call.transaction, group.id), action);
    }
    const auto next = action.recurrence.empty() ? std::nullopt : next_time(action, call.now);
    if (next) {
      call.transaction.run("UPDATE autoscaling_schedule SET next = ?3 WHERE grp = ?1 AND name = ?2",
                           {group.id, action.name, *next});
    } else {
      call.transaction.run("DELETE FROM autoscaling_schedule WHERE grp = ?1 AND name = ?2",
                           {group.id, action.name});
    }
  }
}

std::optional<int64_t> next_scheduled_action(sql::Transaction& transaction, int64_t group) {
  auto row = transaction.find("SELECT min(next) FROM autoscaling_schedule WHERE grp = ?1", {group});
  return row ? row->optional_integer(0) : std::nullopt;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScheduledUpdateGroupAction.html
aws::Nothing put_scheduled_update_group_action(Service& service, Call& call,
                                               const PutScheduledUpdateGroupActionType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  check_times(call, request);
  check_sizes(request);
  ActionRow action{
      .name = request.scheduled_action_name,
      .arn = aws::arn("autoscaling", call,
                      fmt::format("scheduledUpdateGroupAction:{}:autoScalingGroupName/{}:"
                                  "scheduledActionName/{}",
                                  service.random().uuid(), group.name, request.scheduled_action_name)),
      .starts = milliseconds(request.time ? request.time : request.start_time),
      .ends = milliseconds(request.end_time),
      .recurrence = request.recurrence.value_or(""),
      .min = wide(request.min_size),
      .max = wide(request.max_size),
      .desired = wide(request.desired_capacity),
      .next = {},
      .zone = request.time_zone.value_or(kUtc)};
  action.next = next_time(action, call.now);
  call.transaction.run(
      "INSERT INTO autoscaling_schedule (grp, name, arn, starts, ends, recurrence, min, max, desired, next,"
      " zone) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (grp, name) DO UPDATE SET"
      " starts = excluded.starts, ends = excluded.ends, recurrence = excluded.recurrence, min = excluded.min,"
      " max = excluded.max, desired = excluded.desired, next = excluded.next,"
      " zone = excluded.zone",
      {group.id, action.name, action.arn, sql::optional_value(action.starts),
       sql::optional_value(action.ends), action.recurrence, sql::optional_value(action.min),
       sql::optional_value(action.max), sql::optional_value(action.desired),
       sql::optional_value(action.next), action.zone});
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScheduledActions.html
ScheduledActionsType describe_scheduled_actions(Service&, Call& call,
                                                const DescribeScheduledActionsType& request) {
  ScheduledActionsType result;
  std::vector<GroupRow> groups;
  if (request.auto_scaling_group_name)
    groups.push_back(require_group(call, *request.auto_scaling_group_name));
  else groups = groups_of(call);
  const auto& names = request.scheduled_action_names;
  for (const GroupRow& group : groups) {
    for (const ActionRow& each : actions_of(call.transaction, group.id)) {
      if (!names.empty() && std::ranges::find(names, each.name) == names.end()) continue;
      if (!each.next) continue;
      const Time next = from_milliseconds(*each.next);
      if (request.start_time && next < *request.start_time) continue;
      if (request.end_time && next > *request.end_time) continue;
      ScheduledUpdateGroupAction& action = result.scheduled_update_group_actions.emplace_back();
      action.auto_scaling_group_name = group.name;
      action.scheduled_action_name = each.name;
      action.scheduled_action_arn = each.arn;
      action.time = action.start_time = next;
      if (each.ends) action.end_time = from_milliseconds(*each.ends);
      if (!each.recurrence.empty()) action.recurrence = each.recurrence;
      if (each.zone != kUtc) action.time_zone = each.zone;
      action.min_size = narrow(each.min);
      action.max_size = narrow(each.max);
      action.desired_capacity = narrow(each.desired);
    }
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.scheduled_update_group_actions, count, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteScheduledAction.html
aws::Nothing delete_scheduled_action(Service&, Call& call, const DeleteScheduledActionType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  const std::vector<ActionRow> known = actions_of(call.transaction, group.id);
  if (std::ranges::find(known, request.scheduled_action_name, &ActionRow::name) == known.end()) {
    throw_invalid("Scheduled action name not found");
  }
  call.transaction.run("DELETE FROM autoscaling_schedule WHERE grp = ?1 AND name = ?2",
                       {group.id, request.scheduled_action_name});
  return {};
}

}  // namespace holm::autoscaling

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html

#include "services/autoscaling/hooks.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::autoscaling {

namespace {

constexpr int64_t kTimeoutDefault = 3600;
constexpr int64_t kTimeoutMin = 30;
constexpr int64_t kTimeoutMax = 7200;
constexpr int64_t kWaitMaxSeconds = int64_t{48} * 3600;
constexpr int64_t kHeartbeatsMax = 100;
constexpr int64_t kHooksMax = 50;

struct HookRow {
  std::string name, transition, metadata, default_result;
  int64_t timeout = kTimeoutDefault;  // Seconds.

  // A hook that is kept alive ends all the same.
  int64_t most() const { return std::min(kWaitMaxSeconds, kHeartbeatsMax * timeout); }
};

std::vector<HookRow> hooks_of(sql::Transaction& transaction, int64_t group) {
  std::vector<HookRow> hooks;
  for (const sql::Row& row : transaction.run(
           "SELECT name, transition, metadata, default_result, timeout FROM autoscaling_hook WHERE grp = ?1"
           " ORDER BY name",
           {group})) {
    hooks.push_back({.name = row.text(0),
                     .transition = row.text(1),
                     .metadata = row.text(2),
                     .default_result = row.text(3),
                     .timeout = row.integer(4)});
  }
  return hooks;
}

std::optional<HookRow> find_hook(Call& call, const GroupRow& group, const std::string& name) {
  std::vector<HookRow> hooks = hooks_of(call.transaction, group.id);
  auto found = std::ranges::find(hooks, name, &HookRow::name);
  if (found == hooks.end()) return std::nullopt;
  return *found;
}

void check_result(const std::string& result, std::string_view member) {
  if (result == "CONTINUE" || result == "ABANDON") return;
  throw_invalid(fmt::format("{} must be CONTINUE or ABANDON, not {}.", member, result));
}

// What waits for an answer, named by its token or by the instance.
struct WaitRow {
  std::string instance, token;
  int64_t started = 0;
};

struct Action {
  const std::string& hook;
  const std::string& group;
  const std::optional<std::string>& token;
  const std::optional<std::string>& instance;
};

WaitRow require_wait(Call& call, const GroupRow& group, const Action& action) {
  if (!find_hook(call, group, action.hook)) {
    throw_invalid(fmt::format("No Lifecycle Hook found with name {} for AutoScalingGroup {}", action.hook,
                              action.group));
  }
  if (action.token.has_value() == action.instance.has_value()) {
    throw_invalid("Exactly one of LifecycleActionToken and InstanceId is needed.");
  }
  for (const sql::Row& row :
       call.transaction.run("SELECT w.instance, w.token, w.started FROM autoscaling_wait w"
                            " JOIN autoscaling_instance i ON i.id = w.instance"
                            " WHERE i.grp = ?1 AND w.hook = ?2 AND w.result = ''",
                            {group.id, action.hook})) {
    if (action.token && row.text(1) != *action.token) continue;
    if (action.instance && row.text(0) != *action.instance) continue;
    return {row.text(0), row.text(1), row.integer(2)};
  }
  throw_invalid(fmt::format("No active Lifecycle Action found with {} {}",
                            action.token ? "token" : "instance ID",
                            action.token.value_or(action.instance.value_or(""))));
}

}  // namespace

bool begin_waiting(Service& service, aws::Call& call, const InstanceRow& instance,
                   std::string_view transition) {
  bool waits = false;
  for (const HookRow& hook : hooks_of(call.transaction, instance.group)) {
    if (hook.transition != transition) continue;
    waits = true;
    const int64_t now = to_milliseconds(call.now);
    call.transaction.run(
        "INSERT INTO autoscaling_wait (instance, hook, token, started, ends, default_result, result)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, '')",
        {instance.id, hook.name, service.random().uuid(), now, now + hook.timeout * 1000,
         hook.default_result});
  }
  if (!waits) return false;
  call.transaction.run("UPDATE autoscaling_instance SET phase = 'Wait' WHERE id = ?1", {instance.id});
  return true;
}

// One that is abandoned decides; the others are not waited for then.
WaitState waiting_of(aws::Call& call, const InstanceRow& instance) {
  WaitState state{.state = Waiting::Continued, .message = {}};
  const int64_t now = to_milliseconds(call.now);
  for (const sql::Row& row : call.transaction.run("SELECT token, ends, default_result, result FROM "
                                                  "autoscaling_wait WHERE instance = ?1 ORDER BY hook",
                                                  {instance.id})) {
    std::string result = row.text(3);
    const bool is_late = result.empty() && row.integer(1) <= now;
    if (is_late) result = row.text(2);
    if (result == "ABANDON") {
      const char* why = is_late ? "Heartbeat Timeout" : "Lifecycle Action Completed with ABANDON Result";
      return {
          .state = Waiting::Abandoned,
          .message = fmt::format("Instance failed to complete user's Lifecycle Action: Lifecycle Action with "
                                 "token {} was abandoned: {}",
                                 row.text(0), why)};
    }
    if (!result.empty()) continue;
    state.state = Waiting::Goes;
    state.next = state.next == 0 ? row.integer(1) : std::min(state.next, row.integer(1));
  }
  return state;
}

void end_waiting(aws::Call& call, const InstanceRow& instance) {
  call.transaction.run("DELETE FROM autoscaling_wait WHERE instance = ?1", {instance.id});
  call.transaction.run("UPDATE autoscaling_instance SET phase = 'Proceed' WHERE id = ?1", {instance.id});
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html
PutLifecycleHookAnswer put_lifecycle_hook(Service&, Call& call, const PutLifecycleHookType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  auto known = find_hook(call, group, request.lifecycle_hook_name);
  if (!known && !request.lifecycle_transition) {
    throw_invalid("LifecycleTransition is required for a new lifecycle hook.");
  }
  HookRow hook = known.value_or(HookRow{.name = request.lifecycle_hook_name, .default_result = "ABANDON"});
  hook.transition = request.lifecycle_transition.value_or(hook.transition);
  if (hook.transition != kLaunching && hook.transition != kTerminating) {
    throw_invalid(
        "LifecycleTransition must be autoscaling:EC2_INSTANCE_LAUNCHING or "
        "autoscaling:EC2_INSTANCE_TERMINATING.");
  }
  hook.metadata = request.notification_metadata.value_or(hook.metadata);
  hook.timeout = request.heartbeat_timeout.value_or(static_cast<int32_t>(hook.timeout));
  if (hook.timeout < kTimeoutMin || hook.timeout > kTimeoutMax) {
    throw_invalid(
        fmt::format("HeartbeatTimeout must be between {} and {} seconds.", kTimeoutMin, kTimeoutMax));
  }
  hook.default_result = request.default_result.value_or(hook.default_result);
  check_result(hook.default_result, "DefaultResult");
  const auto count = static_cast<int64_t>(hooks_of(call.transaction, group.id).size());
  if (!known && count >= kHooksMax) throw_invalid("A group can have 50 lifecycle hooks at most.");
  call.transaction.run(
      "INSERT INTO autoscaling_hook (grp, name, transition, metadata, default_result, timeout)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (grp, name) DO UPDATE SET transition = "
      "excluded.transition,"
      " metadata = excluded.metadata, default_result = excluded.default_result, timeout = excluded.timeout",
      {group.id, hook.name, hook.transition, hook.metadata, hook.default_result, hook.timeout});
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLifecycleHooks.html
DescribeLifecycleHooksAnswer describe_lifecycle_hooks(Service&, Call& call,
                                                      const DescribeLifecycleHooksType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeLifecycleHooksAnswer result;
  const auto& names = request.lifecycle_hook_names;
  for (const HookRow& each : hooks_of(call.transaction, group.id)) {
    if (!names.empty() && std::ranges::find(names, each.name) == names.end()) continue;
    LifecycleHook& hook = result.lifecycle_hooks.emplace_back();
    hook.lifecycle_hook_name = each.name;
    hook.auto_scaling_group_name = group.name;
    hook.lifecycle_transition = each.transition;
    if (!each.metadata.empty()) hook.notification_metadata = each.metadata;
    hook.heartbeat_timeout = static_cast<int32_t>(each.timeout);
    hook.global_timeout = static_cast<int32_t>(each.most());
    hook.default_result = each.default_result;
  }
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteLifecycleHook.html
// Whoever waits for it goes on.
DeleteLifecycleHookAnswer delete_lifecycle_hook(Service& service, Call& call,
                                                const DeleteLifecycleHookType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  if (!find_hook(call, group, request.lifecycle_hook_name)) {
    throw_invalid(fmt::format("No Lifecycle Hook found with name {} for AutoScalingGroup {}",
                              request.lifecycle_hook_name, group.name));
  }
  call.transaction.run(
      "UPDATE autoscaling_wait SET result = 'CONTINUE' WHERE hook = ?2 AND result = ''"
      " AND instance IN (SELECT id FROM autoscaling_instance WHERE grp = ?1)",
      {group.id, request.lifecycle_hook_name});
  call.transaction.run("DELETE FROM autoscaling_hook WHERE grp = ?1 AND name = ?2",
                       {group.id, request.lifecycle_hook_name});
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html
CompleteLifecycleActionAnswer complete_lifecycle_action(Service& service, Call& call,
                                                        const CompleteLifecycleActionType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  check_result(request.lifecycle_action_result, "LifecycleActionResult");
  const WaitRow wait = require_wait(call, group,
                                    {.hook = request.lifecycle_hook_name,
                                     .group = group.name,
                                     .token = request.lifecycle_action_token,
                                     .instance = request.instance_id});
  call.transaction.run("UPDATE autoscaling_wait SET result = ?2 WHERE token = ?1",
                       {wait.token, request.lifecycle_action_result});
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html
RecordLifecycleActionHeartbeatAnswer record_lifecycle_action_heartbeat(
    Service&, Call& call, const RecordLifecycleActionHeartbeatType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  const WaitRow wait = require_wait(call, group,
                                    {.hook = request.lifecycle_hook_name,
                                     .group = group.name,
                                     .token = request.lifecycle_action_token,
                                     .instance = request.instance_id});
  const auto hook = find_hook(call, group, request.lifecycle_hook_name);
  const int64_t ends =
      std::min(to_milliseconds(call.now) + hook->timeout * 1000, wait.started + hook->most() * 1000);
  call.transaction.run("UPDATE autoscaling_wait SET ends = ?2 WHERE token = ?1", {wait.token, ends});
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLifecycleHookTypes.html
DescribeLifecycleHookTypesAnswer describe_lifecycle_hook_types(Service&, Call&, const aws::Nothing&) {
  DescribeLifecycleHookTypesAnswer result;
  result.lifecycle_hook_types = {std::string(kLaunching), std::string(kTerminating)};
  return result;
}

}  // namespace holm::autoscaling

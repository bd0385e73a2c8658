// What UpdatePolicy AutoScalingRollingUpdate says, and what it waits for.

#include "services/autoscaling/rolling_updates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/error.h"
#include "base/strings.h"
#include "formats/json.h"
#include "services/autoscaling/processes.h"
#include "services/autoscaling/service.h"

namespace holm::autoscaling {

namespace {

constexpr std::string_view kPolicy = "AutoScalingRollingUpdate";
constexpr std::chrono::minutes kPauseForSignals{5};  // Unless the template says otherwise.
constexpr std::chrono::hours kPauseMax{1};

std::chrono::seconds pause_of(const std::string& text) {
  const auto pause = stacks::parse_duration(text);
  if (!pause) throw_invalid(fmt::format("PauseTime {} is no duration like PT30S.", text));
  if (*pause > kPauseMax) throw_invalid("PauseTime can't be longer than PT1H.");
  return *pause;
}

int64_t percentage(const std::string& name, const std::string& text) {
  const auto percent = parse_integer(text);
  if (!percent || *percent < 0 || *percent > 100) throw_invalid(name + " must be from 0 to 100.");
  return *percent;
}

std::vector<std::string> processes_of(const formats::Value& value) {
  std::vector<std::string> processes;
  const formats::Array* list = value.as_array();
  if (!list) throw_invalid("SuspendProcesses is a list of processes.");
  for (const formats::Value& each : *list) {
    processes.push_back(each.as_string() ? *each.as_string() : formats::write_json(each));
  }
  check_processes(processes);
  return processes;
}

}  // namespace

const formats::Object* update_policy_of(const stacks::Context& context, std::string_view key) {
  const formats::Object* all = context.update_policy ? context.update_policy->as_object() : nullptr;
  const formats::Value* found = all ? all->find(key) : nullptr;
  return found ? found->as_object() : nullptr;
}

std::optional<RollingUpdate> rolling_update_of(const stacks::Context& context) {
  const formats::Object* policy = update_policy_of(context, kPolicy);
  if (!policy) return std::nullopt;
  RollingUpdate update;
  std::optional<std::chrono::seconds> pause;
  for (const auto& [name, value] : *policy) {
    const std::string text = replace_all(formats::write_json(value), "\"", "");
    if (name == "MinInstancesInService") update.min_in_service = parse_integer(text).value_or(0);
    else if (name == "MaxBatchSize") update.batch = std::max<int64_t>(parse_integer(text).value_or(1), 1);
    else if (name == "PauseTime") pause = pause_of(text);
    else if (name == "SuspendProcesses") update.suspends = processes_of(value);
    else if (name == "WaitOnResourceSignals") update.waits_for_signals = text == "true";
    else if (name == "MinSuccessfulInstancesPercent") update.successful_percent = percentage(name, text);
    else if (name == "MinActiveInstancesPercent") update.active_percent = percentage(name, text);
    else throw aws::NotImplemented(fmt::format("UpdatePolicy {}: {}", kPolicy, name));
  }
  update.pause = pause.value_or(update.waits_for_signals ? kPauseForSignals : std::chrono::seconds(0));
  return update;
}

void start_rolling_update(Service& service, aws::Call& call, const std::string& name,
                          const RollingUpdate& update) {
  const GroupRow group = require_group(call, name);
  // What its user had suspended before stays so afterwards.
  std::vector<std::string> suspended = group.rolling_suspended;
  for (const std::string& process : update.suspends) {
    if (is_suspended(call.transaction, group.id, process)) continue;
    suspend(call, group.id, process);
    suspended.push_back(process);
  }
  const auto since = update.waits_for_signals ? std::optional(to_milliseconds(call.now)) : std::nullopt;
  call.transaction.run(
      "UPDATE autoscaling_group SET rolling_min = ?2, rolling_batch = ?3, rolling_pause = ?4,"
      " paused_until = 0, rolling_suspended = ?5, rolling_since = ?6 WHERE id = ?1",
      {group.id, update.min_in_service, update.batch, int64_t{update.pause.count()}, join(suspended, ","),
       sql::optional_value(since)});
  service.schedule(call.transaction, group.id);
}

void end_rolling_update(aws::Call& call, const GroupRow& group) {
  for (const std::string& process : group.rolling_suspended) resume(call, group.id, process);
  call.transaction.run(
      "UPDATE autoscaling_group SET rolling_min = NULL, rolling_batch = NULL, rolling_pause = NULL,"
      " rolling_suspended = '', rolling_since = NULL WHERE id = ?1",
      {group.id});
}

std::optional<std::string> weigh_signals(Service& service, stacks::Context& context, const GroupRow& group,
                                         const RollingUpdate& update) {
  if (!group.rolling_since) return std::nullopt;
  const stacks::Signals signals = context.signals();
  const std::set<std::string> successful(signals.successes.begin(), signals.successes.end());
  std::set<std::string> failed(signals.failures.begin(), signals.failures.end());
  bool is_complete = true;
  for (const InstanceRow& each : instances_of(context.call.transaction, group.id)) {
    const bool is_new = each.launched >= *group.rolling_since && each.state != "Terminating";
    if (!is_new || successful.contains(each.id) || failed.contains(each.id)) continue;
    const bool is_late = each.state == "InService" &&
                         to_milliseconds(context.call.now) >= each.in_service + update.pause.count();
    if (is_late) failed.insert(each.id);
    else is_complete = false;
  }
  const stacks::SignalRequirement requirement{.count = group.desired, .percent = update.successful_percent};
  if (std::ssize(failed) > requirement.failures_max()) {
    end_rolling_update(context.call, group);
    return requirement.problem(std::ssize(successful));
  }
  if (is_complete && group.paused_until > to_milliseconds(context.call.now)) {
    context.call.transaction.run("UPDATE autoscaling_group SET paused_until = 0 WHERE id = ?1", {group.id});
    service.schedule(context.call.transaction, group.id);
  }
  return std::nullopt;
}

}  // namespace holm::autoscaling

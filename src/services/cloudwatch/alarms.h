// Alarms as rows: what they were told to watch, and the state they are in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cloudwatch/handlers.h"
#include "formats/value.h"
#include "services/cloudwatch/alarm_evaluation.h"

namespace holm::cloudwatch {

struct AlarmRow {
  std::string account, region, name;
  PutMetricAlarmInput definition;  // Without tags.
  Time configured{};
  AlarmState state = AlarmState::InsufficientData;
  std::string reason;
  std::optional<std::string> reason_data;  // JSON
  Time updated{};
  Time transitioned{};
  // Of a composite alarm, without tags; what metric alarms have as well is in `definition`.
  std::optional<PutCompositeAlarmInput> composite;
  std::optional<std::string> suppressed_by;  // Alarm, WaitPeriod, ExtensionPeriod
  Time suppressed_since{};
  std::optional<AlarmState> acted;  // Whose actions were carried out last, where they can be suppressed.
};

// One that nobody has evaluated yet.
AlarmRow new_alarm(const Call& call, const std::string& name);
std::optional<AlarmRow> find_alarm(Call& call, const std::string& name);
AlarmRow require_alarm(Call& call, const std::string& name);
// Of the caller's account and region, by name.
std::vector<AlarmRow> alarms_of(Call& call);
// Of everyone.
std::vector<AlarmRow> all_alarms(sql::Transaction& transaction);
// Writes all of it, whether it is there or not.
void keep_alarm(Call& call, const AlarmRow& row);
std::string arn_of(const AlarmRow& row);
MetricAlarm describe(const AlarmRow& row);
CompositeAlarm describe_composite(const AlarmRow& row);

// The parts of a definition, with their defaults.
AlarmRule rule_of(const PutMetricAlarmInput& definition);
// Seconds: of the metric, or the longest that an expression is made of.
int64_t period_of(const PutMetricAlarmInput& definition);
// As MetricStat has it: "Sum", "p99".
std::string stat_of(const PutMetricAlarmInput& definition);

// What happened to an alarm.
struct HistoryItem {
  std::string_view type;  // "ConfigurationUpdate", "StateUpdate", "Action"
  std::string summary;
  std::string data;  // JSON
};
void add_history(Call& call, const std::string& alarm, const HistoryItem& item);
// Both kinds of alarms, for what a new one's history says.
enum class Change { Created, Updated };
std::string history_of(Change change, formats::Value definition);

// A new state with its reason: writes it and its history, has the state's actions carried out, and has those
// composite alarms looked at that depend on it.
struct StateChange {
  AlarmState state = AlarmState::Ok;
  std::string reason;
  std::optional<std::string> reason_data;
};
class Service;
void change_state(Service& service, Call& call, AlarmRow row, const StateChange& change);

}  // namespace holm::cloudwatch

// Finding alarms, and what happened to them.

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "cloudwatch/handlers.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/composites.h"
#include "services/cloudwatch/metric_names.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr int32_t kPageDefault = 50;
constexpr int32_t kHistoryPageDefault = 100;

constexpr char kMetricAlarm[] = "MetricAlarm", kCompositeAlarm[] = "CompositeAlarm";

bool is_wanted(const std::vector<std::string>& types, std::string_view type) {
  // Whoever names none does not know of composite alarms.
  if (types.empty()) return type == kMetricAlarm;
  return std::ranges::find(types, type) != types.end();
}

bool has_action(const PutMetricAlarmInput& asked, const std::string& prefix) {
  for (const auto* actions : {&asked.ok_actions, &asked.alarm_actions, &asked.insufficient_data_actions}) {
    for (const std::string& action : *actions) {
      if (action.starts_with(prefix)) return true;
    }
  }
  return false;
}

bool passes(const AlarmRow& row, const DescribeAlarmsInput& request) {
  const auto& names = request.alarm_names;
  if (!names.empty() && std::ranges::find(names, row.name) == names.end()) return false;
  if (request.alarm_name_prefix && !row.name.starts_with(*request.alarm_name_prefix)) return false;
  if (request.state_value && name_of(row.state) != *request.state_value) return false;
  return !request.action_prefix || has_action(row.definition, *request.action_prefix);
}

// Relatives may be of both kinds.
std::vector<std::string> types_of(const DescribeAlarmsInput& request) {
  const bool asks_for_relatives = request.children_of_alarm_name || request.parents_of_alarm_name;
  if (request.alarm_types.empty() && asks_for_relatives) return {kMetricAlarm, kCompositeAlarm};
  return request.alarm_types;
}

// The alarms that a request for an alarm's children or parents is about; nothing where it is for neither.
std::optional<std::vector<std::string>> relatives_of(Call& call, const DescribeAlarmsInput& request) {
  if (request.children_of_alarm_name) {
    const AlarmRow parent = require_alarm(call, *request.children_of_alarm_name);
    return parent.composite ? children_of(parent) : std::vector<std::string>{};
  }
  if (request.parents_of_alarm_name) return parents_of(call, *request.parents_of_alarm_name);
  return std::nullopt;
}

}  // namespace

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
DescribeAlarmsOutput describe_alarms(Service&, Call& call, const DescribeAlarmsInput& request) {
  std::string after;
  if (request.next_token) {
    auto name = base64_decode(*request.next_token);
    if (!name) throw InvalidNextToken("The next token specified is invalid.");
    after = std::move(*name);
  }
  DescribeAlarmsOutput result;
  const auto relatives = relatives_of(call, request);
  const auto page = static_cast<size_t>(request.max_records.value_or(kPageDefault));
  size_t count = 0;
  std::string last;
  for (const AlarmRow& row : alarms_of(call)) {
    if (!is_wanted(types_of(request), row.composite ? kCompositeAlarm : kMetricAlarm)) continue;
    if (relatives && std::ranges::find(*relatives, row.name) == relatives->end()) continue;
    if ((request.next_token && row.name <= after) || !passes(row, request)) continue;
    if (count++ == page) {
      result.next_token = base64_encode(last);
      break;
    }
    last = row.name;
    if (row.composite) result.composite_alarms.push_back(describe_composite(row));
    else result.metric_alarms.push_back(describe(row));
  }
  return result;
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmsForMetric.html
DescribeAlarmsForMetricOutput describe_alarms_for_metric(Service&, Call& call,
                                                         const DescribeAlarmsForMetricInput& request) {
  const metrics::Metric wanted = metric_of(call, request.namespace_, request.metric_name, request.dimensions);
  DescribeAlarmsForMetricOutput result;
  for (const AlarmRow& row : alarms_of(call)) {
    const PutMetricAlarmInput& asked = row.definition;
    if (!asked.metric_name || !asked.namespace_) continue;
    if (metric_of(call, *asked.namespace_, *asked.metric_name, asked.dimensions) != wanted) continue;
    if (request.statistic && asked.statistic != request.statistic) continue;
    if (request.extended_statistic && asked.extended_statistic != request.extended_statistic) continue;
    if (request.period && asked.period != request.period) continue;
    if (request.unit && asked.unit != request.unit) continue;
    result.metric_alarms.push_back(describe(row));
  }
  return result;
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
DescribeAlarmHistoryOutput describe_alarm_history(Service&, Call& call,
                                                  const DescribeAlarmHistoryInput& request) {
  const bool is_ascending = request.scan_by == scan_by::kTimestampAscending;
  int64_t position = is_ascending ? 0 : INT64_MAX;
  if (request.next_token) {
    auto number = parse_integer(base64_decode(*request.next_token).value_or(""));
    if (!number) throw InvalidNextToken("The next token specified is invalid.");
    position = *number;
  }
  DescribeAlarmHistoryOutput result;
  const bool wants_metric = request.alarm_types.empty() || is_wanted(request.alarm_types, kMetricAlarm);
  const bool wants_composite = request.alarm_types.empty() || is_wanted(request.alarm_types, kCompositeAlarm);
  const int64_t page = request.max_records.value_or(kHistoryPageDefault);
  const auto rows = call.transaction.run(
      fmt::format("SELECT id, alarm, time, type, summary, data, alarm_type FROM cloudwatch_alarm_history"
                  " WHERE account = ?1 AND region = ?2 AND id {} ?3 AND (?4 IS NULL OR alarm = ?4)"
                  " AND (?5 IS NULL OR type = ?5) AND time >= ?6 AND time <= ?7 AND (alarm_type = "
                  "'MetricAlarm' AND ?9"
                  " OR alarm_type = 'CompositeAlarm' AND ?10) ORDER BY id {} LIMIT ?8",
                  is_ascending ? ">" : "<", is_ascending ? "ASC" : "DESC"),
      {call.account, call.region, position, sql::optional_value(request.alarm_name),
       sql::optional_value(request.history_item_type),
       request.start_date ? to_milliseconds(*request.start_date) : 0,
       request.end_date ? to_milliseconds(*request.end_date) : INT64_MAX, page + 1, int64_t{wants_metric},
       int64_t{wants_composite}});
  for (const sql::Row& row : rows) {
    if (static_cast<int64_t>(result.alarm_history_items.size()) == page) {
      result.next_token = base64_encode(std::to_string(position));
      break;
    }
    position = row.integer(0);
    result.alarm_history_items.push_back({.alarm_name = row.text(1),
                                          .alarm_type = row.text(6),
                                          .timestamp = from_milliseconds(row.integer(2)),
                                          .history_item_type = row.text(3),
                                          .history_summary = row.text(4),
                                          .history_data = row.text(5)});
  }
  return result;
}

}  // namespace holm::cloudwatch

// Alarms as rows.

#include "services/cloudwatch/alarms.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "cloudwatch/schema.h"
#include "formats/json.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/composites.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr char kColumns[] =
    "account, region, name, definition, configured, state, reason, reason_data, updated, transitioned, "
    "composite,"
    " suppressed_by, suppressed_since, acted";
constexpr int64_t kHistoryKept = int64_t{30} * 86'400'000;

AlarmRow read_row(const sql::Row& row) {
  AlarmRow alarm{.account = row.text(0),
                 .region = row.text(1),
                 .name = row.text(2),
                 .definition = {},
                 .configured = from_milliseconds(row.integer(4)),
                 .state = alarm_state_of(row.text(5)),
                 .reason = row.text(6),
                 .reason_data = row.optional_text(7),
                 .updated = from_milliseconds(row.integer(8)),
                 .transitioned = from_milliseconds(row.integer(9)),
                 .suppressed_by = row.optional_text(11),
                 .suppressed_since = from_milliseconds(row.optional_integer(12).value_or(0))};
  if (auto composite = row.optional_text(10)) {
    auto& kept = alarm.composite.emplace();
    CHECK(aws::read_kept_json(*composite, shape_of(kept), &kept).has_value());
  }
  if (auto acted = row.optional_text(13)) alarm.acted = alarm_state_of(*acted);
  CHECK(aws::read_kept_json(row.text(3), shape_of(alarm.definition), &alarm.definition).has_value());
  return alarm;
}

std::vector<AlarmRow> rows_of(const std::vector<sql::Row>& rows) {
  std::vector<AlarmRow> alarms;
  for (const sql::Row& row : rows) alarms.push_back(read_row(row));
  return alarms;
}

formats::Value state_document(std::string_view state, const std::string& reason,
                              const std::optional<std::string>& data) {
  formats::Object document;
  document.set("stateValue", state);
  document.set("stateReason", reason);
  auto parsed = data ? formats::parse_json(*data) : std::unexpected(formats::ParseError());
  if (parsed) document.set("stateReasonData", std::move(*parsed));
  return document;
}

}  // namespace

AlarmRow new_alarm(const Call& call, const std::string& name) {
  return {.account = call.account,
          .region = call.region,
          .name = name,
          .definition = {},
          .state = AlarmState::InsufficientData,
          .reason = "Unchecked: Initial alarm creation",
          .reason_data = {},
          .updated = call.now,
          .transitioned = call.now};
}

std::optional<AlarmRow> find_alarm(Call& call, const std::string& name) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM cloudwatch_alarm WHERE account = ?1 AND region = ?2 AND name = ?3",
                  kColumns),
      {call.account, call.region, name});
  if (!row) return std::nullopt;
  return read_row(*row);
}

AlarmRow require_alarm(Call& call, const std::string& name) {
  auto alarm = find_alarm(call, name);
  if (!alarm) throw ResourceNotFound(fmt::format("The alarm {} does not exist.", name));
  return std::move(*alarm);
}

std::vector<AlarmRow> alarms_of(Call& call) {
  return rows_of(call.transaction.run(
      fmt::format("SELECT {} FROM cloudwatch_alarm WHERE account = ?1 AND region = ?2 ORDER BY name",
                  kColumns),
      {call.account, call.region}));
}

std::vector<AlarmRow> all_alarms(sql::Transaction& transaction) {
  return rows_of(transaction.run(fmt::format("SELECT {} FROM cloudwatch_alarm", kColumns)));
}

void keep_alarm(Call& call, const AlarmRow& row) {
  call.transaction.run(
      fmt::format(
          "INSERT INTO cloudwatch_alarm ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
          " ?13, ?14)"
          " ON CONFLICT (account, region, name) DO UPDATE SET definition = excluded.definition,"
          " configured = excluded.configured, state = excluded.state, reason = excluded.reason,"
          " reason_data = excluded.reason_data, updated = excluded.updated,"
          " transitioned = excluded.transitioned, composite = excluded.composite,"
          " suppressed_by = excluded.suppressed_by, suppressed_since = excluded.suppressed_since,"
          " acted = excluded.acted",
          kColumns),
      {row.account, row.region, row.name, aws::write_kept_json(shape_of(row.definition), &row.definition),
       to_milliseconds(row.configured), std::string(name_of(row.state)), row.reason,
       sql::optional_value(row.reason_data), to_milliseconds(row.updated), to_milliseconds(row.transitioned),
       row.composite ? sql::Value(aws::write_kept_json(shape_of(*row.composite), &*row.composite))
                     : sql::Value(),
       sql::optional_value(row.suppressed_by), to_milliseconds(row.suppressed_since),
       row.acted ? sql::Value(std::string(name_of(*row.acted))) : sql::Value()});
}

std::string arn_of(const AlarmRow& row) {
  return fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", row.region, row.account, row.name);
}

MetricAlarm describe(const AlarmRow& row) {
  const PutMetricAlarmInput& asked = row.definition;
  return {.alarm_name = row.name,
          .alarm_arn = arn_of(row),
          .alarm_description = asked.alarm_description,
          .alarm_configuration_updated_timestamp = row.configured,
          .actions_enabled = asked.actions_enabled.value_or(true),
          .ok_actions = asked.ok_actions,
          .alarm_actions = asked.alarm_actions,
          .insufficient_data_actions = asked.insufficient_data_actions,
          .state_value = std::string(name_of(row.state)),
          .state_reason = row.reason,
          .state_reason_data = row.reason_data,
          .state_updated_timestamp = row.updated,
          .metric_name = asked.metric_name,
          .namespace_ = asked.namespace_,
          .statistic = asked.statistic,
          .extended_statistic = asked.extended_statistic,
          .dimensions = asked.dimensions,
          .period = asked.period,
          .unit = asked.unit,
          .evaluation_periods = asked.evaluation_periods,
          .datapoints_to_alarm = asked.datapoints_to_alarm,
          .threshold = asked.threshold,
          .comparison_operator = asked.comparison_operator,
          .treat_missing_data = asked.treat_missing_data,
          .evaluate_low_sample_count_percentile = asked.evaluate_low_sample_count_percentile,
          .metrics = asked.metrics,
          .state_transitioned_timestamp = row.transitioned};
}

CompositeAlarm describe_composite(const AlarmRow& row) {
  const PutMetricAlarmInput& asked = row.definition;
  CompositeAlarm alarm{
      .actions_enabled = asked.actions_enabled.value_or(true),
      .alarm_actions = asked.alarm_actions,
      .alarm_arn = arn_of(row),
      .alarm_configuration_updated_timestamp = row.configured,
      .alarm_description = asked.alarm_description,
      .alarm_name = row.name,
      .alarm_rule = row.composite->alarm_rule,
      .insufficient_data_actions = asked.insufficient_data_actions,
      .ok_actions = asked.ok_actions,
      .state_reason = row.reason,
      .state_reason_data = row.reason_data,
      .state_updated_timestamp = row.updated,
      .state_value = std::string(name_of(row.state)),
      .state_transitioned_timestamp = row.transitioned,
      .actions_suppressed_by = row.suppressed_by,
      .actions_suppressor = row.composite->actions_suppressor,
      .actions_suppressor_wait_period = row.composite->actions_suppressor_wait_period,
      .actions_suppressor_extension_period = row.composite->actions_suppressor_extension_period};
  if (row.suppressed_by) {
    alarm.actions_suppressed_reason =
        fmt::format("Actions suppressed by {} of {}", *row.suppressed_by, *row.composite->actions_suppressor);
  }
  return alarm;
}

AlarmRule rule_of(const PutMetricAlarmInput& definition) {
  const auto periods = static_cast<size_t>(definition.evaluation_periods.value_or(1));
  return {
      .comparison = comparison_of(definition.comparison_operator.value_or("")).value_or(Comparison::Greater),
      .threshold = definition.threshold.value_or(0),
      .periods = periods,
      .to_alarm = static_cast<size_t>(definition.datapoints_to_alarm.value_or(static_cast<int32_t>(periods))),
      .missing =
          missing_data_of(definition.treat_missing_data.value_or("missing")).value_or(MissingData::Missing)};
}

int64_t period_of(const PutMetricAlarmInput& definition) {
  if (definition.metrics.empty()) return definition.period.value_or(60);
  int64_t longest = 0;
  for (const MetricDataQuery& query : definition.metrics) {
    const int32_t period = query.metric_stat ? query.metric_stat->period : query.period.value_or(0);
    longest = std::max<int64_t>(longest, period);
  }
  return longest > 0 ? longest : 60;
}

std::string stat_of(const PutMetricAlarmInput& definition) {
  if (definition.extended_statistic) return *definition.extended_statistic;
  return definition.statistic.value_or("Average");
}

void add_history(Call& call, const std::string& alarm, const HistoryItem& item) {
  call.transaction.run(
      "INSERT INTO cloudwatch_alarm_history (account, region, alarm, time, type, summary, data, alarm_type)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CASE WHEN EXISTS (SELECT 1 FROM cloudwatch_alarm WHERE account = "
      "?1"
      " AND region = ?2 AND name = ?3 AND composite IS NOT NULL) THEN 'CompositeAlarm' ELSE 'MetricAlarm' "
      "END)",
      {call.account, call.region, alarm, to_milliseconds(call.now), std::string(item.type), item.summary,
       item.data});
  call.transaction.run(
      "DELETE FROM cloudwatch_alarm_history WHERE account = ?1 AND region = ?2 AND alarm = ?3 AND time < ?4",
      {call.account, call.region, alarm, to_milliseconds(call.now) - kHistoryKept});
}

std::string history_of(Change change, formats::Value definition) {
  const bool is_new = change == Change::Created;
  formats::Object data;
  data.set("version", "1.0");
  data.set("type", is_new ? "Create" : "Update");
  data.set(is_new ? "createdAlarm" : "updatedAlarm", std::move(definition));
  std::string text = formats::write_json(data);
  // The model allows no more; a long definition is left out.
  if (text.size() > 4095) {
    text = fmt::format(R"({{"version":"1.0","type":"{}"}})", is_new ? "Create" : "Update");
  }
  return text;
}

void change_state(Service& service, Call& call, AlarmRow row, const StateChange& change) {
  const AlarmRow before = row;
  row.state = change.state;
  row.reason = change.reason;
  row.reason_data = change.reason_data;
  row.updated = call.now;
  if (row.state != before.state) row.transitioned = call.now;
  keep_alarm(call, row);
  if (row.state == before.state) return;
  formats::Object data;
  data.set("version", "1.0");
  data.set("oldState", state_document(name_of(before.state), before.reason, before.reason_data));
  data.set("newState", state_document(name_of(row.state), row.reason, row.reason_data));
  add_history(
      call, row.name,
      {.type = "StateUpdate",
       .summary = fmt::format("Alarm updated from {} to {}", name_of(before.state), name_of(row.state)),
       .data = formats::write_json(data)});
  // Whether it may act is seen to with what suppresses it.
  const bool may_be_suppressed = row.composite && row.composite->actions_suppressor;
  if (!may_be_suppressed) schedule_actions(service, call, before, row);
  schedule_composites(service, call, row);
}

}  // namespace holm::cloudwatch

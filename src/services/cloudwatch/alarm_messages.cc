// Writing alarms' messages.

#include "services/cloudwatch/alarm_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"

namespace holm::cloudwatch {

namespace {

using formats::Object;
using formats::Value;

constexpr size_t kSubjectMax = 100;

// As the console calls them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kRegions = {{
    {"us-east-1", "US East (N. Virginia)"},
    {"us-east-2", "US East (Ohio)"},
    {"us-west-1", "US West (N. California)"},
    {"us-west-2", "US West (Oregon)"},
    {"ca-central-1", "Canada (Central)"},
    {"eu-central-1", "EU (Frankfurt)"},
    {"eu-north-1", "EU (Stockholm)"},
    {"eu-west-1", "EU (Ireland)"},
    {"eu-west-2", "EU (London)"},
    {"eu-west-3", "EU (Paris)"},
    {"ap-northeast-1", "Asia Pacific (Tokyo)"},
    {"ap-southeast-2", "Asia Pacific (Sydney)"},
}};

std::string name_of_region(const std::string& region) {
  auto found = std::ranges::find(kRegions, region, &std::pair<std::string_view, std::string_view>::first);
  return found == kRegions.end() ? region : std::string(found->second);
}

formats::Array list_of(const std::vector<std::string>& texts) {
  formats::Array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

Value or_null(const std::optional<std::string>& text) { return text ? Value(*text) : Value(); }

// "2026-11-21T08:00:00.123+0000"
std::string time_text(Time time) {
  std::string text = iso8601_milliseconds(time);
  text.pop_back();
  return text + "+0000";
}

Object state_of(const AlarmRow& row) {
  Object state;
  state.set("value", name_of(row.state));
  state.set("reason", row.reason);
  if (row.reason_data) state.set("reasonData", *row.reason_data);
  state.set("timestamp", time_text(row.updated));
  return state;
}

// One query in the form that events have.
Value metric_document(const MetricDataQuery& query) {
  Object document;
  document.set("id", query.id);
  if (query.expression) document.set("expression", *query.expression);
  if (query.label) document.set("label", *query.label);
  document.set("returnData", query.return_data.value_or(true));
  if (!query.metric_stat) return document;
  Object dimensions;
  for (const Dimension& each : query.metric_stat->metric.dimensions.value_or(std::vector<Dimension>())) {
    dimensions.set(each.name, each.value);
  }
  Object metric;
  metric.set("namespace", query.metric_stat->metric.namespace_.value_or(""));
  metric.set("name", query.metric_stat->metric.metric_name.value_or(""));
  metric.set("dimensions", std::move(dimensions));
  Object stat;
  stat.set("metric", std::move(metric));
  stat.set("period", int64_t{query.metric_stat->period});
  stat.set("stat", query.metric_stat->stat);
  if (query.metric_stat->unit) stat.set("unit", *query.metric_stat->unit);
  document.set("metricStat", std::move(stat));
  return document;
}

Object composite_configuration(const PutCompositeAlarmInput& asked) {
  Object configuration;
  configuration.set("alarmRule", asked.alarm_rule);
  if (!asked.actions_suppressor) return configuration;
  configuration.set("actionsSuppressor", *asked.actions_suppressor);
  configuration.set("actionsSuppressorWaitPeriod", int64_t{asked.actions_suppressor_wait_period.value_or(0)});
  configuration.set("actionsSuppressorExtensionPeriod",
                    int64_t{asked.actions_suppressor_extension_period.value_or(0)});
  return configuration;
}

}  // namespace

std::string function_message(const AlarmRow& before, const AlarmRow& after) {
  const PutMetricAlarmInput& asked = after.definition;
  formats::Array metrics;
  for (const MetricDataQuery& query : asked.metrics) metrics.push_back(metric_document(query));
  if (metrics.empty()) {
    MetricDataQuery query{.id = "m1", .metric_stat = MetricStat{}};
    query.metric_stat->metric = {
        .namespace_ = asked.namespace_, .metric_name = asked.metric_name, .dimensions = asked.dimensions};
    query.metric_stat->period = asked.period.value_or(60);
    query.metric_stat->stat = stat_of(asked);
    query.metric_stat->unit = asked.unit;
    metrics.push_back(metric_document(query));
  }
  Object configuration;
  if (after.composite) configuration = composite_configuration(*after.composite);
  if (asked.alarm_description) configuration.set("description", *asked.alarm_description);
  if (!after.composite) configuration.set("metrics", std::move(metrics));
  Object alarm;
  alarm.set("alarmName", after.name);
  alarm.set("state", state_of(after));
  alarm.set("previousState", state_of(before));
  alarm.set("configuration", std::move(configuration));
  Object message;
  message.set("source", "aws.cloudwatch");
  message.set("alarmArn", arn_of(after));
  message.set("accountId", after.account);
  message.set("time", time_text(after.updated));
  message.set("region", after.region);
  message.set("alarmData", std::move(alarm));
  return formats::write_json(message);
}

namespace {

formats::Array dimensions_of(const std::vector<Dimension>& dimensions) {
  formats::Array list;
  for (const Dimension& each : dimensions) {
    Object dimension;
    dimension.set("value", each.value);
    dimension.set("name", each.name);
    list.emplace_back(std::move(dimension));
  }
  return list;
}

// One query as messages of topics have it.
Object query_of(const MetricDataQuery& query) {
  Object document;
  document.set("Id", query.id);
  if (query.expression) document.set("Expression", *query.expression);
  if (query.label) document.set("Label", *query.label);
  document.set("ReturnData", query.return_data.value_or(true));
  if (!query.metric_stat) return document;
  Object metric;
  metric.set("Dimensions",
             dimensions_of(query.metric_stat->metric.dimensions.value_or(std::vector<Dimension>())));
  metric.set("MetricName", query.metric_stat->metric.metric_name.value_or(""));
  metric.set("Namespace", query.metric_stat->metric.namespace_.value_or(""));
  Object stat;
  stat.set("Metric", std::move(metric));
  stat.set("Period", int64_t{query.metric_stat->period});
  stat.set("Stat", query.metric_stat->stat);
  document.set("MetricStat", std::move(stat));
  return document;
}

Object trigger_of(const PutMetricAlarmInput& asked) {
  Object trigger;
  if (asked.metrics.empty()) {
    trigger.set("MetricName", or_null(asked.metric_name));
    trigger.set("Namespace", or_null(asked.namespace_));
    trigger.set("StatisticType", asked.extended_statistic ? "ExtendedStatistic" : "Statistic");
    if (asked.extended_statistic) trigger.set("ExtendedStatistic", *asked.extended_statistic);
    else trigger.set("Statistic", to_upper(asked.statistic.value_or("")));
    trigger.set("Unit", or_null(asked.unit));
    trigger.set("Dimensions", dimensions_of(asked.dimensions));
    trigger.set("Period", int64_t{asked.period.value_or(60)});
  } else {
    formats::Array metrics;
    for (const MetricDataQuery& query : asked.metrics) metrics.emplace_back(query_of(query));
    trigger.set("Metrics", std::move(metrics));
  }
  trigger.set("EvaluationPeriods", int64_t{asked.evaluation_periods.value_or(1)});
  if (asked.datapoints_to_alarm) trigger.set("DatapointsToAlarm", int64_t{*asked.datapoints_to_alarm});
  trigger.set("ComparisonOperator", asked.comparison_operator.value_or(""));
  trigger.set("Threshold", asked.threshold.value_or(0));
  trigger.set("TreatMissingData", asked.treat_missing_data.value_or("missing"));
  trigger.set("EvaluateLowSampleCountPercentile", asked.evaluate_low_sample_count_percentile.value_or(""));
  return trigger;
}

}  // namespace

std::string topic_message(const AlarmRow& before, const AlarmRow& after) {
  const PutMetricAlarmInput& asked = after.definition;
  Object message;
  message.set("AlarmName", after.name);
  message.set("AlarmDescription", or_null(asked.alarm_description));
  message.set("AWSAccountId", after.account);
  message.set("AlarmConfigurationUpdatedTimestamp", time_text(after.configured));
  message.set("NewStateValue", name_of(after.state));
  message.set("NewStateReason", after.reason);
  message.set("StateChangeTime", time_text(after.updated));
  message.set("Region", name_of_region(after.region));
  message.set("AlarmArn", arn_of(after));
  message.set("OldStateValue", name_of(before.state));
  message.set("OKActions", list_of(asked.ok_actions));
  message.set("AlarmActions", list_of(asked.alarm_actions));
  message.set("InsufficientDataActions", list_of(asked.insufficient_data_actions));
  if (after.composite) {
    message.set("AlarmRule", after.composite->alarm_rule);
    const auto data = after.reason_data ? formats::parse_json(*after.reason_data) : formats::parse_json("{}");
    const Value* children = data ? data->find("triggeringAlarms") : nullptr;
    message.set("TriggeringChildren", children ? *children : Value(formats::Array()));
  } else {
    message.set("Trigger", trigger_of(asked));
  }
  return formats::write_json(message);
}

std::string topic_subject(const AlarmRow& after) {
  std::string subject =
      fmt::format("{}: \"{}\" in {}", name_of(after.state), after.name, name_of_region(after.region));
  std::ranges::replace_if(subject, [](char c) { return c < ' ' || c > '~'; }, '?');
  if (subject.size() > kSubjectMax) subject = subject.substr(0, kSubjectMax - 3) + "...";
  return subject;
}

std::string scaling_message(const AlarmRow& after) {
  Object message;
  message.set("alarm", after.name);
  message.set("alarmArn", arn_of(after));
  message.set("state", name_of(after.state));
  message.set("threshold", after.definition.threshold.value_or(0));
  message.set("comparison", after.definition.comparison_operator.value_or(""));
  message.set("period", period_of(after.definition));
  const auto data = after.reason_data ? formats::parse_json(*after.reason_data) : formats::parse_json("{}");
  const Value* points = data ? data->find("recentDatapoints") : nullptr;
  if (points && points->as_array() && !points->as_array()->empty())
    message.set("value", points->as_array()->front());
  return formats::write_json(message);
}

}  // namespace holm::cloudwatch

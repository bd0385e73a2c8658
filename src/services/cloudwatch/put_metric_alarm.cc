// Making and changing alarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "cloudwatch/handlers.h"
#include "cloudwatch/schema.h"
#include "formats/json.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/metric_names.h"
#include "services/cloudwatch/queries.h"
#include "services/cloudwatch/service.h"
#include "services/cloudwatch/tags.h"

namespace holm::cloudwatch {

namespace {

constexpr int64_t kDay = 86'400;

[[noreturn]] void throw_invalid(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

void check_metric(Call& call, const PutMetricAlarmInput& request) {
  if (!request.metric_name || !request.namespace_) {
    throw_invalid("An alarm needs either MetricName and Namespace, or Metrics.");
  }
  if (!request.period) throw_invalid("Period is required for an alarm on a metric.");
  if (!is_period(*request.period)) throw_invalid("Period must be 10, 20, 30 or a multiple of 60");
  if (request.statistic.has_value() == request.extended_statistic.has_value()) {
    throw_invalid("Either Statistic or ExtendedStatistic is required, and not both.");
  }
  if (auto stat = Stat::parse(stat_of(request)); !stat) throw_invalid(stat.error().message);
  metric_of(call, *request.namespace_, *request.metric_name, request.dimensions);
}

void check_queries(Service& service, Call& call, const PutMetricAlarmInput& request) {
  if (request.metric_name || request.namespace_ || request.period || request.statistic ||
      request.extended_statistic || !request.dimensions.empty() || request.unit) {
    throw_invalid(
        "Metrics cannot be combined with MetricName, Namespace, Dimensions, Period, Unit or a statistic.");
  }
  const auto returned = std::ranges::count_if(
      request.metrics, [](const MetricDataQuery& query) { return query.return_data.value_or(true); });
  if (returned != 1) throw_invalid("Exactly one element of the metrics list should return data.");
  // It throws for what cannot be computed.
  Queries(service.store(), call, request.metrics, {.start = call.now, .end = call.now});
}

void check_periods(const PutMetricAlarmInput& request) {
  const int64_t period = period_of(request);
  if (period < 10) throw_invalid("An alarm's period is at least 10 seconds.");
  const int64_t whole = period * request.evaluation_periods.value_or(1);
  if (whole > (period >= 3600 ? 7 * kDay : kDay)) {
    throw_invalid(
        "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), "
        "or a week with periods of an hour and more.");
  }
}

void check_rule(const PutMetricAlarmInput& request) {
  if (!request.comparison_operator) throw_invalid("ComparisonOperator is required.");
  if (!comparison_of(*request.comparison_operator)) {
    throw aws::NotImplemented("PutMetricAlarm: ComparisonOperator " + *request.comparison_operator);
  }
  if (!request.threshold) throw_invalid("Threshold is required.");
  if (!request.evaluation_periods) throw_invalid("EvaluationPeriods is required.");
  if (request.datapoints_to_alarm && *request.datapoints_to_alarm > *request.evaluation_periods) {
    throw_invalid("DatapointsToAlarm must not exceed EvaluationPeriods.");
  }
  if (request.treat_missing_data && !missing_data_of(*request.treat_missing_data)) {
    throw_invalid(
        fmt::format("Option {} is not supported for TreatMissingData. Supported options are breaching, "
                    "notBreaching, ignore and missing.",
                    *request.treat_missing_data));
  }
  const std::string low = request.evaluate_low_sample_count_percentile.value_or("evaluate");
  if (low == "ignore") throw aws::NotImplemented("PutMetricAlarm: EvaluateLowSampleCountPercentile ignore");
  if (low != "evaluate") throw_invalid("EvaluateLowSampleCountPercentile is evaluate or ignore.");
}

void check_actions(Service& service, Call& call, const PutMetricAlarmInput& request) {
  for (const auto* actions :
       {&request.ok_actions, &request.alarm_actions, &request.insufficient_data_actions}) {
    for (const std::string& action : *actions) require_action(service, call, request, action);
  }
}

}  // namespace

Nothing put_metric_alarm(Service& service, Call& call, const PutMetricAlarmInput& request) {
  check_rule(request);
  if (request.metrics.empty()) check_metric(call, request);
  else check_queries(service, call, request);
  check_periods(request);
  check_actions(service, call, request);
  auto known = find_alarm(call, request.alarm_name);
  if (known && known->composite) {
    throw_invalid(fmt::format("The alarm {} is a composite alarm.", request.alarm_name));
  }
  AlarmRow row = known.value_or(new_alarm(call, request.alarm_name));
  row.definition = request;
  row.definition.tags.clear();
  row.configured = call.now;
  keep_alarm(call, row);
  // Tags are given when an alarm is made; later they are changed by themselves.
  if (!known) write_tags(call, "alarm:" + row.name, request.tags);
  add_history(
      call, row.name,
      {.type = "ConfigurationUpdate",
       .summary = fmt::format("Alarm \"{}\" {}", row.name, known ? "updated" : "created").substr(0, 255),
       .data = history_of(
           known ? Change::Updated : Change::Created,
           formats::parse_json(aws::write_kept_json(shape_of(row.definition), &row.definition)).value())});
  service.alarms_changed(call);
  return {};
}

}  // namespace holm::cloudwatch

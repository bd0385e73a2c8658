// Evaluating alarms on time: reading their metrics, and saying why a state is what it is.

#include "services/cloudwatch/alarm_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "metrics/store.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/metric_names.h"
#include "services/cloudwatch/queries.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr char kPrincipal[] = "cloudwatch.amazonaws.com";
// Between a period's end and its evaluation, for what others measure to arrive.
constexpr int64_t kLag = 5;
constexpr int64_t kFineStep = 10, kStep = 60;
constexpr size_t kReasonMax = 1023, kReasonDataMax = 4000;

// The newest periods of an alarm.
struct Window {
  int64_t end = 0;
  int64_t period = 60;
  size_t count = 1;
  int64_t start() const { return end - static_cast<int64_t>(count) * period; }
  int64_t time_of(size_t index) const { return end - static_cast<int64_t>(index + 1) * period; }
};

Window window_of(const AlarmRow& row, int64_t until) {
  const int64_t period = period_of(row.definition);
  const int64_t step = period < kStep ? kFineStep : kStep;
  return {.end = until - until % step, .period = period, .count = periods_looked_at(rule_of(row.definition))};
}

Curve curve_of(Service& service, const aws::Caller& caller, const AlarmRow& row, const Window& window) {
  const PutMetricAlarmInput& asked = row.definition;
  if (!asked.metrics.empty()) {
    Queries queries(service.store(), caller, asked.metrics,
                    {.start = from_milliseconds(window.start() * 1000),
                     .end = from_milliseconds(window.end * 1000),
                     .align = Span::Align::ToStart});
    auto returned = std::ranges::find_if(
        asked.metrics, [](const MetricDataQuery& query) { return query.return_data.value_or(true); });
    return queries.curve_of(returned->id);
  }
  const metrics::Metric metric =
      metric_of(caller, asked.namespace_.value_or(""), asked.metric_name.value_or(""), asked.dimensions);
  return read_curve(service.store(), metric, asked.unit, Stat::parse(stat_of(asked)).value(),
                    {.start = window.start(), .end = window.end, .period = window.period});
}

std::vector<std::optional<double>> points_of(const Curve& curve, const Window& window) {
  std::vector<std::optional<double>> points;
  for (size_t i = 0; i < window.count; ++i) {
    auto found = curve.points.find(window.time_of(i));
    points.push_back(found == curve.points.end() ? std::nullopt : std::optional(found->second));
  }
  return points;
}

// As AWS spells numbers: 5.0, 0.25.
std::string spelled(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

// "21/11/26 08:00:00"
std::string day_and_time(int64_t time) {
  const std::string text = iso8601(from_milliseconds(time * 1000));
  return fmt::format("{}/{}/{} {}", text.substr(8, 2), text.substr(5, 2), text.substr(2, 2),
                     text.substr(11, 8));
}

std::string_view words_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::GreaterOrEqual: return "greater than or equal to";
    case Comparison::Greater: return "greater than";
    case Comparison::Less: return "less than";
    case Comparison::LessOrEqual: return "less than or equal to";
  }
  return "";
}

std::string plural(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string reason_of(const AlarmRow& row, const Verdict& verdict, const Curve& curve, const Window& window) {
  const AlarmRule rule = rule_of(row.definition);
  if (verdict.state == AlarmState::InsufficientData) {
    return fmt::format("Insufficient Data: {} {} unknown.", plural(rule.periods, "datapoint"),
                       rule.periods == 1 ? "was" : "were");
  }
  const bool is_alarm = verdict.state == AlarmState::Alarm;
  if (verdict.used.empty()) {
    return fmt::format(
        "Threshold Crossed: no datapoints were received for {} and {} treated as [{}].",
        plural(rule.periods, "period"),
        rule.periods == 1 ? "1 missing datapoint was" : plural(rule.periods, "missing datapoint") + " were",
        is_alarm ? "Breaching" : "NonBreaching");
  }
  std::vector<std::string> told;
  for (size_t index : verdict.used) {
    const int64_t time = window.time_of(index);
    const double value = curve.points.at(time);
    if (is_alarm && !is_breaching(value, rule.comparison, rule.threshold)) continue;
    told.push_back(fmt::format("{} ({})", spelled(value), day_and_time(time)));
  }
  const size_t count = is_alarm ? verdict.breaching : verdict.used.size() - verdict.breaching;
  std::string reason = fmt::format(
      "Threshold Crossed: {} out of the last {} [{}] {} {}{} the threshold ({}) (minimum {} for {} "
      "transition).",
      count, plural(rule.periods, "datapoint"), join(told, ", "), count == 1 ? "was" : "were",
      is_alarm ? "" : "not ", words_of(rule.comparison), spelled(rule.threshold),
      plural(is_alarm ? rule.to_alarm : rule.periods - rule.to_alarm + 1, "datapoint"),
      is_alarm ? "OK -> ALARM" : "ALARM -> OK");
  if (reason.size() > kReasonMax) reason.resize(kReasonMax);
  return reason;
}

std::string reason_data_of(const AlarmRow& row, const Verdict& verdict, const Curve& curve,
                           const Window& window, int64_t now) {
  auto time_text = [](int64_t time) {
    return replace_all(iso8601_milliseconds(from_milliseconds(time * 1000)), "Z", "+0000");
  };
  formats::Array recent, evaluated;
  for (size_t index : verdict.used) {
    const int64_t time = window.time_of(index);
    formats::Object point;
    point.set("timestamp", time_text(time));
    point.set("value", curve.points.at(time));
    recent.emplace_back(curve.points.at(time));
    evaluated.emplace_back(std::move(point));
  }
  formats::Object data;
  data.set("version", "1.0");
  data.set("queryDate", time_text(now));
  data.set("startDate", time_text(window.start()));
  if (row.definition.metrics.empty()) data.set("statistic", stat_of(row.definition));
  data.set("period", window.period);
  data.set("recentDatapoints", std::move(recent));
  data.set("threshold", row.definition.threshold.value_or(0));
  data.set("evaluatedDatapoints", std::move(evaluated));
  std::string text = formats::write_json(data);
  if (text.size() > kReasonDataMax) {
    data.remove("evaluatedDatapoints");
    text = formats::write_json(data);
  }
  return text.size() > kReasonDataMax ? R"({"version":"1.0"})" : text;
}

// What an alarm's metric has been, and what follows from it.
struct Evaluation {
  Window window;
  Curve curve;
  Verdict verdict;
};

Evaluation evaluation_of(Service& service, const aws::Caller& caller, const AlarmRow& row, int64_t until) {
  Evaluation made{.window = window_of(row, until)};
  made.curve = curve_of(service, caller, row, made.window);
  made.verdict = evaluate(rule_of(row.definition), points_of(made.curve, made.window));
  return made;
}

void change(Service& service, const aws::Caller& caller, const AlarmRow& row, const Evaluation& made) {
  const int64_t second = to_milliseconds(caller.now) / 1000;
  const auto& [window, curve, verdict] = made;
  const StateChange change{.state = *verdict.state,
                           .reason = reason_of(row, verdict, curve, window),
                           .reason_data = reason_data_of(row, verdict, curve, window, second)};
  service.use().region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    auto current = find_alarm(call, row.name);
    // Somebody may have changed or deleted it meanwhile; then it is evaluated again next time.
    if (!current || current->configured != row.configured || current->state != row.state) return;
    change_state(service, call, *current, change);
  });
}

aws::Caller caller_for(Service& service, const AlarmRow& row, Time now) {
  aws::Caller caller = service.use().region.caller(row.account, row.region, kPrincipal);
  caller.now = now;
  return caller;
}

void evaluate_alarm(Service& service, const AlarmRow& row, Time now) {
  const aws::Caller caller = caller_for(service, row, now);
  const int64_t second = to_milliseconds(now) / 1000;
  const Evaluation made = evaluation_of(service, caller, row, second - kLag);
  if (made.verdict.state && *made.verdict.state != row.state) return change(service, caller, row, made);
  if (!calls_scaling_policies(row) || (second - kLag) % kStep >= kFineStep) return;
  AlarmRow now_row = row;
  now_row.reason_data = reason_data_of(row, made.verdict, made.curve, made.window, second);
  service.use().region.transact(caller, sql::Access::Write,
                                [&](aws::Call& call) { repeat_scaling_actions(service, call, now_row); });
}

// Whether everything it watches is measured by the region itself, so that nothing arrives later.
bool is_measured_here(const PutMetricAlarmInput& asked) {
  auto is_own = [](const std::string& space) { return space.starts_with("AWS/"); };
  if (asked.metrics.empty()) return is_own(asked.namespace_.value_or(""));
  return std::ranges::all_of(asked.metrics, [&](const MetricDataQuery& query) {
    return !query.metric_stat || is_own(query.metric_stat->metric.namespace_.value_or(""));
  });
}

std::vector<AlarmRow> metric_alarms(Service& service) {
  aws::Region& region = service.use().region;
  std::vector<AlarmRow> rows;
  region.transact(region.caller("", "", kPrincipal), sql::Access::Read,
                  [&](aws::Call& call) { rows = all_alarms(call.transaction); });
  std::erase_if(rows, [](const AlarmRow& row) { return row.composite.has_value(); });
  return rows;
}

}  // namespace

void evaluate_measured_alarms(Service& service, Time end) {
  const Time now = service.use().clock.now();
  for (const AlarmRow& row : metric_alarms(service)) {
    if (!is_measured_here(row.definition)) continue;
    (void)aws::attempt([&] {
      const aws::Caller caller = caller_for(service, row, now);
      const Evaluation made = evaluation_of(service, caller, row, to_milliseconds(end) / 1000);
      // What has no newest value may be measured a moment later.
      if (!made.curve.points.contains(made.window.time_of(0))) return;
      if (made.verdict.state && *made.verdict.state != row.state) change(service, caller, row, made);
    });
  }
}

jobs::Outcome evaluate_alarms(Service& service) {
  const Time now = service.use().clock.now();
  const std::vector<AlarmRow> rows = metric_alarms(service);
  if (rows.empty()) return jobs::done();
  int64_t step = kStep;
  for (const AlarmRow& row : rows) {
    if (period_of(row.definition) < kStep) step = kFineStep;
    // One that cannot be evaluated keeps its state and does not keep others from theirs.
    (void)aws::attempt([&] { evaluate_alarm(service, row, now); });
  }
  const int64_t second = to_milliseconds(now) / 1000 - kLag;
  return jobs::again_at(from_milliseconds((second - second % step + step + kLag) * 1000));
}

}  // namespace holm::cloudwatch

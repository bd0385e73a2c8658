// Metric filters: keeping them, and applying them to what comes in.

#include "services/logs/metric_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/strings.h"
#include "formats/json.h"
#include "logs/schema.h"
#include "metrics/recorder.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/json_pattern.h"
#include "services/logs/service.h"

namespace holm::logs {

namespace {

using formats::Value;

constexpr int64_t kFiltersMax = 100;
constexpr size_t kDimensionsMax = 3;
constexpr int64_t kMinute = 60'000;
constexpr size_t kPageDefault = 50;

struct FilterRow {
  GroupRow group;
  std::string name, pattern;
  MetricTransformation transformation;
  int64_t created = 0;
};

FilterRow read_row(const sql::Row& row) {
  FilterRow filter{.group = {row.integer(0), row.text(1)},
                   .name = row.text(2),
                   .pattern = row.text(3),
                   .transformation = {},
                   .created = row.integer(5)};
  CHECK(aws::read_json(row.text(4), schema::kMetricTransformation, &filter.transformation).has_value());
  return filter;
}

std::vector<FilterRow> filters_where(Call& call, std::string_view condition,
                                     std::vector<sql::Value> arguments) {
  std::vector<FilterRow> rows;
  for (const sql::Row& row : call.transaction.run(
           fmt::format(
               "SELECT g.id, g.name, f.name, f.pattern, f.transformation, f.created FROM logs_metric_filter f"
               " JOIN logs_group g ON g.id = f.log_group WHERE {} ORDER BY g.name, f.name",
               condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

FilterPattern require_pattern(const std::string& text) {
  auto pattern = FilterPattern::parse(text);
  if (pattern) return std::move(*pattern);
  if (pattern.error().message.find("patterns") != std::string::npos) {
    throw aws::NotImplemented("PutMetricFilter: " + pattern.error().message);
  }
  throw InvalidParameterException("Invalid metric filter pattern: " + pattern.error().message);
}

[[noreturn]] void throw_invalid(const std::string& message) { throw InvalidParameterException(message); }

void require_transformation(const FilterPattern& pattern, const MetricTransformation& wanted) {
  if (wanted.metric_namespace.starts_with("AWS/")) {
    throw_invalid("Invalid metric transformation: the namespace must not begin with AWS/");
  }
  if (wanted.metric_name.empty() || wanted.metric_namespace.empty()) {
    throw_invalid("Invalid metric transformation: a metric has a name and a namespace");
  }
  const bool is_number = formats::is_json_number(wanted.metric_value);
  if (!is_number && !(pattern.is_json() && Selector::parse(wanted.metric_value))) {
    throw_invalid(
        "Invalid metric transformation: the metric value is a number, or with a pattern on JSON a selector");
  }
  if (wanted.dimensions.size() > kDimensionsMax) throw_invalid("A metric filter has at most 3 dimensions");
  if (!wanted.dimensions.empty() && wanted.default_value) {
    throw_invalid(
        "Invalid metric transformation: dimensions and default value are mutually exclusive properties.");
  }
  for (const auto& [name, selector] : wanted.dimensions) {
    if (name.empty() || !pattern.is_json() || !Selector::parse(selector)) {
      throw_invalid(
          "Invalid metric transformation: a dimension's value is a selector, with a pattern on JSON");
    }
  }
}

std::string text_of(const Value& value) {
  return value.as_string() ? *value.as_string() : formats::write_json(value);
}

MetricFilter describe(const FilterRow& row) {
  return {.filter_name = row.name,
          .filter_pattern = row.pattern,
          .metric_transformations = {row.transformation},
          .creation_time = row.created,
          .log_group_name = row.group.name,
          .apply_on_transformed_logs = false};
}

// One filter and the events of one call.
class Application {
 public:
  Application(metrics::Recorder& recorder, const aws::Caller& caller, const FilterRow& filter)
      : recorder_(recorder), filter_(filter), account_(caller.account), region_(caller.region) {}

  void apply(const std::vector<InputLogEvent>& events) {
    const auto pattern = FilterPattern::parse(filter_.pattern);
    CHECK(pattern.has_value());
    std::set<int64_t> met, unmet;  // Minutes.
    for (const InputLogEvent& event : events) {
      const int64_t minute = event.timestamp - event.timestamp % kMinute;
      const bool is_met = pattern->matches(event.message) && record(*pattern, event);
      (is_met ? met : unmet).insert(minute);
    }
    if (!filter_.transformation.default_value) return;
    for (int64_t minute : unmet) {
      if (!met.contains(minute)) put(minute, *filter_.transformation.default_value, {});
    }
  }

 private:
  // Whether the event has the value that is asked for.
  bool record(const FilterPattern& pattern, const InputLogEvent& event) {
    const MetricTransformation& wanted = filter_.transformation;
    const auto document =
        pattern.is_json() ? formats::parse_json(event.message) : formats::parse_json("null");
    auto find = [&](const std::string& selector) -> const Value* {
      const auto parsed = Selector::parse(selector);
      return document && parsed ? parsed->find(*document) : nullptr;
    };
    std::optional<double> number;
    if (formats::is_json_number(wanted.metric_value)) {
      number = formats::number_from_text(wanted.metric_value).as_number();
    } else if (const Value* value = find(wanted.metric_value)) {
      const std::string text = text_of(*value);
      if (formats::is_json_number(text)) number = formats::number_from_text(text).as_number();
    }
    if (!number) return false;
    std::vector<metrics::Dimension> dimensions;
    for (const auto& [name, selector] : wanted.dimensions) {
      // One that is missing leaves the whole event unmeasured, as on AWS.
      const Value* value = find(selector);
      if (!value) return false;
      dimensions.push_back({name, text_of(*value).substr(0, 1024)});
    }
    put(event.timestamp, *number, std::move(dimensions));
    return true;
  }

  void put(int64_t milliseconds, double value, std::vector<metrics::Dimension> dimensions) {
    const MetricTransformation& wanted = filter_.transformation;
    recorder_.record(
        {.metric = {account_, region_, wanted.metric_namespace, wanted.metric_name, std::move(dimensions)},
         .unit = wanted.unit.value_or("None")},
        from_milliseconds(milliseconds), metrics::Statistics::of(value));
  }

  metrics::Recorder& recorder_;
  const FilterRow& filter_;
  const std::string account_, region_;
};

}  // namespace

void measure_events(Service& service, Call& call, const GroupRow& group,
                    const std::vector<InputLogEvent>& events) {
  auto filters = std::make_shared<std::vector<FilterRow>>(filters_where(call, "g.id = ?1", {group.id}));
  if (filters->empty() || events.empty()) return;
  metrics::Recorder& recorder = service.recorder();
  const aws::Caller caller = call;
  call.after_commit([&recorder, filters, events, caller] {
    for (const FilterRow& filter : *filters) Application(recorder, caller, filter).apply(events);
  });
}

int32_t count_metric_filters(Call& call, const GroupRow& group) {
  auto row =
      call.transaction.find("SELECT count(*) FROM logs_metric_filter WHERE log_group = ?1", {group.id});
  return static_cast<int32_t>(row->integer(0));
}

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
aws::Nothing put_metric_filter(Service&, Call& call, const PutMetricFilterRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name);
  const FilterPattern pattern = require_pattern(request.filter_pattern);
  if (request.apply_on_transformed_logs.value_or(false)) {
    throw aws::NotImplemented("PutMetricFilter: applyOnTransformedLogs");
  }
  const MetricTransformation& transformation = request.metric_transformations.front();
  require_transformation(pattern, transformation);
  call.transaction.run(
      "INSERT INTO logs_metric_filter (log_group, name, pattern, transformation, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (log_group, name) DO UPDATE SET pattern = excluded.pattern,"
      " transformation = excluded.transformation",
      {group.id, request.filter_name, request.filter_pattern,
       aws::write_json(schema::kMetricTransformation, &transformation), to_milliseconds(call.now)});
  if (count_metric_filters(call, group) > kFiltersMax) {
    throw LimitExceededException("A log group has at most 100 metric filters.");
  }
  return {};
}

aws::Nothing delete_metric_filter(Service&, Call& call, const DeleteMetricFilterRequest& request) {
  const GroupRow group = require_group(call, request.log_group_name);
  call.transaction.run("DELETE FROM logs_metric_filter WHERE log_group = ?1 AND name = ?2",
                       {group.id, request.filter_name});
  if (call.transaction.changes() == 0) {
    throw ResourceNotFoundException("The specified metric filter does not exist.");
  }
  return {};
}

DescribeMetricFiltersResponse describe_metric_filters(Service&, Call& call,
                                                      const DescribeMetricFiltersRequest& request) {
  if (request.metric_name.has_value() != request.metric_namespace.has_value()) {
    throw_invalid("A metric is named by its name and its namespace.");
  }
  if (request.log_group_name) require_group(call, *request.log_group_name);
  const std::string after = position_of(request.next_token);
  const auto limit = static_cast<size_t>(request.limit.value_or(kPageDefault));
  DescribeMetricFiltersResponse result;
  std::string last;
  for (const FilterRow& row :
       filters_where(call, "g.account = ?1 AND g.region = ?2", {call.account, call.region})) {
    const MetricTransformation& metric = row.transformation;
    const std::string place = row.group.name + ":" + row.name;
    if (place <= after || (request.log_group_name && row.group.name != *request.log_group_name)) continue;
    if (request.filter_name_prefix && !row.name.starts_with(*request.filter_name_prefix)) continue;
    if (request.metric_name && (metric.metric_name != *request.metric_name ||
                                metric.metric_namespace != *request.metric_namespace)) {
      continue;
    }
    if (result.metric_filters.size() == limit) {
      result.next_token = token_of(last);
      break;
    }
    result.metric_filters.push_back(describe(row));
    last = place;
  }
  return result;
}

TestMetricFilterResponse test_metric_filter(Service&, Call&, const TestMetricFilterRequest& request) {
  const FilterPattern pattern = require_pattern(request.filter_pattern);
  TestMetricFilterResponse result;
  for (size_t i = 0; i < request.log_event_messages.size(); ++i) {
    const std::string& message = request.log_event_messages[i];
    if (!pattern.matches(message)) continue;
    MetricFilterMatchRecord match{.event_number = static_cast<int64_t>(i) + 1, .event_message = message};
    const auto document = formats::parse_json(message);
    for (const Selector& selector : pattern.selectors()) {
      const Value* value = document ? selector.find(*document) : nullptr;
      if (value) match.extracted_values[selector.text()] = text_of(*value);
    }
    result.matches.push_back(std::move(match));
  }
  return result;
}

}  // namespace holm::logs

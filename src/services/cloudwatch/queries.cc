// Computing what queries ask for: each once, those that expressions refer to first.

#include "services/cloudwatch/queries.h"

#include <fmt/format.h>


#include "base/characters.h"
#include "metrics/store.h"
#include "services/cloudwatch/metric_names.h"

namespace holm::cloudwatch {

namespace {

[[noreturn]] void throw_invalid(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

bool is_id(const std::string& id) {
  return !id.empty() && id.front() >= 'a' && id.front() <= 'z' && is_alphanumeric(id, "_");
}

[[noreturn]] void throw_math(const std::string& id, const MathError& error) {
  if (error.kind == MathError::Kind::Unbuilt) throw aws::NotImplemented(error.message);
  throw_invalid(fmt::format("Error in expression '{}': {}", id, error.message));
}

}  // namespace

Queries::Queries(const metrics::Store& store, const aws::Caller& caller,
                 const std::vector<MetricDataQuery>& queries, Span span)
    : store_(store), caller_(caller), queries_(queries), span_(span) {
  for (const MetricDataQuery& query : queries) check(query);
  for (auto& [id, known] : known_) {
    if (!known.expression) continue;
    for (const std::string& needed : known.expression->ids()) {
      if (!known_.contains(needed)) {
        throw_invalid(fmt::format("Error in expression '{}': Undefined id {}", id, needed));
      }
    }
  }
}

void Queries::check(const MetricDataQuery& query) {
  if (!is_id(query.id)) {
    throw_invalid(fmt::format(
        "The id {} must begin with a lowercase letter and consist of letters, digits and _.", query.id));
  }
  if (query.metric_stat.has_value() == query.expression.has_value()) {
    throw_invalid(fmt::format("The query {} must have either MetricStat or Expression.", query.id));
  }
  if (query.label && query.label->find("${") != std::string::npos)
    throw aws::NotImplemented("Dynamic labels");
  if (query.account_id && *query.account_id != caller_.account) {
    throw aws::NotImplemented("Metrics of other accounts");
  }
  auto [place, is_new] = known_.emplace(query.id, Known{.query = &query, .expression = {}, .value = {}});
  if (!is_new) throw_invalid(fmt::format("The id {} stands for more than one query.", query.id));
  if (query.metric_stat) {
    if (!is_period(query.metric_stat->period)) {
      throw_invalid(fmt::format("The period {} of query {} must be 1, 5, 10, 20, 30 or a multiple of 60",
                                query.metric_stat->period, query.id));
    }
    if (auto stat = Stat::parse(query.metric_stat->stat); !stat) throw_invalid(stat.error().message);
    return;
  }
  auto expression = Expression::parse(*query.expression);
  if (!expression) throw_math(query.id, expression.error());
  place->second.expression = std::move(*expression);
}

Periods Queries::periods_of(int64_t period) const {
  const int64_t now = to_milliseconds(caller_.now) / 1000;
  int64_t start = to_milliseconds(span_.start) / 1000;
  if (span_.align == Span::Align::ToPeriods) {
    start = (rounded_start(start, period, now) + period - 1) / period * period;
  }
  return {.start = start,
          .end = std::chrono::ceil<std::chrono::seconds>(span_.end).time_since_epoch().count(),
          .period = period};
}

Curve Queries::read(const MetricStat& stat) const {
  const Metric& named = stat.metric;
  const metrics::Metric metric =
      metric_of(caller_, named.namespace_.value_or(""), named.metric_name.value_or(""),
                named.dimensions.value_or(std::vector<Dimension>()));
  return read_curve(store_, metric, stat.unit, Stat::parse(stat.stat).value(), periods_of(stat.period));
}

MathValue Queries::compute(Known& known) {
  const MetricDataQuery& query = *known.query;
  if (query.metric_stat) return read(*query.metric_stat);
  auto value = known.expression->evaluate(
      {.find = [this](const std::string& id) { return known_.contains(id) ? &value_of(id) : nullptr; },
       .metrics =
           [this](const std::string& part) {
             std::vector<Curve> curves;
             for (const MetricDataQuery& each : queries_) {
               if (!each.metric_stat || each.id.find(part) == std::string::npos) continue;
               curves.push_back(std::get<Curve>(value_of(each.id)));
             }
             return curves;
           },
       .periods = periods_of(query.period.value_or(60))});
  if (!value) throw_math(query.id, value.error());
  return std::move(*value);
}

const MathValue& Queries::value_of(const std::string& id) {
  Known& known = known_.at(id);
  if (known.value) return *known.value;
  if (known.is_being_computed) throw_invalid(fmt::format("The expression {} refers to itself.", id));
  known.is_being_computed = true;
  known.value = compute(known);
  return *known.value;
}

Curve Queries::curve_of(const std::string& id) {
  const MathValue& value = value_of(id);
  if (auto* curve = std::get_if<Curve>(&value)) return *curve;
  if (auto* many = std::get_if<std::vector<Curve>>(&value); many && many->size() == 1) return many->front();
  throw_invalid(fmt::format("Error in expression '{}': It does not return a single time series.", id));
}

std::vector<Answer> Queries::answers() {
  std::vector<Answer> answers;
  for (const MetricDataQuery& query : queries_) {
    if (!query.return_data.value_or(true)) continue;
    Answer answer{.id = query.id, .label = query.id, .curve = {}};
    if (query.metric_stat) answer.label = query.metric_stat->metric.metric_name.value_or("");
    if (query.label) answer.label = *query.label;
    const MathValue& value = value_of(query.id);
    if (std::holds_alternative<double>(value)) {
      throw_invalid(
          fmt::format("Error in expression '{}': It returns a number, not a time series.", query.id));
    }
    std::vector<Curve> curves;
    if (auto* curve = std::get_if<Curve>(&value)) curves.push_back(*curve);
    else curves = std::get<std::vector<Curve>>(value);
    for (Curve& curve : curves) {
      answer.curve = std::move(curve);
      answers.push_back(answer);
    }
  }
  return answers;
}

}  // namespace holm::cloudwatch

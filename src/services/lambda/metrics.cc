// Measuring invocations. Their metrics bear the time at which they began.

#include "services/lambda/metrics.h"

namespace holm::lambda {

struct Metrics::Place {
  const Target& target;
  const std::string& invoked_arn;
  Time time;
};

namespace {

// "name" or "name:alias", as the function was named.
std::string resource_of(const std::string& invoked_arn) {
  constexpr std::string_view kBefore = ":function:";
  const size_t at = invoked_arn.find(kBefore);
  return at == std::string::npos ? invoked_arn : invoked_arn.substr(at + kBefore.size());
}

metrics::Series series_of(const Target& target, std::string_view name, std::string_view unit) {
  return {.metric = {target.account, target.region, "AWS/Lambda", std::string(name), {}},
          .unit = std::string(unit)};
}

}  // namespace

// For the function, for the function as it was named, and for all functions.
void Metrics::count(const Place& place, std::string_view name, double value, std::string_view unit) {
  metrics::Series series = series_of(place.target, name, unit);
  const metrics::Statistics measured = metrics::Statistics::of(value);
  recorder_.record(series, place.time, measured);
  series.metric.dimensions = {{"FunctionName", place.target.name}};
  recorder_.record(series, place.time, measured);
  series.metric.dimensions.push_back({"Resource", resource_of(place.invoked_arn)});
  recorder_.record(series, place.time, measured);
}

void Metrics::throttled(const Target& target, const Invocation& invocation, Time time) {
  count({target, invocation.invoked_arn, time}, "Throttles", 1);
}

void Metrics::began(const Target& target, const Invocation& invocation, const RunningNow& concurrency,
                    Time time) {
  count({target, invocation.invoked_arn, time}, "Throttles", 0);
  metrics::Series series = series_of(target, "ConcurrentExecutions", "Count");
  auto record = [&](int64_t value) {
    recorder_.record(series, time, metrics::Statistics::of(static_cast<double>(value)));
  };
  record(concurrency.of_account);
  series.metric.dimensions = {{"FunctionName", target.name}};
  record(concurrency.of_function);
  if (!concurrency.unreserved) return;
  series = series_of(target, "UnreservedConcurrentExecutions", "Count");
  record(*concurrency.unreserved);
}

void Metrics::ended(const Target& target, const std::string& invoked_arn, Time began,
                    const InvocationResult& result) {
  // What was never run is no invocation.
  if (result.kind != InvocationResult::Kind::Answered) return;
  const Place place{target, invoked_arn, began};
  count(place, "Invocations", 1);
  count(place, "Errors", result.error.empty() ? 0 : 1);
  if (result.duration) count(place, "Duration", result.duration->count(), "Milliseconds");
}

}  // namespace holm::lambda

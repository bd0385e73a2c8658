// Statistics of one metric.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html

#include <fmt/format.h>

#include "cloudwatch/handlers.h"
#include "metrics/store.h"
#include "services/cloudwatch/curve.h"
#include "services/cloudwatch/metric_names.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr int64_t kDatapointsMax = 1440;

Periods periods_of(const GetMetricStatisticsInput& request, int64_t now) {
  if (request.start_time >= request.end_time) {
    throw InvalidParameterValueException("The parameter StartTime must be less than the parameter EndTime.");
  }
  if (!is_period(request.period)) {
    throw InvalidParameterValueException("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60");
  }
  const Periods periods{
      .start = rounded_start(to_milliseconds(request.start_time) / 1000, request.period, now),
      .end = std::chrono::ceil<std::chrono::seconds>(request.end_time).time_since_epoch().count(),
      .period = request.period};
  const int64_t count = (periods.end - periods.start + periods.period - 1) / periods.period;
  if (count > kDatapointsMax) {
    throw InvalidParameterCombinationException(fmt::format(
        "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce the "
        "datapoints requested by increasing Period, or decreasing the time range.",
        count, kDatapointsMax));
  }
  return periods;
}

void fill_in(Datapoint& point, std::string_view name, double value) {
  if (name == statistic::kSampleCount) point.sample_count = value;
  if (name == statistic::kAverage) point.average = value;
  if (name == statistic::kSum) point.sum = value;
  if (name == statistic::kMinimum) point.minimum = value;
  if (name == statistic::kMaximum) point.maximum = value;
}

struct Asked {
  std::string name;
  Stat stat;
};

std::vector<Asked> asked_for(const std::vector<std::string>& names) {
  std::vector<Asked> asked;
  for (const std::string& name : names) {
    auto stat = Stat::parse(name);
    if (!stat) throw InvalidParameterValueException(stat.error().message);
    asked.push_back({name, *stat});
  }
  return asked;
}

}  // namespace

GetMetricStatisticsOutput get_metric_statistics(Service& service, Call& call,
                                                const GetMetricStatisticsInput& request) {
  const metrics::Metric metric = metric_of(call, request.namespace_, request.metric_name, request.dimensions);
  const Periods periods = periods_of(request, to_milliseconds(call.now) / 1000);
  if (request.statistics.empty() && request.extended_statistics.empty()) {
    throw MissingRequiredParameterException("Must specify either Statistics or ExtendedStatistics");
  }
  const std::vector<Asked> plain = asked_for(request.statistics);
  const std::vector<Asked> extended = asked_for(request.extended_statistics);
  GetMetricStatisticsOutput result{.label = request.metric_name, .datapoints = {}};
  const int64_t until = periods.end + periods.period;
  for (const metrics::Readings& readings : service.store().read(metric, request.unit, periods.start, until)) {
    for (const auto& [begin, set] : by_period(readings.slots, periods)) {
      Datapoint point{.timestamp = from_milliseconds(begin * 1000), .unit = readings.unit};
      bool has_any = !plain.empty();
      std::map<std::string, double> values;
      for (const Asked& each : plain) fill_in(point, each.name, each.stat.of(set).value());
      for (const Asked& each : extended) {
        auto value = each.stat.of(set);
        if (value) values[each.name] = *value;
        has_any = has_any || value;
      }
      if (!extended.empty()) point.extended_statistics = std::move(values);
      if (has_any) result.datapoints.push_back(std::move(point));
    }
  }
  return result;
}

}  // namespace holm::cloudwatch

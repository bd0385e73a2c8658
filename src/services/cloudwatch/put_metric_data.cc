// Taking in what clients have measured.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cloudwatch/handlers.h"
#include "metrics/store.h"
#include "services/cloudwatch/metric_names.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr size_t kDataMax = 1000;
constexpr size_t kValuesMax = 150;
constexpr int64_t kPastMax = 14 * 86'400;
constexpr int64_t kFutureMax = 2 * 3600;
const double kNumberMax = std::ldexp(1.0, 360);

// "MetricData.member.3.Value"
std::string place_of(size_t index, std::string_view member) {
  return fmt::format("MetricData.member.{}.{}", index + 1, member);
}

void require_number(double number, size_t index, std::string_view member) {
  if (std::isfinite(number) && std::abs(number) <= kNumberMax) return;
  throw InvalidParameterValueException(
      fmt::format("The value {} for parameter {} is invalid.", number, place_of(index, member)));
}

metrics::Statistics statistics_of(const StatisticSet& set, size_t index) {
  for (double number : {set.sample_count, set.sum, set.minimum, set.maximum}) {
    require_number(number, index, "StatisticValues");
  }
  if (set.sample_count <= 0 || set.minimum > set.maximum) {
    throw InvalidParameterValueException(fmt::format(
        "The parameter {} must have a SampleCount above zero and a Maximum not below its Minimum.",
        place_of(index, "StatisticValues")));
  }
  return {.count = set.sample_count, .sum = set.sum, .min = set.minimum, .max = set.maximum, .values = {}};
}

metrics::Statistics statistics_of_values(const MetricDatum& datum, size_t index) {
  if (datum.values.size() > kValuesMax) {
    throw InvalidParameterValueException(
        fmt::format("The parameter {} has more than {} members.", place_of(index, "Values"), kValuesMax));
  }
  if (!datum.counts.empty() && datum.counts.size() != datum.values.size()) {
    throw InvalidParameterValueException(fmt::format("The parameters {} and {} must be of the same size.",
                                                     place_of(index, "Values"), place_of(index, "Counts")));
  }
  std::vector<metrics::Weighted> values;
  for (size_t i = 0; i < datum.values.size(); ++i) {
    const double count = datum.counts.empty() ? 1 : datum.counts[i];
    require_number(datum.values[i], index, "Values");
    require_number(count, index, "Counts");
    if (count < 0) {
      throw InvalidParameterValueException(
          fmt::format("The value {} for parameter {} is invalid.", count, place_of(index, "Counts")));
    }
    if (count > 0) values.push_back({datum.values[i], count});
  }
  return metrics::Statistics::of_values(std::move(values));
}

metrics::Statistics measured_in(const MetricDatum& datum, size_t index) {
  const int given = (datum.value ? 1 : 0) + (datum.statistic_values ? 1 : 0) + (datum.values.empty() ? 0 : 1);
  if (given == 0) {
    throw MissingRequiredParameterException(
        fmt::format("At least one of the parameters {}, {} and {} must be specified.",
                    place_of(index, "Value"), place_of(index, "StatisticValues"), place_of(index, "Values")));
  }
  if (given > 1) {
    throw InvalidParameterCombinationException(
        fmt::format("The parameters {} and {} are mutually exclusive and you have specified both.",
                    place_of(index, datum.value ? "Value" : "StatisticValues"),
                    place_of(index, datum.value && datum.values.empty() ? "StatisticValues" : "Values")));
  }
  if (datum.statistic_values) return statistics_of(*datum.statistic_values, index);
  if (!datum.value) return statistics_of_values(datum, index);
  require_number(*datum.value, index, "Value");
  return metrics::Statistics::of(*datum.value);
}

int64_t time_of(const MetricDatum& datum, size_t index, int64_t now) {
  const int64_t time = datum.timestamp ? to_milliseconds(*datum.timestamp) / 1000 : now;
  if (time < now - kPastMax || time > now + kFutureMax) {
    throw InvalidParameterValueException(fmt::format(
        "The parameter {} must specify a time within the past two weeks, or at most two hours in the future.",
        place_of(index, "Timestamp")));
  }
  const int32_t resolution = datum.storage_resolution.value_or(60);
  if (resolution != 1 && resolution != 60) {
    throw InvalidParameterValueException(
        fmt::format("The parameter {} must be 1 or 60.", place_of(index, "StorageResolution")));
  }
  return time - time % resolution;
}

}  // namespace

aws::Nothing put_metric_data(Service& service, Call& call, const PutMetricDataInput& request) {
  if (request.namespace_.starts_with("AWS/")) {
    throw InvalidParameterValueException("The value AWS/ for parameter Namespace is invalid.");
  }
  if (request.metric_data.empty())
    throw MissingRequiredParameterException("The parameter MetricData is required.");
  if (request.metric_data.size() > kDataMax) {
    throw InvalidParameterValueException(
        fmt::format("The collection MetricData must not have a size greater than {}.", kDataMax));
  }
  const int64_t now = to_milliseconds(call.now) / 1000;
  std::vector<metrics::Addition> additions;
  additions.reserve(request.metric_data.size());
  for (size_t i = 0; i < request.metric_data.size(); ++i) {
    const MetricDatum& datum = request.metric_data[i];
    metrics::Series series{.metric = metric_of(call, request.namespace_, datum.metric_name, datum.dimensions),
                           .unit = datum.unit.value_or("None")};
    metrics::Statistics measured = measured_in(datum, i);
    const int64_t time = time_of(datum, i, now);
    if (measured.count > 0) additions.push_back({std::move(series), {time, std::move(measured)}});
  }
  if (!additions.empty()) service.store().put(additions);
  return {};
}

}  // namespace holm::cloudwatch

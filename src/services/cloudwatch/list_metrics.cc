// Which metrics there are.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html

#include <algorithm>

#include "base/strings.h"
#include "cloudwatch/handlers.h"
#include "metrics/store.h"
#include "services/cloudwatch/metric_names.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr size_t kPage = 500;
constexpr size_t kLookedAtMax = 2000;  // Series at once.
constexpr int64_t kListedFor = 14 * 86'400;
constexpr int64_t kRecently = 3 * 3600;

bool passes(const metrics::Metric& metric, const ListMetricsInput& request) {
  if (request.metric_name && metric.name != *request.metric_name) return false;
  return std::ranges::all_of(request.dimensions, [&](const DimensionFilter& filter) {
    return std::ranges::any_of(metric.dimensions, [&](const metrics::Dimension& each) {
      return each.name == filter.name && (!filter.value || each.value == *filter.value);
    });
  });
}

}  // namespace

ListMetricsOutput list_metrics(Service& service, Call& call, const ListMetricsInput& request) {
  const std::string prefix =
      metrics::key_prefix(call.account, call.region, request.namespace_, request.metric_name);
  std::string after;
  if (request.next_token) {
    auto key = base64_decode(*request.next_token);
    if (!key || !key->starts_with(prefix)) throw InvalidNextToken("The next token specified is invalid.");
    after = std::move(*key);
  }
  const int64_t oldest =
      to_milliseconds(call.now) / 1000 - (request.recently_active.has_value() ? kRecently : kListedFor);
  ListMetricsOutput result;
  std::optional<metrics::Metric> before;  // Units of one metric follow each other.
  while (true) {
    const auto found = service.store().list(prefix, after, kLookedAtMax);
    if (found.empty()) return result;
    for (const metrics::ListedSeries& each : found) {
      const metrics::Metric& metric = each.series.metric;
      if (each.last < oldest || !passes(metric, request) || before == metric) continue;
      if (result.metrics.size() == kPage) {
        result.next_token = base64_encode(after);
        return result;
      }
      result.metrics.push_back(
          {.namespace_ = metric.space, .metric_name = metric.name, .dimensions = dimensions_of(metric)});
      before = metric;
      after = metrics::key_of(each.series);
    }
    after = metrics::key_of(found.back().series);
  }
}

}  // namespace holm::cloudwatch

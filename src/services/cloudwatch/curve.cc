// Slots become periods.

#include "services/cloudwatch/curve.h"

namespace holm::cloudwatch {

namespace {

constexpr int64_t kDay = 86'400;

}  // namespace

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
int64_t rounded_start(int64_t start, int64_t period, int64_t now) {
  int64_t step = 60;
  if (period < 60) step = period;
  if (now - start > 15 * kDay) step = 300;
  if (now - start > 63 * kDay) step = 3600;
  return start - start % step;
}

bool is_period(int64_t seconds) {
  if (seconds >= 60) return seconds % 60 == 0;
  return seconds == 1 || seconds == 5 || seconds == 10 || seconds == 20 || seconds == 30;
}

std::map<int64_t, metrics::Statistics> by_period(const std::vector<metrics::Slot>& slots,
                                                 const Periods& periods) {
  std::map<int64_t, metrics::Statistics> result;
  for (const metrics::Slot& slot : slots) {
    if (slot.time < periods.start) continue;
    const int64_t begin = slot.time - (slot.time - periods.start) % periods.period;
    if (begin < periods.end) result[begin].merge(slot.statistics);
  }
  return result;
}

Curve read_curve(const metrics::Store& store, const metrics::Metric& metric,
                 const std::optional<std::string>& unit, const Stat& stat, const Periods& periods) {
  // A period that begins before the end counts whole.
  const int64_t until = periods.end + periods.period;
  std::vector<metrics::Slot> slots;
  for (metrics::Readings& each : store.read(metric, unit, periods.start, until)) {
    metrics::merge_slots(slots, std::move(each.slots));
  }
  Curve curve{.period = periods.period, .points = {}};
  for (const auto& [begin, set] : by_period(slots, periods)) {
    if (auto value = stat.of(set)) curve.points[begin] = *value;
  }
  return curve;
}

}  // namespace holm::cloudwatch

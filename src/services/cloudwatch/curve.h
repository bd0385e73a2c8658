// One statistic of a metric, period by period.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metrics/store.h"
#include "services/cloudwatch/stat.h"

namespace holm::cloudwatch {

struct Curve {
  int64_t period = 60;               // Seconds.
  std::map<int64_t, double> points;  // By the second at which each period begins.
  bool operator==(const Curve&) const = default;
};

// Which periods: `period` seconds each, the first from `start` on, the last beginning before `end`.
struct Periods {
  int64_t start = 0;
  int64_t end = 0;
  int64_t period = 60;
};

// CloudWatch's rounding of a query's start, which depends on how old it is.
int64_t rounded_start(int64_t start, int64_t period, int64_t now);
// Whether a period may be asked for: 1, 5, 10, 20, 30 or a multiple of 60.
bool is_period(int64_t seconds);

// All that was measured in each period that has anything.
std::map<int64_t, metrics::Statistics> by_period(const std::vector<metrics::Slot>& slots,
                                                 const Periods& periods);

// Units are added up unless one is named.
Curve read_curve(const metrics::Store& store, const metrics::Metric& metric,
                 const std::optional<std::string>& unit, const Stat& stat, const Periods& periods);

}  // namespace holm::cloudwatch

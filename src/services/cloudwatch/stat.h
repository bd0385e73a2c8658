// What can be asked of measured values: Average, p99, TM(10%:90%) …
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "metrics/statistics.h"

namespace holm::cloudwatch {

enum class StatKind {
  SampleCount,
  Average,
  Sum,
  Minimum,
  Maximum,
  Percentile,
  TrimmedMean,
  TrimmedCount,
  TrimmedSum,
  WinsorizedMean,
  PercentileRank,
};

struct Stat {
  // A boundary: a share of all values, in percent, or a value.
  struct Bound {
    double number = 0;
    bool is_percent = false;
  };
  StatKind kind = StatKind::Average;
  std::optional<Bound> low, high;  // Absent: without end. `high` alone is a percentile's.

  // "Average", "p99.9", "tm90", "TC(0.5:10)", "IQM" …
  static Result<Stat> parse(std::string_view text);
  // Nothing where the distribution of the values is needed and not known.
  std::optional<double> of(const metrics::Statistics& set) const;
};

}  // namespace holm::cloudwatch

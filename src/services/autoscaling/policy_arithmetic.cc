// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html

#include "services/autoscaling/policy_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace holm::autoscaling {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// More than any group may have; keeps wild values inside the integers.
constexpr double kMost = 1e6;

struct Range {
  double from, to;
};

Range range_of(const StepAdjustment& step) {
  return {step.metric_interval_lower_bound.value_or(-kInfinity),
          step.metric_interval_upper_bound.value_or(kInfinity)};
}

// Fractions are cut off, but some change is at least one instance.
int64_t share_of(int64_t base, int64_t percent) {
  const double exact = static_cast<double>(base) * static_cast<double>(percent) / 100.0;
  if (exact > 0 && exact < 1) return 1;
  if (exact < 0 && exact > -1) return -1;
  return static_cast<int64_t>(std::clamp(exact, -kMost, kMost));
}

}  // namespace

int64_t adjusted(std::string_view type, int64_t base, int64_t adjustment,
                 const std::optional<int32_t>& magnitude_min) {
  if (type == "ExactCapacity") return adjustment;
  if (type == "ChangeInCapacity") return base + adjustment;
  int64_t change = share_of(base, adjustment);
  const int64_t least = magnitude_min.value_or(0);
  if (adjustment > 0) change = std::max(change, least);
  if (adjustment < 0) change = std::min(change, -least);
  return base + change;
}

// Above the threshold a step has its lower bound, below it its upper one.
std::optional<int32_t> adjustment_of_step(const std::vector<StepAdjustment>& steps, double beyond) {
  for (const StepAdjustment& step : steps) {
    const Range range = range_of(step);
    const bool is_below = range.to <= 0;
    const bool is_inside =
        is_below ? range.from < beyond && beyond <= range.to : range.from <= beyond && beyond < range.to;
    if (is_inside) return step.scaling_adjustment;
  }
  return std::nullopt;
}

std::optional<std::string_view> problem_of(const std::vector<StepAdjustment>& steps) {
  std::vector<Range> ranges;
  for (const StepAdjustment& step : steps) ranges.push_back(range_of(step));
  std::ranges::sort(ranges, {}, &Range::from);
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].from >= ranges[i].to) {
      return "A step's MetricIntervalLowerBound must be less than its MetricIntervalUpperBound.";
    }
    if (i == 0) continue;
    if (ranges[i].from < ranges[i - 1].to) return "StepAdjustment intervals can't overlap";
    if (ranges[i].from > ranges[i - 1].to) return "StepAdjustment intervals can't have gaps between them";
  }
  const bool reaches_up = ranges.back().to == kInfinity;
  const bool reaches_down = ranges.front().from == -kInfinity;
  if (ranges.back().to > 0 && !reaches_up) {
    return "At least one StepAdjustment must have an unspecified upper bound";
  }
  if (ranges.front().from < 0 && !reaches_down) {
    return "At least one StepAdjustment must have an unspecified lower bound";
  }
  return std::nullopt;
}

int64_t tracked(int64_t serving, double value, double target) {
  const double exact = static_cast<double>(serving) * value / target;
  // Noise of the division does not make one more.
  return static_cast<int64_t>(std::ceil(std::clamp(exact, 0.0, kMost) - 1e-9));
}

}  // namespace holm::autoscaling

// How many instances a scaling policy asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "autoscaling/types.h"

namespace holm::autoscaling {

// `base` after an adjustment of a type: ChangeInCapacity, ExactCapacity, PercentChangeInCapacity. A change in
// percent is at least `magnitude_min` instances.
int64_t adjusted(std::string_view type, int64_t base, int64_t adjustment,
                 const std::optional<int32_t>& magnitude_min);

// The adjustment of the step that a value so far beyond the alarm's threshold lies in.
std::optional<int32_t> adjustment_of_step(const std::vector<StepAdjustment>& steps, double beyond);

// What is wrong with the steps, in a sentence: they may neither overlap nor leave gaps.
std::optional<std::string_view> problem_of(const std::vector<StepAdjustment>& steps);

// How many instances bring a metric, which falls as they become more, from `value` to `target`.
int64_t tracked(int64_t serving, double value, double target);

}  // namespace holm::autoscaling

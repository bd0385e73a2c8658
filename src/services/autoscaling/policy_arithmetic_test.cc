// How many instances a scaling policy asks for.

#include "services/autoscaling/policy_arithmetic.h"

#include <gtest/gtest.h>

namespace holm::autoscaling {

namespace {

TEST(PolicyArithmetic, AdjustsAsTheTypeSays) {
  struct Row {
    const char* type;
    int64_t base, adjustment;
    std::optional<int32_t> magnitude_min;
    int64_t result;
  };
  for (const Row& row :
       {Row{"ChangeInCapacity", 3, 2, {}, 5}, Row{"ChangeInCapacity", 3, -4, {}, -1},
        Row{"ExactCapacity", 3, 7, {}, 7}, Row{"PercentChangeInCapacity", 10, 25, {}, 12},
        Row{"PercentChangeInCapacity", 10, -25, {}, 8}, Row{"PercentChangeInCapacity", 3, 10, {}, 4},
        Row{"PercentChangeInCapacity", 3, -10, {}, 2}, Row{"PercentChangeInCapacity", 4, 25, 2, 6},
        Row{"PercentChangeInCapacity", 4, -25, 2, 2}, Row{"PercentChangeInCapacity", 0, 100, {}, 0}}) {
    EXPECT_EQ(adjusted(row.type, row.base, row.adjustment, row.magnitude_min), row.result)
        << row.type << " " << row.base << " by " << row.adjustment;
  }
}

TEST(PolicyArithmetic, ChoosesTheStepThatTheBreachLiesIn) {
  const std::vector<StepAdjustment> up = {
      {.metric_interval_lower_bound = 0, .metric_interval_upper_bound = 10, .scaling_adjustment = 1},
      {.metric_interval_lower_bound = 10, .scaling_adjustment = 3}};
  EXPECT_EQ(adjustment_of_step(up, 0), 1);
  EXPECT_EQ(adjustment_of_step(up, 9.9), 1);
  EXPECT_EQ(adjustment_of_step(up, 10), 3) << "the lower bound belongs to the step";
  EXPECT_EQ(adjustment_of_step(up, -1), std::nullopt);
  const std::vector<StepAdjustment> down = {
      {.metric_interval_lower_bound = -10, .metric_interval_upper_bound = 0, .scaling_adjustment = -1},
      {.metric_interval_upper_bound = -10, .scaling_adjustment = -2}};
  EXPECT_EQ(adjustment_of_step(down, 0), -1);
  EXPECT_EQ(adjustment_of_step(down, -10), -2) << "below the threshold the upper bound does";
}

TEST(PolicyArithmetic, WantsStepsWithoutOverlapsAndGaps) {
  using Steps = std::vector<StepAdjustment>;
  const StepAdjustment low{.metric_interval_lower_bound = 0, .metric_interval_upper_bound = 10};
  const StepAdjustment high{.metric_interval_lower_bound = 10};
  const StepAdjustment far{.metric_interval_lower_bound = 20};
  const StepAdjustment wide{.metric_interval_lower_bound = 5};
  EXPECT_EQ(problem_of(Steps{low, high}), std::nullopt);
  EXPECT_EQ(problem_of(Steps{high, low}), std::nullopt) << "in any order";
  EXPECT_EQ(problem_of(Steps{low, wide}), "StepAdjustment intervals can't overlap");
  EXPECT_EQ(problem_of(Steps{low, far}), "StepAdjustment intervals can't have gaps between them");
  EXPECT_EQ(problem_of(Steps{low}), "At least one StepAdjustment must have an unspecified upper bound");
}

TEST(PolicyArithmetic, TracksItsTarget) {
  EXPECT_EQ(tracked(2, 90, 50), 4);
  EXPECT_EQ(tracked(4, 25, 50), 2);
  EXPECT_EQ(tracked(3, 20, 60), 1) << "no more for the noise of a division";
  EXPECT_EQ(tracked(3, 0, 60), 0);
  EXPECT_EQ(tracked(10, 1e300, 1), 1'000'000) << "wild values stay numbers";
}

}  // namespace

}  // namespace holm::autoscaling

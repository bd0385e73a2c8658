// What lies between two readings of an instance's counters.

#include "services/ec2/instance_metrics.h"

#include <gtest/gtest.h>

namespace holm::ec2 {
namespace {

InstanceReading reading(int second, int cpu_milliseconds, uint64_t bytes) {
  return {.at = SteadyTime(std::chrono::seconds(second)),
          .cpu = std::chrono::milliseconds(cpu_milliseconds),
          .traffic = {bytes, bytes / 100, 2 * bytes, bytes / 50}};
}

TEST(InstanceMetrics, AreShareOfAllProcessorsAndDifferencesOfCounters) {
  auto measured = measured_between(reading(100, 5'000, 1'000), reading(160, 35'000, 4'000), 2);
  ASSERT_TRUE(measured);
  EXPECT_DOUBLE_EQ(measured->cpu_percent, 25);
  EXPECT_EQ(measured->traffic, (sandbox::Traffic{3'000, 30, 6'000, 60}));
}

TEST(InstanceMetrics, AreNeverAboveAHundredPercent) {
  EXPECT_EQ(measured_between(reading(0, 0, 0), reading(60, 60'500, 0), 1)->cpu_percent, 100);
}

TEST(InstanceMetrics, AreNotKnownWhereCountersBeganAnew) {
  EXPECT_FALSE(measured_between(reading(0, 50, 0), reading(60, 40, 0), 1));
  EXPECT_FALSE(measured_between(reading(0, 50, 900), reading(60, 60, 100), 1));
  EXPECT_FALSE(measured_between(reading(60, 50, 0), reading(60, 60, 0), 1));
}

}  // namespace
}  // namespace holm::ec2

// Durations and counts of signals.

#include "stacks/signals.h"

#include <gtest/gtest.h>

namespace holm::stacks {

namespace {

using std::chrono::seconds;

TEST(Signals, DurationsAreThoseOfIso8601) {
  EXPECT_EQ(parse_duration("PT5M"), seconds(300));
  EXPECT_EQ(parse_duration("PT1H30M5S"), seconds(5405));
  EXPECT_EQ(parse_duration("PT0S"), seconds(0));
  for (const char* wrong : {"", "PT", "P1D", "5M", "PT5", "PTM", "PT-5S", "PT1.5H", "PT9999999H", "PT5M "}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Signals, SomeMayFailWherePercentSaySo) {
  EXPECT_EQ((SignalRequirement{.count = 3}).failures_max(), 0);
  EXPECT_EQ((SignalRequirement{.count = 3, .percent = 50}).failures_max(), 1) << "two of three are half";
  EXPECT_EQ((SignalRequirement{.count = 4, .percent = 50}).failures_max(), 2);
  EXPECT_EQ((SignalRequirement{.count = 3, .percent = 0}).failures_max(), 3);
  EXPECT_EQ((SignalRequirement{.count = 2, .percent = 80}).problem(1),
            "Received 1 SUCCESS signal(s) out of 2. Unable to satisfy 80% MinSuccessfulInstancesPercent "
            "requirement");
}

}  // namespace

}  // namespace holm::stacks

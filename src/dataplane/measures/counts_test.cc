// What came to counters between two readings.

#include "dataplane/measures/counts.h"

#include <gtest/gtest.h>

namespace holm::measures {
namespace {

TEST(GroupCounts, AreWhatCameSince) {
  balancer::GroupCounters counters;
  balancer::count(counters.requests);
  balancer::count_status(counters.target_statuses, 200);
  counters.target_response_time.add(std::chrono::milliseconds(40));
  const GroupCounts before = GroupCounts::of(counters);
  for (int i = 0; i < 3; ++i) balancer::count(counters.requests);
  balancer::count_status(counters.target_statuses, 204);
  balancer::count_status(counters.target_statuses, 503);
  counters.target_response_time.add(std::chrono::milliseconds(10));
  counters.target_response_time.add(std::chrono::milliseconds(20));
  const GroupCounts came = GroupCounts::of(counters).since(before);
  EXPECT_EQ(came.requests, 3u);
  EXPECT_EQ(came.statuses[2], 1u);
  EXPECT_EQ(came.statuses[5], 1u);
  const metrics::Statistics times = came.response_times();
  EXPECT_EQ(times.count, 2);
  EXPECT_DOUBLE_EQ(times.sum, 0.03) << "the sum is exact";
  EXPECT_NEAR(times.min, 0.01, 0.0003);
  EXPECT_NEAR(times.max, 0.02, 0.0006);
}

TEST(GroupCounts, BeginAnewWithTheirGroup) {
  balancer::GroupCounters old, fresh;
  for (int i = 0; i < 9; ++i) balancer::count(old.requests);
  balancer::count(fresh.requests);
  balancer::count_status(fresh.target_statuses, 200);
  const GroupCounts came = GroupCounts::of(fresh).since(GroupCounts::of(old));
  EXPECT_EQ(came.requests, 1u);
  EXPECT_EQ(came.statuses[2], 1u);
}

TEST(GroupCounts, OfOneTimeAreExact) {
  balancer::GroupCounters counters;
  counters.target_response_time.add(std::chrono::microseconds(12'345));
  EXPECT_EQ(GroupCounts::of(counters).response_times(), metrics::Statistics::of(0.012345));
  EXPECT_EQ(GroupCounts().response_times().count, 0);
}

}  // namespace
}  // namespace holm::measures

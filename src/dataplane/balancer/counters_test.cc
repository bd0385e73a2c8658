// Times in buckets.

#include "dataplane/balancer/counters.h"

#include <gtest/gtest.h>

namespace holm::balancer {
namespace {

TEST(Timing, IsCloseToWhatWasMeasured) {
  static_assert(Timing::bucket_of(0) == 0 && Timing::bucket_of(15) == 15 && Timing::bucket_of(16) == 16);
  size_t before = 0;
  for (uint64_t microseconds = 0; microseconds < (uint64_t{1} << 27); microseconds += 1 + microseconds / 97) {
    const size_t bucket = Timing::bucket_of(microseconds);
    ASSERT_LT(bucket, Timing::kBuckets) << microseconds;
    ASSERT_GE(bucket, before) << microseconds;
    before = bucket;
    const auto exact = static_cast<double>(microseconds);
    ASSERT_NEAR(Timing::value_of(bucket), exact, exact * 0.033) << microseconds;
  }
  EXPECT_EQ(Timing::bucket_of(UINT64_MAX), Timing::kBuckets - 1) << "the longest are together";
}

TEST(Timing, CountsAndAddsUp) {
  Timing timing;
  timing.add(std::chrono::microseconds(7));
  timing.add(std::chrono::microseconds(7));
  timing.add(std::chrono::milliseconds(3));
  timing.add(std::chrono::nanoseconds(-5));
  EXPECT_EQ(timing.buckets[7], 2u);
  EXPECT_EQ(timing.buckets[0], 1u);
  EXPECT_EQ(timing.buckets[Timing::bucket_of(3000)], 1u);
  EXPECT_EQ(timing.sum, 3014u);
}

}  // namespace
}  // namespace holm::balancer

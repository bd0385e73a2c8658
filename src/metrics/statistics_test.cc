// Sets of values add up, in whatever order.

#include "metrics/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/seeded_random.h"

namespace holm::metrics {
namespace {

using Distribution = std::vector<Weighted>;

TEST(Statistics, OfOneValueSayItAll) {
  const Statistics set = Statistics::of(2.5, 4);
  EXPECT_EQ(set, (Statistics{.count = 4, .sum = 10, .min = 2.5, .max = 2.5, .values = {}}));
  EXPECT_EQ(set.distribution(), (Distribution{{2.5, 4}}));
}

TEST(Statistics, KeepDistributionsWhereTheyAreNotImplied) {
  Statistics set = Statistics::of(3);
  set.merge(Statistics::of(1));
  EXPECT_TRUE(set.values.empty()) << "two values are their minimum and maximum";
  EXPECT_EQ(set.distribution(), (Distribution{{1, 1}, {3, 1}}));
  set.merge(Statistics::of(1));
  EXPECT_EQ(set, (Statistics{.count = 3, .sum = 5, .min = 1, .max = 3, .values = {{1, 2}, {3, 1}}}));
}

TEST(Statistics, WithoutValuesLeaveTheDistributionOpen) {
  const Statistics handed{.count = 5, .sum = 9, .min = 1, .max = 3, .values = {}};
  EXPECT_FALSE(handed.distribution());
  Statistics set = Statistics::of_values({{1, 1}, {2, 1}, {3, 1}});
  set.merge(handed);
  EXPECT_EQ(set.count, 8);
  EXPECT_FALSE(set.distribution());
  set.merge(Statistics::of(7));
  EXPECT_EQ(set.max, 7);
  EXPECT_FALSE(set.distribution());
}

TEST(Statistics, OfNothingChangeNothing) {
  Statistics set;
  EXPECT_EQ(set.distribution(), Distribution());
  set.merge(Statistics::of(-1));
  EXPECT_EQ(set, Statistics::of(-1));
  set.merge({});
  EXPECT_EQ(set, Statistics::of(-1));
}

TEST(Statistics, MergeInAnyOrder) {
  test::SeededRandom random;
  std::vector<Statistics> parts;
  std::vector<Weighted> all;
  for (int i = 0; i < 40; ++i) {
    std::vector<Weighted> values;
    for (uint64_t n = random.below(5); n < 5; ++n) {
      values.push_back({static_cast<double>(random.below(30)), static_cast<double>(1 + random.below(3))});
    }
    all.insert(all.end(), values.begin(), values.end());
    parts.push_back(Statistics::of_values(values));
  }
  const Statistics whole = Statistics::of_values(all);
  for (int round = 0; round < 10; ++round) {
    for (size_t i = parts.size() - 1; i > 0; --i) std::swap(parts[i], parts[random.below(i + 1)]);
    Statistics set;
    for (const Statistics& each : parts) set.merge(each);
    EXPECT_EQ(set, whole);
  }
}

TEST(Statistics, RoundManyDifferentValues) {
  Statistics set;
  for (int i = 1; i <= 100'000; ++i) set.merge(Statistics::of(i * 0.001));
  ASSERT_LE(set.values.size(), kDistinctValuesMax);
  EXPECT_EQ(set.count, 100'000);
  EXPECT_EQ(set.min, 0.001);
  EXPECT_EQ(set.max, 100);
  double seen = 0;
  for (const Weighted& each : set.values) {
    seen += each.count;
    if (each.value < 1) continue;
    // So many values were at most this one.
    EXPECT_NEAR(seen, each.value * 1000, each.value * 1000 * 0.04) << each.value;
  }
  EXPECT_EQ(seen, 100'000);
}

}  // namespace
}  // namespace holm::metrics

// Statistics of known values.

#include "services/cloudwatch/stat.h"

#include <gtest/gtest.h>

namespace holm::cloudwatch {
namespace {

metrics::Statistics one_to(int last) {
  std::vector<metrics::Weighted> values;
  for (int i = 1; i <= last; ++i) values.push_back({static_cast<double>(i), 1});
  return metrics::Statistics::of_values(values);
}

TEST(Stats, OfTheNumbersFromOneToAHundred) {
  struct Case {
    const char* text;
    double value;
  };
  const Case cases[] = {
      {"SampleCount", 100}, {"Average", 50.5}, {"Sum", 5050},      {"Minimum", 1},
      {"Maximum", 100},     {"p0", 1},         {"p50", 50},        {"p99", 99},
      {"P99.5", 100},       {"p100", 100},     {"tm90", 45.5},     {"TM(:90%)", 45.5},
      {"TM(11:20)", 15.5},  {"tm(95:)", 97.5}, {"IQM", 50},        {"TC(1:10)", 10},
      {"tc50", 50},         {"TS(1:4)", 10},   {"PR(:30)", 30},    {"PR(91:)", 10},
      {"WM(:10)", 9.55},    {"wm100", 50.5},   {"TC(200:300)", 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    auto stat = Stat::parse(c.text);
    ASSERT_TRUE(stat);
    EXPECT_DOUBLE_EQ(stat->of(one_to(100)).value(), c.value);
  }
}

TEST(Stats, ThatAreNoneAreRefused) {
  for (const char* text :
       {"", "average", "p", "p101", "p-1", "px", "pr90", "tm", "tm101", "TM()", "TM(:)", "TM(1)",
        "TM(10%:20)", "TM(90%:10%)", "PR(10%:)", "TM(1:2", "median", "tm1e1", "PR(1:2:3)"}) {
    EXPECT_FALSE(Stat::parse(text)) << text;
  }
}

TEST(Stats, NeedADistributionOnlyWhereTheySayHowValuesAreSpread) {
  const metrics::Statistics handed{.count = 5, .sum = 9, .min = 1, .max = 3, .values = {}};
  EXPECT_EQ(Stat::parse("Average")->of(handed), 1.8);
  EXPECT_FALSE(Stat::parse("p50")->of(handed));
  EXPECT_FALSE(Stat::parse("PR(1:2)")->of(handed));
  EXPECT_EQ(Stat::parse("p90")->of(metrics::Statistics::of(7, 30)), 7);
  EXPECT_FALSE(Stat::parse("TM(100:200)")->of(one_to(10))) << "nothing is left to take a mean of";
}

}  // namespace
}  // namespace holm::cloudwatch

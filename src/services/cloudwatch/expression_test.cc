// Metric math.

#include "services/cloudwatch/expression.h"

#include <gtest/gtest.h>

namespace holm::cloudwatch {
namespace {

// m1 is 1, 2, 4 at 0, 60, 180; m2 is 10, 20, 30 at 60, 120, 180; n is 5.
const std::map<std::string, MathValue> kValues = {
    {"m1", Curve{60, {{0, 1}, {60, 2}, {180, 4}}}},
    {"m2", Curve{60, {{60, 10}, {120, 20}, {180, 30}}}},
    {"n", 5.0},
};

Result<MathValue, MathError> evaluate(const std::string& text) {
  auto parsed = Expression::parse(text);
  if (!parsed) return std::unexpected(parsed.error());
  return parsed->evaluate({.find =
                               [](const std::string& id) {
                                 auto found = kValues.find(id);
                                 return found == kValues.end() ? nullptr : &found->second;
                               },
                           .metrics =
                               [](const std::string& part) {
                                 std::vector<Curve> curves;
                                 for (const char* id : {"m1", "m2"}) {
                                   if (std::string_view(id).find(part) == std::string_view::npos) continue;
                                   curves.push_back(std::get<Curve>(kValues.at(id)));
                                 }
                                 return curves;
                               },
                           .periods = {.start = 0, .end = 240, .period = 60}});
}

TEST(MetricMath, Numbers) {
  struct Case {
    const char* text;
    double value;
  };
  const Case cases[] = {
      {"1 + 2 * 3", 7},
      {"(1 + 2) * 3", 9},
      {"7 - 2 - 1", 4},
      {"2 ^ 3 ^ 2", 64},
      {"-2 ^ 2", -4},
      {"8 / 4 / 2", 1},
      {"n * .5", 2.5},
      {"1 < 2 && 3 >= 3", 1},
      {"1 == 2 || 1 != 2", 1},
      {"0 OR 1 AND 0", 0},
      {"SUM(m1)", 7},
      {"AVG(m2)", 20},
      {"MIN(m1) + max(m2)", 31},
      {"STDDEV(m2)", 8.16496580927726},
      {"PERIOD(m1)", 60},
      {"METRIC_COUNT(METRICS())", 2},
      {"METRIC_COUNT(m1)", 1},
      {"DATAPOINT_COUNT(m1)", 3},
      {"CEIL(1.2) - FLOOR(1.8)", 1},
      {"ABS(-3)", 3},
      {"LOG10(100)", 2},
      {"IF(n > 3, 1, 2)", 1},
      {"1e3", 1000},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    auto value = evaluate(c.text);
    ASSERT_TRUE(value) << value.error().message;
    ASSERT_TRUE(std::holds_alternative<double>(*value));
    EXPECT_DOUBLE_EQ(std::get<double>(*value), c.value);
  }
}

TEST(MetricMath, Series) {
  struct Case {
    const char* text;
    std::map<int64_t, double> points;
  };
  const Case cases[] = {
      {"m1", {{0, 1}, {60, 2}, {180, 4}}},
      {"m1 + m2", {{60, 12}, {180, 34}}},
      {"100 * m1 / m2", {{60, 20}, {180, 400.0 / 30}}},
      {"m1 / (m1 - 2)", {{0, -1}, {180, 2}}},
      {"-m1", {{0, -1}, {60, -2}, {180, -4}}},
      {"m1 >= 2", {{0, 0}, {60, 1}, {180, 1}}},
      {"SUM([m1, m2])", {{0, 1}, {60, 12}, {120, 20}, {180, 34}}},
      {"MAX(METRICS())", {{0, 1}, {60, 10}, {120, 20}, {180, 30}}},
      {"AVG(METRICS('m2'))", {{60, 10}, {120, 20}, {180, 30}}},
      {"m1 / SUM(m1) * 7", {{0, 1}, {60, 2}, {180, 4}}},
      {"FILL(m1, 0)", {{0, 1}, {60, 2}, {120, 0}, {180, 4}}},
      {"FILL(m2, REPEAT)", {{60, 10}, {120, 20}, {180, 30}}},
      {"FILL(m1, REPEAT)", {{0, 1}, {60, 2}, {120, 2}, {180, 4}}},
      {"FILL(m1, LINEAR)", {{0, 1}, {60, 2}, {120, 3}, {180, 4}}},
      {"FILL(m1, m2)", {{0, 1}, {60, 2}, {120, 20}, {180, 4}}},
      {"DIFF(m1)", {{60, 1}, {180, 2}}},
      {"RATE(m2) * 60", {{120, 10}, {180, 10}}},
      {"DIFF_TIME(m1)", {{60, 60}, {180, 120}}},
      {"RUNNING_SUM(m1)", {{0, 1}, {60, 3}, {180, 7}}},
      {"IF(m1 > 1, m2, 0)", {{0, 0}, {60, 10}, {180, 30}}},
      {"IF(m1 > 1, m1)", {{60, 2}, {180, 4}}},
      {"IF(n > 9, m1, m2)", {{60, 10}, {120, 20}, {180, 30}}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    auto value = evaluate(c.text);
    ASSERT_TRUE(value) << value.error().message;
    ASSERT_TRUE(std::holds_alternative<Curve>(*value));
    EXPECT_EQ(std::get<Curve>(*value).points, c.points);
  }
  auto many = evaluate("RATE(METRICS()) + 1");
  ASSERT_TRUE(many);
  EXPECT_EQ(std::get<std::vector<Curve>>(*many).size(), 2u);
}

TEST(MetricMath, WhatIsWrongIsSaid) {
  for (const char* text : {"",
                           "1 +",
                           "(1",
                           "m1 m2",
                           "[m1",
                           "[1]",
                           "m3",
                           "SUM()",
                           "SUM(m1, m2)",
                           "NOSUCH(m1)",
                           "'x'",
                           "METRICS(m1)",
                           "1..2",
                           "SUM(1)",
                           "FILL(1, 0)",
                           "METRICS() + METRICS()",
                           "m1 &",
                           "#",
                           "'open",
                           "IF(METRICS(), 1, 2)",
                           "LOG(0 - 1)"}) {
    auto value = evaluate(text);
    EXPECT_FALSE(value) << text;
    if (!value) EXPECT_EQ(value.error().kind, MathError::Kind::Invalid) << text;
  }
  auto unbuilt = evaluate("SEARCH('x', 'Sum', 60)");
  ASSERT_FALSE(unbuilt);
  EXPECT_EQ(unbuilt.error().kind, MathError::Kind::Unbuilt);
  EXPECT_FALSE(evaluate(std::string(1000, '(') + "1")) << "nested too deeply";
  EXPECT_FALSE(evaluate(std::string(1000, '-') + "1"));
}

TEST(MetricMath, NamesWhatItNeeds) {
  EXPECT_EQ(Expression::parse("FILL(m2, REPEAT) + m1 / m2 * SUM(a_1)")->ids(),
            (std::vector<std::string>{"a_1", "m1", "m2"}));
}

}  // namespace
}  // namespace holm::cloudwatch

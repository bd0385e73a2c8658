// The tables of AWS's page about alarms and missing data, row by row.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html

#include "services/cloudwatch/alarm_evaluation.h"

#include <gtest/gtest.h>

namespace holm::cloudwatch {
namespace {

// "0 - X - X": the oldest first, 0 is calm, X breaches, - is missing.
std::vector<std::optional<double>> points_of(std::string_view text) {
  std::vector<std::optional<double>> points;
  for (size_t i = text.size(); i-- > 0;) {
    if (text[i] == '0') points.emplace_back(0);
    if (text[i] == 'X') points.emplace_back(9);
    if (text[i] == '-') points.emplace_back();
  }
  return points;
}

struct Row {
  const char* points;
  size_t filled;
  const char* missing;
  const char* ignore;
  const char* breaching;
  const char* not_breaching;
};

void check(const AlarmRule& rule, const Row& row) {
  const std::pair<MissingData, const char*> treatments[] = {{MissingData::Missing, row.missing},
                                                            {MissingData::Ignore, row.ignore},
                                                            {MissingData::Breaching, row.breaching},
                                                            {MissingData::NotBreaching, row.not_breaching}};
  for (const auto& [missing, state] : treatments) {
    SCOPED_TRACE(testing::Message() << row.points << " treatment " << static_cast<int>(missing));
    AlarmRule asked = rule;
    asked.missing = missing;
    const Verdict verdict = evaluate(asked, points_of(row.points));
    EXPECT_EQ(verdict.state ? name_of(*verdict.state) : "retain", state);
    EXPECT_EQ(verdict.filled, row.filled);
  }
}

TEST(Alarms, ThreeOfThree) {
  const Row rows[] = {
      {"0-X-X", 0, "OK", "OK", "OK", "OK"},
      {"0----", 2, "OK", "OK", "OK", "OK"},
      {"-----", 3, "INSUFFICIENT_DATA", "retain", "ALARM", "OK"},
      {"0XX-X", 0, "ALARM", "ALARM", "ALARM", "ALARM"},
      {"--X--", 2, "ALARM", "retain", "ALARM", "OK"},
  };
  for (const Row& row : rows) check({.threshold = 5, .periods = 3, .to_alarm = 3}, row);
}

TEST(Alarms, TwoOfThree) {
  const Row rows[] = {
      {"0-X-X", 0, "ALARM", "ALARM", "ALARM", "ALARM"}, {"00X0X", 0, "ALARM", "ALARM", "ALARM", "ALARM"},
      {"0-X--", 1, "OK", "OK", "ALARM", "OK"},          {"----0", 2, "OK", "OK", "ALARM", "OK"},
      {"---X-", 2, "ALARM", "retain", "ALARM", "OK"},
  };
  for (const Row& row : rows) check({.threshold = 5, .periods = 3, .to_alarm = 2}, row);
}

TEST(Alarms, OneNewBreachDoesNotDecide) {
  check({.threshold = 5, .periods = 3, .to_alarm = 3}, {"----X", 2, "retain", "retain", "ALARM", "OK"});
  check({.threshold = 5, .periods = 1, .to_alarm = 1}, {"--X", 0, "ALARM", "ALARM", "ALARM", "ALARM"});
}

TEST(Alarms, CompareAsTheyAreTold) {
  struct Case {
    const char* name;
    bool below, equal, above;
  };
  for (const Case& c :
       {Case{"GreaterThanOrEqualToThreshold", false, true, true},
        Case{"GreaterThanThreshold", false, false, true}, Case{"LessThanThreshold", true, false, false},
        Case{"LessThanOrEqualToThreshold", true, true, false}}) {
    SCOPED_TRACE(c.name);
    const Comparison comparison = comparison_of(c.name).value();
    EXPECT_EQ(is_breaching(4, comparison, 5), c.below);
    EXPECT_EQ(is_breaching(5, comparison, 5), c.equal);
    EXPECT_EQ(is_breaching(6, comparison, 5), c.above);
  }
  EXPECT_FALSE(comparison_of("GreaterThanUpperThreshold"));
}

}  // namespace
}  // namespace holm::cloudwatch

// Rules of composite alarms.

#include "services/cloudwatch/composite_rule.h"

#include <gtest/gtest.h>

namespace holm::cloudwatch {
namespace {

// Alarms are in the state that their first letter says: a(larm), o(k), others have not enough data.
AlarmState by_letter(const std::string& alarm) {
  if (alarm.starts_with('a')) return AlarmState::Alarm;
  return alarm.starts_with('o') ? AlarmState::Ok : AlarmState::InsufficientData;
}

struct Case {
  const char* what;
  const char* rule;
  bool holds;
};

const Case kCases[] = {
    {"an alarm's state", "ALARM(a)", true},
    {"another state", "OK(a)", false},
    {"too little data", "INSUFFICIENT_DATA(x)", true},
    {"a quoted name", R"(ALARM("a name, with (all) \"of\" it"))", true},
    {"an ARN", "ALARM(arn:aws:cloudwatch:us-east-1:111122223333:alarm:a) OR ALARM(o)", true},
    {"AND binds more than OR", "ALARM(a) OR ALARM(a) AND FALSE", true},
    {"parentheses bind more", "(ALARM(a) OR ALARM(a)) AND FALSE", false},
    {"NOT binds most", "NOT ALARM(o) AND ALARM(a)", true},
    {"twice NOT", "NOT NOT ALARM(a)", true},
    {"constants", "TRUE AND NOT FALSE", true},
    {"spaces and lines", " ALARM ( a )\n  AND\tOK( o ) ", true},
    {"at least two of three", "AT_LEAST(2, ALARM, (a1, o1, a2))", true},
    {"at least three of three", "AT_LEAST(3, ALARM, (a1, o1, a2))", false},
    {"at least half of them not", "AT_LEAST(50%, NOT ALARM, (a1, o1, x1, a2))", true},
    {"at least most of them not", "AT_LEAST(51%, NOT ALARM, (a1, o1, x1, a2))", false},
};

TEST(CompositeRules, Hold) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    auto rule = CompositeRule::parse(c.rule);
    ASSERT_TRUE(rule) << rule.error().message;
    EXPECT_EQ(rule->holds(by_letter), c.holds);
  }
}

TEST(CompositeRules, NameEachAlarmOnce) {
  auto rule = CompositeRule::parse("ALARM(b) AND (OK(a) OR ALARM(b)) AND AT_LEAST(1, OK, (c, a))");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->alarms(), (std::vector<std::string>{"b", "a", "c"}));
}

TEST(CompositeRules, AreRefusedWithThePlaceThatIsWrong) {
  for (const char* text :
       {"", "ALARM", "ALARM()", "ALARM(a", "ALARM(a) AND", "ALARM(a) ALARM(b)", "alarm(a) XOR OK(b)",
        "ALARM(\"a)", "ALARM(a, b)", "NOT", "()", "AT_LEAST(0, ALARM, (a))", "AT_LEAST(2, ALARM, (a))",
        "AT_LEAST(1, RED, (a))", "AT_LEAST(1 ALARM (a))"}) {
    auto rule = CompositeRule::parse(text);
    ASSERT_FALSE(rule) << text;
    EXPECT_NE(rule.error().message.find("at character"), std::string::npos) << rule.error().message;
  }
}

TEST(CompositeRules, AreBounded) {
  EXPECT_FALSE(CompositeRule::parse(std::string(5000, '(') + "TRUE" + std::string(5000, ')')));
  EXPECT_FALSE(CompositeRule::parse(std::string(11'000, ' ')));
  std::string many = "TRUE";
  for (int i = 0; i < 101; ++i) many += " OR OK(n" + std::to_string(i) + ")";
  EXPECT_FALSE(CompositeRule::parse(many));
}

}  // namespace
}  // namespace holm::cloudwatch

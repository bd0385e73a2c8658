// Composite alarms in time: their states, their actions, and what holds these back.

#include "services/cloudwatch/test_place.h"

namespace holm::cloudwatch {
namespace {

constexpr char kTopic[] = "arn:aws:sns:eu-west-1:123456789012:ops";

class CompositesTest : public AlarmsTest {
 protected:
  CompositesTest() {
    for (const char* name : {"a", "b", "quiet"}) {
      put_alarm(R"({"AlarmName": ")" + std::string(name) +
                R"(", "MetricName": "none", "TreatMissingData": "ignore"})");
      set(name, "OK");
    }
  }
  void set(const std::string& name, const std::string& state) {
    const std::string request =
        R"({"AlarmName": ")" + name + R"(", "StateValue": ")" + state + R"(", "StateReason": "by hand"})";
    ASSERT_EQ(call("SetAlarmState", request), "{}");
    jobs->run_due();
  }
  // "both", with the members of `more` besides.
  std::string put(const std::string& rule, const std::string& more = "{}") {
    auto asked = formats::parse_json(more).value();
    if (!asked.find("AlarmName")) asked.as_object()->set("AlarmName", "both");
    asked.as_object()->set("AlarmRule", rule);
    const std::string answer = call("PutCompositeAlarm", formats::write_json(asked));
    jobs->run_due();
    return answer;
  }
  std::string told(std::string_view name) {
    auto described =
        formats::parse_json(
            call("DescribeAlarms", R"({"AlarmNames": ["both"], "AlarmTypes": ["CompositeAlarm"]})"))
            .value();
    const formats::Value* value = described.find("CompositeAlarms")->as_array()->at(0).find(name);
    return value && value->as_string() ? *value->as_string() : "";
  }
  size_t published() const { return region.asked.size(); }
};

TEST_F(CompositesTest, FollowTheirChildrenAtOnce) {
  EXPECT_EQ(put("ALARM(a) AND ALARM(\"b\")"), "{}");
  EXPECT_EQ(told("StateValue"), "OK");
  EXPECT_EQ(
      told("StateReason"),
      "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:both was created and its alarm rule evaluates to OK");
  set("a", "ALARM");
  EXPECT_EQ(told("StateValue"), "OK");
  pass(1);
  set("b", "ALARM");
  EXPECT_EQ(told("StateValue"), "ALARM");
  EXPECT_NE(told("StateReason").find("alarm:b transitioned to ALARM at Thursday 01 January, 2026 00:0"),
            std::string::npos)
      << told("StateReason");
  set("a", "OK");
  EXPECT_EQ(told("StateValue"), "OK");
}

TEST_F(CompositesTest, StandOnOthersAndEndWhereTheyStandOnThemselves) {
  put("ALARM(a)", R"({"AlarmName": "lower"})");
  put("ALARM(lower)");
  set("a", "ALARM");
  EXPECT_EQ(told("StateValue"), "ALARM");
  // A circle is let be, as on AWS.
  EXPECT_EQ(put("NOT ALARM(both)", R"({"AlarmName": "lower"})"), "{}");
  EXPECT_EQ(told("StateValue"), "ALARM");
}

TEST_F(CompositesTest, AreNotAmongMetricAlarms) {
  put("ALARM(a)");
  EXPECT_EQ(call("DescribeAlarms", "{}").find("both"), std::string::npos);
  EXPECT_NE(call("DescribeAlarms", R"({"ChildrenOfAlarmName": "both"})").find("\"a\""), std::string::npos);
  EXPECT_NE(call("DescribeAlarms", R"({"ParentsOfAlarmName": "a"})").find("\"both\""), std::string::npos);
  EXPECT_NE(call("DescribeAlarmHistory", R"({"AlarmName": "both"})").find("CompositeAlarm"),
            std::string::npos);
  EXPECT_EQ(call("DeleteAlarms", R"({"AlarmNames": ["a"]})"),
            "ValidationError: Cannot delete a as there are composite alarm(s) depending on it.");
  EXPECT_EQ(call("DeleteAlarms", R"({"AlarmNames": ["both"]})"), "{}");
  EXPECT_EQ(call("DeleteAlarms", R"({"AlarmNames": ["a"]})"), "{}");
}

TEST_F(CompositesTest, ThatCannotBeAreRefused) {
  EXPECT_TRUE(put("ALARM(a) AND").starts_with("ValidationError: AlarmRule, at character 13"));
  EXPECT_TRUE(put("ALARM(nobody)").starts_with("ValidationError: Could not save the composite alarm"));
  EXPECT_TRUE(put("ALARM(both)").starts_with("ValidationError"));
  EXPECT_TRUE(put("ALARM(a)", R"({"AlarmName": "a"})").starts_with("ValidationError"));
  EXPECT_TRUE(put("ALARM(a)", R"({"ActionsSuppressor": "quiet"})").starts_with("ValidationError"));
  EXPECT_TRUE(put("ALARM(a)", R"({"ActionsSuppressorWaitPeriod": 5})").starts_with("ValidationError"));
  EXPECT_TRUE(
      put("ALARM(a)", R"({"AlarmActions": ["arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:x"]})")
          .starts_with("ValidationError"));
}

TEST_F(CompositesTest, HaveTheirActionsDone) {
  put("ALARM(a)", R"({"AlarmActions": [")" + std::string(kTopic) + R"("]})");
  set("a", "ALARM");
  ASSERT_EQ(published(), 1u);
  EXPECT_TRUE(region.asked[0].starts_with("publish ALARM: \"both\""));
  EXPECT_NE(region.messages[0].find("\"AlarmRule\":\"ALARM(a)\""), std::string::npos) << region.messages[0];
  EXPECT_NE(region.messages[0].find("\"TriggeringChildren\":[{\"arn\""), std::string::npos)
      << region.messages[0];
}

TEST_F(CompositesTest, AreSilentWhileAnotherAlarmSaysSo) {
  put("ALARM(a)", R"({"AlarmActions": [")" + std::string(kTopic) +
                      R"("], "ActionsSuppressor": "quiet", "ActionsSuppressorWaitPeriod": 20,
                        "ActionsSuppressorExtensionPeriod": 30})");
  pass(30);
  set("a", "ALARM");
  EXPECT_EQ(told("ActionsSuppressedBy"), "WaitPeriod");
  pass(10);
  set("quiet", "ALARM");
  EXPECT_EQ(told("ActionsSuppressedBy"), "Alarm");
  pass(60);
  EXPECT_EQ(published(), 0u);
  set("quiet", "OK");
  EXPECT_EQ(told("ActionsSuppressedBy"), "ExtensionPeriod");
  pass(29);
  EXPECT_EQ(published(), 0u);
  pass(2);
  EXPECT_EQ(published(), 1u) << "it is still in alarm";
  EXPECT_EQ(told("ActionsSuppressedBy"), "");
}

TEST_F(CompositesTest, SpeakAfterTheWaitWhenNobodySuppressesThem) {
  put("ALARM(a)", R"({"AlarmActions": [")" + std::string(kTopic) +
                      R"("], "ActionsSuppressor": "quiet", "ActionsSuppressorWaitPeriod": 20,
                        "ActionsSuppressorExtensionPeriod": 30})");
  pass(30);
  set("a", "ALARM");
  pass(19);
  EXPECT_EQ(published(), 0u);
  pass(2);
  EXPECT_EQ(published(), 1u);
  // What is over before anybody heard of it is not told.
  set("a", "OK");
  pass(30);
  set("quiet", "ALARM");
  set("a", "ALARM");
  pass(5);
  set("a", "OK");
  set("quiet", "OK");
  pass(60);
  EXPECT_EQ(published(), 1u);
}

}  // namespace
}  // namespace holm::cloudwatch

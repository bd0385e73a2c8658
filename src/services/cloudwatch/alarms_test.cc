// Alarms in time: what they say of what was measured, and what they have done about it.

#include "services/cloudwatch/alarm_controller.h"
#include "services/cloudwatch/test_place.h"

namespace holm::cloudwatch {
namespace {

TEST_F(AlarmsTest, FollowTheirMetric) {
  EXPECT_EQ(put_alarm(), "{}");
  EXPECT_EQ(state(), "INSUFFICIENT_DATA");
  EXPECT_EQ(member("StateReason"), "Unchecked: Initial alarm creation");
  pass(60);
  measure(3);
  measure(4);
  pass(10);
  EXPECT_EQ(state(), "ALARM") << "the sum counts";
  EXPECT_EQ(member("StateReason"),
            "Threshold Crossed: 1 out of the last 1 datapoint [7.0 (01/01/26 00:00:00)] was greater than the "
            "threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).");
  measure(5);
  pass(60);
  EXPECT_EQ(state(), "OK");
  pass(180);
  EXPECT_EQ(state(), "INSUFFICIENT_DATA");
  EXPECT_EQ(history(), (std::vector<std::string>{
                           "Alarm \"alarm\" created", "Alarm updated from INSUFFICIENT_DATA to ALARM",
                           "Alarm updated from ALARM to OK", "Alarm updated from OK to INSUFFICIENT_DATA"}));
}

TEST_F(AlarmsTest, AreEvaluatedWithinSecondsOfTheMinute) {
  put_alarm();
  pass(30);
  measure(9);
  pass(29);
  EXPECT_EQ(state(), "INSUFFICIENT_DATA") << "the minute is not over";
  pass(7);
  EXPECT_EQ(state(), "ALARM");
}

TEST_F(AlarmsTest, OnWhatTheRegionMeasuresAreEvaluatedOnceItIsMeasured) {
  put_alarm(R"({"Namespace": "AWS/EC2"})");
  pass(60);
  evaluate_measured_alarms(service, clock.now());
  EXPECT_EQ(state(), "INSUFFICIENT_DATA") << "nothing was measured";
  measure(9, 1, "AWS/EC2");
  evaluate_measured_alarms(service, clock.now());
  EXPECT_EQ(state(), "ALARM");
}

TEST_F(AlarmsTest, OnWhatOthersMeasureWaitForMoreOfIt) {
  put_alarm();
  pass(60);
  measure(9);
  evaluate_measured_alarms(service, clock.now());
  EXPECT_EQ(state(), "INSUFFICIENT_DATA");
  pass(7);
  EXPECT_EQ(state(), "ALARM");
}

TEST_F(AlarmsTest, OfShortPeriodsAreEvaluatedEveryTenSeconds) {
  put_alarm(R"({"Period": 10})");
  pass(3);
  measure(9);
  pass(7);
  EXPECT_EQ(state(), "INSUFFICIENT_DATA");
  pass(7);
  EXPECT_EQ(state(), "ALARM");
  pass(3);
  measure(1);
  pass(7);
  EXPECT_EQ(state(), "OK");
}

TEST_F(AlarmsTest, WaitForSoManyPointsAsTheyAreTold) {
  put_alarm(R"({"Statistic": "Maximum", "EvaluationPeriods": 3, "DatapointsToAlarm": 2,
                "TreatMissingData": "notBreaching"})");
  const std::pair<double, const char*> minutes[] = {{9, "OK"}, {1, "OK"}, {9, "ALARM"}, {1, "OK"}, {1, "OK"}};
  pass(10);
  for (const auto& [value, expected] : minutes) {
    pass(50);
    measure(value);
    pass(10);
    EXPECT_EQ(state(), expected) << value << " at " << now();
  }
}

TEST_F(AlarmsTest, SleepWhileThereAreNone) {
  EXPECT_FALSE(jobs->next_due());
  put_alarm();
  pass(10);
  EXPECT_TRUE(jobs->next_due());
  call("DeleteAlarms", R"({"AlarmNames": ["alarm", "never was"]})");
  pass(60);
  EXPECT_FALSE(jobs->next_due());
}

TEST_F(AlarmsTest, HaveTheirActionsDoneOnceAChange) {
  put_alarm(R"({"AlarmActions": [")" + std::string(kFunction) + R"("], "OKActions": [")" + kFunction +
            R"("]})");
  pass(60);
  for (int i = 0; i < 3; ++i) {
    measure(9);
    pass(60);
  }
  ASSERT_EQ(region.asked.size(), 1u) << "while it lasts nothing is said again";
  EXPECT_EQ(region.asked[0], "invoke " + std::string(kFunction) +
                                 " for arn:aws:cloudwatch:eu-west-1:123456789012:alarm:alarm");
  auto message = formats::parse_json(region.messages.at(0)).value();
  const formats::Value& alarm = *message.find("alarmData");
  EXPECT_EQ(*alarm.find("alarmName")->as_string(), "alarm");
  EXPECT_EQ(*alarm.find("state")->find("value")->as_string(), "ALARM");
  EXPECT_EQ(*alarm.find("previousState")->find("value")->as_string(), "INSUFFICIENT_DATA");
  measure(1);
  pass(60);
  EXPECT_EQ(region.asked.size(), 2u);
  EXPECT_EQ(history().back(), "Successfully executed action " + std::string(kFunction));
  call("DisableAlarmActions", R"({"AlarmNames": ["alarm"]})");
  measure(9);
  pass(60);
  EXPECT_EQ(state(), "ALARM");
  EXPECT_EQ(region.asked.size(), 2u);
}

TEST_F(AlarmsTest, ActOnTheInstanceTheyWatch) {
  const std::string action = R"("AlarmActions": ["arn:aws:automate:eu-west-1:ec2:terminate"])";
  EXPECT_EQ(put_alarm("{" + action + "}").substr(0, 15), "ValidationError") << "which instance?";
  put_alarm(R"({"Dimensions": [{"Name": "InstanceId", "Value": "i-1"}], )" + action + "}");
  pass(10);
  EXPECT_EQ(call("SetAlarmState", R"({"AlarmName": "alarm", "StateValue": "ALARM", "StateReason": "test"})"),
            "{}");
  jobs->run_due();
  EXPECT_EQ(region.asked, std::vector<std::string>{"terminate i-1"});
  EXPECT_EQ(member("StateReason"), "test");
  pass(60);
  EXPECT_EQ(state(), "INSUFFICIENT_DATA") << "a state set by hand holds until the next evaluation";
}

TEST_F(AlarmsTest, RecoverAnInstanceOnceItsZoneIsBack) {
  put_alarm(R"({"Namespace": "AWS/EC2", "MetricName": "StatusCheckFailed_System",
                "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
                "AlarmActions": ["arn:aws:automate:eu-west-1:ec2:recover"]})");
  region.statuses = {{.availability_zone = "eu-west-1a", .system_status = {{.status = "impaired"}}}};
  call("SetAlarmState", R"({"AlarmName": "alarm", "StateValue": "ALARM", "StateReason": "test"})");
  jobs->run_due();
  EXPECT_TRUE(region.asked.empty());
  region.statuses = {{.availability_zone = "eu-west-1a", .system_status = {{.status = "ok"}}}};
  pass(5);
  EXPECT_EQ(region.asked, std::vector<std::string>{"reboot i-1"});
}

TEST_F(AlarmsTest, ActionsThatFailAreTriedAgainAndThenNoted) {
  put_alarm(R"({"Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
                "AlarmActions": ["arn:aws:automate:eu-west-1:ec2:terminate"]})");
  region.is_refusing = true;
  call("SetAlarmState", R"({"AlarmName": "alarm", "StateValue": "ALARM", "StateReason": "test"})");
  pass(120);
  EXPECT_TRUE(region.asked.empty());
  EXPECT_NE(history().back().find("Received error: \"IncorrectInstanceState: It cannot be.\""),
            std::string::npos)
      << history().back();
}

TEST_F(AlarmsTest, WatchExpressions) {
  EXPECT_EQ(
      call("PutMetricAlarm",
           R"({"AlarmName": "alarm", "EvaluationPeriods": 1, "Threshold": 50, "TreatMissingData": "ignore",
           "ComparisonOperator": "GreaterThanThreshold", "Metrics": [
           {"Id": "share", "Expression": "100 * a / FILL(a, 1) * 9"},
           {"Id": "a", "ReturnData": false, "MetricStat": {"Period": 60, "Stat": "Sum",
             "Metric": {"Namespace": "Shop", "MetricName": "Orders"}}}]})"),
      "{}");
  pass(60);
  measure(7);
  pass(10);
  EXPECT_EQ(state(), "ALARM");
}

TEST_F(AlarmsTest, ThatCannotBeAreRefused) {
  struct Case {
    const char* more;
    const char* begins;
  };
  const Case cases[] = {
      {R"({"Period": 61})", "ValidationError: Period"},
      {R"({"Period": 86400, "EvaluationPeriods": 8})", "ValidationError: Metrics cannot be checked"},
      {R"({"DatapointsToAlarm": 2})", "ValidationError: DatapointsToAlarm"},
      {R"({"TreatMissingData": "maybe"})", "ValidationError: Option maybe"},
      {R"({"ExtendedStatistic": "p99"})", "ValidationError: Either"},
      {R"({"AlarmActions": ["tell me"]})", "ValidationError: Invalid arn syntax: tell me"},
      {R"({"AlarmActions": ["arn:aws:ssm:eu-west-1:123456789012:opsitem:1"]})",
       "NotImplemented: The alarm action arn:aws:ssm"},
      {R"({"AlarmActions": ["arn:aws:automate:eu-west-1:ec2:sleep"]})", "NotImplemented: The alarm action"},
      {R"({"Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
           "AlarmActions": ["arn:aws:automate:eu-west-1:ec2:recover"]})",
       "ValidationError: The action arn:aws:automate:eu-west-1:ec2:recover can be used only with"},
      {R"({"AlarmActions": ["arn:aws:lambda:us-east-1:123456789012:function:f"]})",
       "ValidationError: The action"},
      {R"({"ThresholdMetricId": "band"})", "NotImplemented"},
      {R"({"EvaluateLowSampleCountPercentile": "ignore"})", "NotImplemented"},
      {R"({"Metrics": [{"Id": "a", "Expression": "1"}]})", "ValidationError: Metrics cannot be combined"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.more);
    const std::string answer = put_alarm(c.more);
    EXPECT_TRUE(answer.starts_with(c.begins)) << answer;
  }
  EXPECT_EQ(state(), "none");
  EXPECT_TRUE(call("SetAlarmState", R"({"AlarmName": "none", "StateValue": "OK", "StateReason": ""})")
                  .starts_with("ResourceNotFound"));
}

TEST_F(AlarmsTest, AChangedAlarmKeepsItsState) {
  put_alarm();
  pass(60);
  measure(9);
  pass(10);
  EXPECT_EQ(state(), "ALARM");
  put_alarm(R"({"AlarmDescription": "again"})");
  EXPECT_EQ(state(), "ALARM");
  EXPECT_EQ(member("AlarmDescription"), "again");
  EXPECT_EQ(history().back(), "Alarm \"alarm\" updated");
}

TEST_F(AlarmsTest, TellATopicInTheWordsThatTopicsGet) {
  put_alarm(R"({"AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:shop"], "AlarmDescription": "too many",
      "Dimensions": []})");
  pass(60);
  measure(9);
  pass(10);
  ASSERT_EQ(region.asked, std::vector<std::string>{R"(publish ALARM: "alarm" in EU (Ireland))"});
  const auto told = formats::parse_json(region.messages.at(0)).value();
  EXPECT_EQ(*told.find("NewStateValue")->as_string(), "ALARM");
  EXPECT_EQ(*told.find("OldStateValue")->as_string(), "INSUFFICIENT_DATA");
  EXPECT_EQ(*told.find("Trigger")->find("Statistic")->as_string(), "SUM");
  EXPECT_EQ(told.find("Trigger")->find("Threshold")->as_number(), 5);
}

TEST_F(AlarmsTest, CallAScalingPolicyEveryMinuteWhileTheyLast) {
  const std::string policy =
      "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:1:autoScalingGroupName/web:policyName/out";
  const std::string action = R"({"AlarmActions": [")" + policy + R"("]})";
  EXPECT_TRUE(put_alarm(action).starts_with("NotImplemented")) << "nobody listens";
  std::vector<std::string> heard;
  events.subscribe(kScalingEvent, [&](sql::Transaction&, const aws::Event& event) {
    EXPECT_EQ(event.resource, policy);
    heard.push_back(event.detail);
  });
  EXPECT_EQ(put_alarm(action), "{}");
  pass(60);
  for (int minute = 0; minute < 3; ++minute) {
    measure(9 + minute);
    pass(60);
  }
  ASSERT_EQ(heard.size(), 3u);
  for (int minute = 0; minute < 3; ++minute) {
    const auto told = formats::parse_json(heard[static_cast<size_t>(minute)]).value();
    EXPECT_EQ(told.find("value")->as_number(), 9 + minute);
    EXPECT_EQ(told.find("threshold")->as_number(), 5);
  }
  pass(180);
  EXPECT_EQ(state(), "INSUFFICIENT_DATA") << "there is no data any more";
  const size_t count = heard.size();
  pass(180);
  EXPECT_EQ(heard.size(), count);
}

}  // namespace
}  // namespace holm::cloudwatch

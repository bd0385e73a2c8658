// Alarms in time: what they say of what was measured, and what they have done about it.

#include "services/cloudwatch/alarms.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "async/sync_wait.h"
#include "aws/codec/json_codec.h"
#include "aws/schema/validate.h"
#include "aws/service/events.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "cloudwatch/migrations.h"
#include "ec2/operations.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "lambda/operations.h"
#include "metrics/meters.h"
#include "metrics/store.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/service.h"
#include "sns/operations.h"
#include "support/fake_clock.h"
#include "support/seeded_random.h"
#include "support/test_region.h"

namespace holm::cloudwatch {
namespace {

constexpr char kFunction[] = "arn:aws:lambda:eu-west-1:123456789012:function:tell";

// Other services, which note what they are asked for.
class NotingRegion final : public test::TestRegion {
 public:
  NotingRegion(sql::Database& database, Clock& clock) : TestRegion(database, clock), reactors_(1, clock) {}

  async::Reactor& any_reactor() override { return reactors_.next(); }

  std::vector<std::string> asked;  // "terminate i-1"
  std::vector<std::string> messages;
  bool is_refusing = false;

 protected:
  aws::Box invoke(aws::Call&, const aws::Principal&, std::string_view, std::string_view operation,
                  const void* input) override {
    if (is_refusing) throw aws::ServiceError("IncorrectInstanceState", 400, "It cannot be.");
    if (operation == "Publish") {
      const auto& request = *static_cast<const sns::PublishInput*>(input);
      asked.push_back("publish " + request.subject.value_or(""));
      messages.push_back(request.message);
      return aws::make_box(sns::PublishResponse{});
    }
    CHECK(operation == "TerminateInstances");
    asked.push_back("terminate " +
                    static_cast<const ec2::TerminateInstancesRequest*>(input)->instance_ids.at(0));
    return aws::make_box(ec2::TerminateInstancesResult{});
  }
  async::Task<aws::Box> invoke_waiting(async::Reactor&, aws::Caller caller, std::string_view,
                                       std::string_view, aws::Box input) override {
    auto& request = *static_cast<lambda::InvocationRequest*>(input.get());
    asked.push_back("invoke " + request.function_name + " for " + caller.principal.arn);
    messages.push_back(request.payload.value_or(""));
    co_return aws::make_box(lambda::InvocationResponse{});
  }

 private:
  async::ReactorPool reactors_;
};

class AlarmsTest : public testing::Test {
 protected:
  AlarmsTest() {
    database->migrate("cloudwatch", migrations());
    service.take_jobs();
  }
  ~AlarmsTest() override { std::filesystem::remove_all(folder); }

  static std::string make_folder() {
    char name[] = "/tmp/holm-alarms-XXXXXX";
    return ::mkdtemp(name);
  }

  // As a request: what it answers, as JSON, or the error's code.
  std::string call(std::string_view operation_name, std::string_view json) {
    const aws::Operation* operation = aws::find_operation(model(), operation_name);
    aws::Box input = operation->make_input();
    auto read = aws::read_json(json, *operation->input, input.get());
    CHECK(read.has_value());
    if (auto error = aws::validate(*operation->input, input.get()))
      return "ValidationError: " + error->message();
    if (auto member = aws::find_unhonoured(*operation->input, input.get()))
      return "NotImplemented: " + *member;
    auto transaction =
        database->begin(operation->mode == aws::Mode::Read ? sql::Access::Read : sql::Access::Write);
    aws::Caller caller = region.caller("123456789012", "eu-west-1", "test");
    aws::Call made{caller, *transaction, region};
    try {
      aws::Box output = operation->invoke(service, made, input.get());
      transaction->commit();
      return aws::write_json(*operation->output, output.get());
    } catch (const aws::ServiceError& error) {
      return error.code + ": " + error.what();
    }
  }
  // "alarm" on Shop Orders, a minute, above 5; with the members of `more` instead or besides.
  std::string put_alarm(const std::string& more = "{}") {
    auto asked = formats::parse_json(R"({"AlarmName": "alarm", "Namespace": "Shop", "MetricName": "Orders",
        "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold"})")
                     .value();
    for (const auto& [name, value] : *formats::parse_json(more).value().as_object()) {
      asked.as_object()->set(name, value);
    }
    return call("PutMetricAlarm", formats::write_json(asked));
  }
  int64_t now() const { return to_milliseconds(clock.now()) / 1000; }
  void measure(double value, int64_t seconds_ago = 1) {
    const metrics::Metric metric{"123456789012", "eu-west-1", "Shop", "Orders", {}};
    store->put({{{metric, "None"}, {now() - seconds_ago, metrics::Statistics::of(value)}}});
  }
  // Lets time pass, in steps of a second, with jobs run as they become due.
  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock.advance(std::chrono::seconds(1));
      jobs->run_due();
    }
  }
  std::string member(std::string_view name) {
    auto described = formats::parse_json(call("DescribeAlarms", "{}")).value();
    const auto* alarms = described.find("MetricAlarms")->as_array();
    if (alarms->empty()) return "none";
    const formats::Value* value = alarms->front().find(name);
    return value && value->as_string() ? *value->as_string() : "";
  }
  std::string state() { return member("StateValue"); }
  std::vector<std::string> history() {
    std::vector<std::string> summaries;
    auto told =
        formats::parse_json(call("DescribeAlarmHistory", R"({"ScanBy": "TimestampAscending"})")).value();
    for (const auto& item : *told.find("AlarmHistoryItems")->as_array()) {
      summaries.push_back(*item.find("HistorySummary")->as_string());
    }
    return summaries;
  }

  const std::string folder = make_folder();
  test::FakeClock clock;
  test::SeededRandom random;
  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  std::unique_ptr<jobs::ManualJobs> jobs = jobs::make_manual_jobs(*database, clock);
  std::unique_ptr<metrics::Store> store = metrics::Store::open({.folder = folder}, clock).value();
  metrics::Meters meters{*store};
  NotingRegion region{*database, clock};
  aws::Events events;
  Service service{
      {.region = region,
       .events = events, .store = *store, .meters = meters, .jobs = *jobs, .clock = clock, .random = random}};
};

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
      {R"({"AlarmActions": ["arn:aws:automate:eu-west-1:ec2:recover"]})", "NotImplemented: The alarm action"},
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

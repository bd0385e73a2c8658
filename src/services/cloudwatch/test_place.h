// A CloudWatch with a virtual clock, for tests of alarms.
#pragma once

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
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/service.h"
#include "sns/operations.h"
#include "support/fake_clock.h"
#include "support/seeded_random.h"
#include "support/test_region.h"

namespace holm::cloudwatch {

inline constexpr char kFunction[] = "arn:aws:lambda:eu-west-1:123456789012:function:tell";

// Other services, which note what they are asked for.
class NotingRegion final : public test::TestRegion {
 public:
  NotingRegion(sql::Database& database, Clock& clock) : TestRegion(database, clock), reactors_(1, clock) {}

  async::Reactor& any_reactor() override { return reactors_.next(); }

  std::vector<std::string> asked;  // "terminate i-1"
  std::vector<std::string> messages;
  std::vector<ec2::InstanceStatus> statuses;
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
    if (operation == "DescribeInstanceStatus") {
      return aws::make_box(ec2::DescribeInstanceStatusResult{.instance_statuses = statuses});
    }
    if (operation == "RebootInstances") {
      asked.push_back("reboot " + static_cast<const ec2::RebootInstancesRequest*>(input)->instance_ids.at(0));
      return aws::make_box(aws::Nothing{});
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
  void measure(double value, int64_t seconds_ago = 1, const std::string& space = "Shop") {
    const metrics::Metric metric{"123456789012", "eu-west-1", space, "Orders", {}};
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
  Service service{{.region = region,
                   .events = events,
                   .store = *store,
                   .meters = meters,
                   .jobs = *jobs,
                   .clock = clock,
                   .random = random}};
};

}  // namespace holm::cloudwatch

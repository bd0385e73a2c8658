// Scaling policies at work: alarms, users, cooldowns, warm-up, suspended processes.

#include "services/autoscaling/policies.h"

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

constexpr char kHigh[] =
    R"({"alarm": "high", "state": "ALARM", "threshold": 50, "value": 90, "comparison": "GreaterThanThreshold"})";
constexpr char kLow[] =
    R"({"alarm": "low", "state": "ALARM", "threshold": 45, "value": 10, "comparison": "LessThanThreshold"})";

class PolicyTest : public GroupTest {
 protected:
  std::string put(PutScalingPolicyType policy) {
    policy.auto_scaling_group_name = "web";
    policy.policy_name = "cpu";
    return *call<PutScalingPolicy>(policy).policy_arn;
  }
  std::string put_tracking(double target) {
    return put({.policy_type = "TargetTrackingScaling",
                .estimated_instance_warmup = 60,
                .target_tracking_configuration = TargetTrackingConfiguration{
                    .predefined_metric_specification =
                        PredefinedMetricSpecification{.predefined_metric_type = "ASGAverageCPUUtilization"},
                    .target_value = target}});
  }
  std::string alarms() {
    std::string all;
    for (const sql::Row& row :
         database->begin(sql::Access::Read)->run("SELECT name, rule FROM fake_alarm ORDER BY name")) {
      all += row.text(0).substr(0, row.text(0).find("Alarm") + 9) + ": " + row.text(1) + "\n";
    }
    return all;
  }
};

TEST_F(PolicyTest, TracksATargetWithAlarmsOfItsOwn) {
  create({.min_size = 2, .max_size = 6});
  pass(seconds(70));
  const std::string arn = put_tracking(50);
  EXPECT_EQ(alarms(),
            "TargetTracking-web-AlarmHigh: CPUUtilization Average GreaterThanThreshold 50 of "
            "AutoScalingGroupName=web for 3 x 60 s\n"
            "TargetTracking-web-AlarmLow-: CPUUtilization Average LessThanThreshold 45 of "
            "AutoScalingGroupName=web for 15 x 60 s\n");
  const auto described = call<DescribePolicies>({.auto_scaling_group_name = "web"}).scaling_policies;
  ASSERT_EQ(described.size(), 1u);
  EXPECT_EQ(described[0].alarms.size(), 2u);

  alarm(arn, kHigh);
  settle();
  EXPECT_EQ(group().desired_capacity, 4) << "two at 90 % are four at 45 %";
  EXPECT_EQ(activities().at(0).cause,
            "At 2026-01-01T00:01:10Z a monitor alarm high in state ALARM triggered policy cpu changing the "
            "desired capacity from 2 to 4.  At 2026-01-01T00:01:10Z an instance was started in response to a "
            "difference between desired and actual capacity, increasing the capacity from 2 to 4.");
  alarm(arn, kHigh);
  EXPECT_EQ(group().desired_capacity, 4) << "the new ones are not part of what was measured";
  alarm(arn, kLow);
  EXPECT_EQ(group().desired_capacity, 4) << "nothing shrinks while they warm up";
  pass(seconds(60));
  alarm(arn, kHigh);
  EXPECT_EQ(group().desired_capacity, 6) << "at most";
  pass(seconds(70));
  alarm(arn, kLow);
  settle();
  EXPECT_EQ(group().desired_capacity, 2);
  EXPECT_EQ(ids().size(), 2u);
  call<DeletePolicy>({.auto_scaling_group_name = "web", .policy_name = "cpu"});
  EXPECT_EQ(alarms(), "");
}

TEST_F(PolicyTest, GoesWithItsGroup) {
  create({.min_size = 0, .max_size = 6});
  put_tracking(50);
  call<DeleteAutoScalingGroup>({.auto_scaling_group_name = "web"});
  settle();
  EXPECT_EQ(alarms(), "");
}

TEST_F(PolicyTest, TakesTheStepThatTheBreachLiesIn) {
  create({.min_size = 2, .max_size = 9});
  pass(seconds(70));
  const std::string arn =
      put({.policy_type = "StepScaling",
           .adjustment_type = "ChangeInCapacity",
           .step_adjustments = {{.metric_interval_lower_bound = 0,
                                 .metric_interval_upper_bound = 20,
                                 .scaling_adjustment = 1},
                                {.metric_interval_lower_bound = 20, .scaling_adjustment = 3}},
           .estimated_instance_warmup = 60});
  alarm(arn, R"({"alarm": "a", "state": "ALARM", "threshold": 50, "value": 60})");
  EXPECT_EQ(group().desired_capacity, 3);
  settle();
  alarm(arn, R"({"alarm": "a", "state": "ALARM", "threshold": 50, "value": 60})");
  EXPECT_EQ(group().desired_capacity, 3) << "the same step again asks for the same";
  alarm(arn, R"({"alarm": "a", "state": "ALARM", "threshold": 50, "value": 90})");
  EXPECT_EQ(group().desired_capacity, 5) << "a higher one for what is missing of it";
  call<ExecutePolicy>(
      {.auto_scaling_group_name = "web", .policy_name = "cpu", .metric_value = 10, .breach_threshold = 50});
  EXPECT_EQ(group().desired_capacity, 5) << "no step lies there";
}

TEST_F(PolicyTest, WaitsForItsCooldown) {
  create({.min_size = 1, .max_size = 9, .default_cooldown = 30});
  settle();
  const std::string arn = put({.adjustment_type = "ChangeInCapacity", .scaling_adjustment = 2});
  alarm(arn, kHigh);
  alarm(arn, kHigh);
  EXPECT_EQ(group().desired_capacity, 3) << "while the activity is under way";
  settle();
  pass(seconds(29));
  alarm(arn, kHigh);
  EXPECT_EQ(group().desired_capacity, 3);
  EXPECT_EQ(error_of<ExecutePolicy>(
                {.auto_scaling_group_name = "web", .policy_name = "cpu", .honor_cooldown = true}),
            "400 ScalingActivityInProgress: The cooldown of the AutoScalingGroup has not ended.");
  pass(seconds(1));
  alarm(arn, kHigh);
  EXPECT_EQ(group().desired_capacity, 5);
  call<ExecutePolicy>({.policy_name = arn});
  EXPECT_EQ(group().desired_capacity, 7) << "a user need not wait";
  settle();
  EXPECT_EQ(activities().at(0).cause.substr(0, 109),
            "At 2026-01-01T00:00:30Z a user request executed policy cpu changing the desired capacity from 5 "
            "to 7.  At 202");
}

TEST_F(PolicyTest, RefusesPoliciesThatCannotBe) {
  create({.min_size = 0, .max_size = 1});
  auto refusal = [&](PutScalingPolicyType policy) {
    policy.auto_scaling_group_name = "web";
    policy.policy_name = "cpu";
    return error_of<PutScalingPolicy>(policy);
  };
  EXPECT_EQ(refusal({}),
            "400 ValidationError: You must specify an AdjustmentType for policy type: SimpleScaling");
  EXPECT_EQ(refusal({.adjustment_type = "ChangeInMood"}),
            "400 ValidationError: Invalid AdjustmentType: ChangeInMood");
  EXPECT_EQ(refusal({.policy_type = "StepScaling", .adjustment_type = "ChangeInCapacity"}),
            "400 ValidationError: You must specify at least one StepAdjustment for policy type: StepScaling");
  EXPECT_EQ(refusal({.policy_type = "PredictiveScaling"}).substr(0, 18), "501 NotImplemented");
  EXPECT_EQ(refusal({.policy_type = "TargetTrackingScaling"}),
            "400 ValidationError: You must specify a TargetTrackingConfiguration for policy type: "
            "TargetTrackingScaling");
  EXPECT_EQ(error_of<DeletePolicy>({.auto_scaling_group_name = "web", .policy_name = "none"}),
            "400 ValidationError: PolicyARN name not found - Scaling policy 'none' not found");
}

TEST_F(PolicyTest, DoesNothingWhileAlarmsAreSuspended) {
  create({.min_size = 1, .max_size = 9});
  settle();
  const std::string arn = put({.adjustment_type = "ExactCapacity", .scaling_adjustment = 2});
  call<SuspendProcesses>({.auto_scaling_group_name = "web", .scaling_processes = {"AlarmNotification"}});
  alarm(arn, kHigh);
  EXPECT_EQ(group().desired_capacity, 1);
  EXPECT_EQ(group().suspended_processes.at(0).suspension_reason, "User suspended at 2026-01-01T00:00:00Z");
  call<ResumeProcesses>({.auto_scaling_group_name = "web"});
  alarm(arn, kHigh);
  EXPECT_EQ(group().desired_capacity, 2);
}

TEST_F(PolicyTest, SuspendedProcessesDoNotHappen) {
  add_target_group("tg");
  create({.min_size = 1, .max_size = 9, .desired_capacity = 2, .target_group_arns = {"tg"}});
  settle();
  auto suspend = [&](const std::string& process) {
    call<ResumeProcesses>({.auto_scaling_group_name = "web"});
    call<SuspendProcesses>({.auto_scaling_group_name = "web", .scaling_processes = {process}});
  };
  suspend("Launch");
  set_desired(3);
  pass(seconds(10));
  EXPECT_EQ(ids().size(), 2u);
  suspend("AddToLoadBalancer");
  pass(seconds(10));
  EXPECT_EQ(ids().size(), 3u);
  EXPECT_EQ(targets_of("tg"), "i-1 healthy, i-2 healthy");
  suspend("Terminate");
  set_desired(1);
  pass(seconds(10));
  EXPECT_EQ(ids().size(), 3u);
  suspend("HealthCheck");
  pass(seconds(10));
  EXPECT_EQ(ids().size(), 1u);
  const std::string last = ids().at(0);
  set_state(last, "stopped");
  pass(seconds(10));
  EXPECT_EQ(ids().at(0), last) << "nobody looks";
  suspend("ReplaceUnhealthy");
  pass(seconds(10));
  EXPECT_EQ(ids().at(0), last) << "it is seen and stays";
  EXPECT_EQ(group().instances.at(0).health_status, "Unhealthy");
  call<ResumeProcesses>({.auto_scaling_group_name = "web"});
  pass(seconds(20));
  EXPECT_NE(ids().at(0), last);
}

}  // namespace

}  // namespace holm::autoscaling

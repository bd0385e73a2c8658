// Instance refreshes at work: pace, checkpoints, rollback, and who is left alone.

#include "services/autoscaling/refreshes.h"

#include <utility>

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

class RefreshTest : public GroupTest {
 protected:
  // A group of `size` instances of the template's version 1.
  void create_group(int32_t size) {
    create({.min_size = 0, .max_size = 9, .desired_capacity = size});
    call<UpdateAutoScalingGroup>(
        {.auto_scaling_group_name = "web",
         .launch_template = LaunchTemplateSpecification{.launch_template_id = "lt-1", .version = "1"}});
    settle();
  }
  void start(RefreshPreferences wishes, const std::string& version = "") {
    call<StartInstanceRefresh>(request(std::move(wishes), version));
  }
  static StartInstanceRefreshType request(RefreshPreferences wishes, const std::string& version) {
    StartInstanceRefreshType request{.auto_scaling_group_name = "web"};
    if (!wishes.instance_warmup) wishes.instance_warmup = 10;
    request.preferences = std::move(wishes);
    if (!version.empty()) {
      request.desired_configuration =
          DesiredConfiguration{.launch_template = LaunchTemplateSpecification{.launch_template_name = "web",
                                                                              .version = version}};
    }
    return request;
  }
  InstanceRefresh last() {
    return call<DescribeInstanceRefreshes>({.auto_scaling_group_name = "web"}).instance_refreshes.at(0);
  }
  // "InProgress 50%, 2 to go"
  std::string progress() {
    const InstanceRefresh now = last();
    return fmt::format("{} {}%, {} to go", *now.status, now.percentage_complete.value_or(0),
                       *now.instances_to_update);
  }
  std::string versions() {
    std::vector<std::string> all;
    for (const Instance& each : group().instances) {
      if (each.lifecycle_state != "Terminating") all.push_back(*each.launch_template->version);
    }
    return join(all, " ");
  }
  size_t serving() {
    const auto all = group().instances;
    return static_cast<size_t>(std::ranges::count_if(
        all, [](const Instance& each) { return each.lifecycle_state == "InService"; }));
  }
  void set_alarm(const std::string& state) {
    in_transaction([&](aws::Call& inner) {
      inner.transaction.run("INSERT INTO fake_alarm (name, action, rule) VALUES ('errors', '', ?1)"
                            " ON CONFLICT (name) DO UPDATE SET rule = excluded.rule",
                            {state});
    });
  }
};

TEST_F(RefreshTest, ReplacesAsManyAtATimeAsHealthAllows) {
  create_group(4);
  start({.min_healthy_percentage = 50});
  EXPECT_EQ(progress(), "Pending 0%, 4 to go");
  settle();
  EXPECT_EQ(ids(), (std::vector<std::string>{"i-3", "i-4", "i-5", "i-6"})) << "two of four may be missing";
  EXPECT_EQ(progress(), "InProgress 0%, 4 to go");
  EXPECT_EQ(last().status_reason,
            "Waiting for instances to warm up before continuing. For example: i-6 is warming up.");
  pass(seconds(9));
  EXPECT_EQ(ids().at(0), "i-3") << "new instances count once they are warm";
  pass(seconds(2));
  EXPECT_EQ(ids(), (std::vector<std::string>{"i-5", "i-6", "i-7", "i-8"}));
  EXPECT_EQ(progress(), "InProgress 50%, 2 to go");
  pass(seconds(15));
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
  EXPECT_TRUE(last().end_time.has_value());
  pass(seconds(60));
  EXPECT_EQ(ids_in_ec2("running").size(), 4u);
  EXPECT_EQ(*ids().rbegin(), "i-8") << "once is enough";
}

TEST_F(RefreshTest, SuccessorsComeFirstWhereThereIsRoomForThem) {
  create_group(3);
  start({.min_healthy_percentage = 100, .max_healthy_percentage = 110}, "2");
  for (int i = 0; i < 60; ++i) {
    pass(seconds(1));
    ASSERT_GE(serving(), 3u);
    ASSERT_LE(ids_in_ec2("running").size(), 4u) << "one more at a time";
  }
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
  EXPECT_EQ(versions(), "2 2 2");
  EXPECT_EQ(group().desired_capacity, 3);
}

TEST_F(RefreshTest, AGroupOfOneIsReplacedAllTheSame) {
  create_group(1);
  start({});
  settle();
  EXPECT_EQ(ids(), std::vector<std::string>{"i-2"});
  EXPECT_EQ(*last().preferences->min_healthy_percentage, 90);
  EXPECT_EQ(*last().preferences->scale_in_protected_instances, "Wait");
}

TEST_F(RefreshTest, TheDesiredConfigurationBecomesTheGroupsOwnWhenItIsOver) {
  create_group(2);
  start({.min_healthy_percentage = 0}, "2");
  settle();
  EXPECT_EQ(versions(), "2 2");
  EXPECT_EQ(*group().launch_template->version, "1");
  EXPECT_EQ(error_of<StartInstanceRefresh>(request({}, "")).substr(0, 30), "400 InstanceRefreshInProgress:");
  UpdateAutoScalingGroupType change{.auto_scaling_group_name = "web"};
  change.launch_template = LaunchTemplateSpecification{.launch_template_id = "lt-1", .version = "3"};
  EXPECT_EQ(error_of<UpdateAutoScalingGroup>(change).substr(0, 61),
            "400 ValidationError: An active instance refresh with a desire");
  set_desired(3);
  settle();
  EXPECT_EQ(versions(), "2 2 2") << "who comes meanwhile is new as well";
  pass(seconds(15));
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
  EXPECT_EQ(*group().launch_template->version, "2");
  start({.skip_matching = true});
  settle();
  EXPECT_EQ(progress(), "Successful 100%, 0 to go") << "nobody is of another version";
  EXPECT_EQ(ids().at(0), "i-3");
}

TEST_F(RefreshTest, PausesAtItsCheckpoints) {
  create_group(4);
  start({.min_healthy_percentage = 0, .checkpoint_percentages = {25, 75, 100}, .checkpoint_delay = 100});
  pass(seconds(60));
  EXPECT_EQ(progress(), "InProgress 25%, 3 to go");
  EXPECT_EQ(last().status_reason, "Waiting at the checkpoint of 25 percent until 2026-01-01T00:01:51Z.");
  pass(seconds(80));
  EXPECT_EQ(progress(), "InProgress 75%, 1 to go");
  pass(seconds(110));
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
  start({.min_healthy_percentage = 0, .checkpoint_percentages = {50}});
  pass(seconds(20));
  EXPECT_EQ(progress(), "Successful 50%, 2 to go") << "the last one is the end";
}

TEST_F(RefreshTest, IsCancelledOnceNobodyComesOrGoes) {
  create_group(2);
  EXPECT_EQ(error_of<CancelInstanceRefresh>({.auto_scaling_group_name = "web"}),
            "400 ActiveInstanceRefreshNotFound: No in progress or pending Instance Refresh found for Auto "
            "Scaling group web");
  start({}, "2");
  jobs->run_due();
  call<CancelInstanceRefresh>({.auto_scaling_group_name = "web"});
  EXPECT_EQ(*last().status, "Cancelling");
  settle();
  pass(seconds(60));
  EXPECT_EQ(*last().status, "Cancelled");
  EXPECT_EQ(*group().launch_template->version, "1");
  EXPECT_EQ(serving(), 2u);
}

TEST_F(RefreshTest, GoesBackWhenItsUserWantsThat) {
  create_group(2);
  start({});
  EXPECT_EQ(error_of<RollbackInstanceRefresh>({.auto_scaling_group_name = "web"}).substr(0, 31),
            "400 IrreversibleInstanceRefresh");
  call<CancelInstanceRefresh>({.auto_scaling_group_name = "web", .wait_for_transitioning_instances = false});
  EXPECT_EQ(*last().status, "Cancelled");
  start({}, "2");
  pass(seconds(12));
  EXPECT_EQ(progress(), "InProgress 50%, 1 to go");
  call<RollbackInstanceRefresh>({.auto_scaling_group_name = "web"});
  EXPECT_EQ(*last().status, "RollbackInProgress");
  pass(seconds(60));
  EXPECT_EQ(progress(), "RollbackSuccessful 100%, 0 to go");
  EXPECT_EQ(versions(), "1 1");
  EXPECT_EQ(*last().rollback_details->rollback_reason, "Rollback initiated by user request.");
  EXPECT_EQ(*last().rollback_details->percentage_complete_on_rollback, 50);
}

TEST_F(RefreshTest, AnAlarmEndsIt) {
  create_group(2);
  const auto watched = AlarmSpecification{.alarms = {"errors"}};
  EXPECT_EQ(error_of<StartInstanceRefresh>(request({.alarm_specification = watched}, "2")),
            "400 ValidationError: Alarm not found: errors");
  set_alarm("OK");
  start({.auto_rollback = true, .alarm_specification = watched, .bake_time = 60}, "2");
  pass(seconds(40));
  EXPECT_EQ(progress(), "Baking 100%, 0 to go");
  EXPECT_EQ(*group().launch_template->version, "1");
  set_alarm("ALARM");
  pass(seconds(60));
  EXPECT_EQ(*last().status, "RollbackSuccessful");
  EXPECT_EQ(*last().rollback_details->rollback_reason, "One or more alarms are in ALARM: errors.");
  EXPECT_EQ(versions(), "1 1");
  start({.alarm_specification = watched}, "2");
  settle();
  EXPECT_EQ(*last().status, "Failed");
  EXPECT_EQ(versions(), "1 1");
}

TEST_F(RefreshTest, WaitsForWhoIsProtectedAnHour) {
  create_group(2);
  call<SetInstanceProtection>(
      {.instance_ids = {"i-1"}, .auto_scaling_group_name = "web", .protected_from_scale_in = true});
  start({});
  pass(seconds(20));
  clock.advance(seconds(3480));
  pass(seconds(10));
  EXPECT_EQ(progress(), "InProgress 50%, 1 to go");
  EXPECT_EQ(last().status_reason, "Waiting for remaining instances to be available. For example: i-1.");
  pass(seconds(200));
  EXPECT_EQ(*last().status, "Failed");
  start({.scale_in_protected_instances = "Ignore"});
  EXPECT_EQ(*last().instances_to_update, 1);
  pass(seconds(20));
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
  EXPECT_EQ(ids().at(0), "i-1");
  start({.scale_in_protected_instances = "Refresh"});
  pass(seconds(40));
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
  EXPECT_NE(ids().at(0), "i-1");
}

TEST_F(RefreshTest, WhoStandsByGoesWithoutASuccessor) {
  create_group(3);
  call<EnterStandby>({.instance_ids = {"i-1"},
                      .auto_scaling_group_name = "web",
                      .should_decrement_desired_capacity = true});
  settle();
  start({.min_healthy_percentage = 0, .standby_instances = "Terminate"});
  pass(seconds(20));
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
  EXPECT_EQ(ids(), (std::vector<std::string>{"i-4", "i-5"}));
}

TEST_F(RefreshTest, RestsWhileItsProcessIsSuspended) {
  create_group(2);
  call<SuspendProcesses>({.auto_scaling_group_name = "web", .scaling_processes = {"InstanceRefresh"}});
  start({});
  pass(seconds(60));
  EXPECT_EQ(ids(), (std::vector<std::string>{"i-1", "i-2"}));
  call<ResumeProcesses>({.auto_scaling_group_name = "web"});
  pass(seconds(60));
  EXPECT_EQ(progress(), "Successful 100%, 0 to go");
}

TEST_F(RefreshTest, RefusesWhatCannotBe) {
  create_group(0);
  EXPECT_EQ(error_of<StartInstanceRefresh>(request({.max_healthy_percentage = 150}, "")),
            "400 ValidationError: MaxHealthyPercentage needs MinHealthyPercentage.");
  EXPECT_EQ(error_of<StartInstanceRefresh>(
                request({.min_healthy_percentage = 50, .max_healthy_percentage = 151}, "")),
            "400 ValidationError: MaxHealthyPercentage and MinHealthyPercentage must not be more than 100 apart.");
  EXPECT_EQ(error_of<StartInstanceRefresh>(request({.checkpoint_percentages = {50, 50}}, "")),
            "400 ValidationError: CheckpointPercentages must be unique values from 1 to 100 in ascending order.");
  EXPECT_EQ(error_of<StartInstanceRefresh>(request({.auto_rollback = true}, "")).substr(0, 45),
            "400 ValidationError: AutoRollback needs a des");
}

// Each call and commit of a refresh is the last one of a daemon once.
TEST_F(RefreshTest, IsTheSameAfterAnyDeathOfTheDaemon) {
  create_group(3);
  for (int64_t steps = 0; steps < 40; ++steps) {
    SCOPED_TRACE(steps);
    const std::string version = std::to_string(2 + steps % 2);
    start({.min_healthy_percentage = 60, .instance_warmup = 2}, version);
    region.steps_to_live = steps;
    for (int i = 0; i < 5 && region.steps_to_live >= 0; ++i) {
      jobs->run_due();
      if (region.steps_to_live < 0) break;
      const int64_t rest = std::exchange(region.steps_to_live, -1);
      move_instances();
      region.steps_to_live = rest;
    }
    begin();
    pass(seconds(40));
    EXPECT_EQ(progress(), "Successful 100%, 0 to go");
    EXPECT_EQ(versions(), version + " " + version + " " + version);
    EXPECT_EQ(ids_in_ec2("running").size(), 3u);
  }
}

}  // namespace

}  // namespace holm::autoscaling

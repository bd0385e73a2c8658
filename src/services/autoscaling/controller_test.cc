// Groups at work: launches, zones, replacement, termination, and a daemon that dies in between.

#include "services/autoscaling/controller.h"

#include "services/autoscaling/rolling_updates.h"
#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

TEST_F(GroupTest, LaunchesOverItsZones) {
  create({.min_size = 0, .max_size = 9, .desired_capacity = 4});
  settle();
  EXPECT_EQ(instances(), "i-1 a InService, i-2 b InService, i-3 c InService, i-4 a InService");
  set_desired(6);
  settle();
  EXPECT_EQ(zones(), "a2 b2 c2");
}

TEST_F(GroupTest, BalancesZonesAndNotSubnets) {
  create({.min_size = 4, .max_size = 4, .vpc_zone_identifier = "subnet-a1,subnet-a2,subnet-b"});
  settle();
  EXPECT_EQ(zones(), "a2 b2");
}

TEST_F(GroupTest, SaysWhyItGrowsAndShrinks) {
  create({.min_size = 1, .max_size = 5, .desired_capacity = 2});
  settle();
  EXPECT_EQ(activities().at(1).description, "Launching a new EC2 instance: i-1");
  EXPECT_EQ(activities().at(1).status_code, "Successful");
  EXPECT_EQ(
      activities().at(1).cause,
      "At 2026-01-01T00:00:00Z a user request created an AutoScalingGroup changing the desired capacity "
      "from 0 to 2.  At 2026-01-01T00:00:00Z an instance was started in response to a difference "
      "between desired and actual capacity, increasing the capacity from 0 to 2.");
  EXPECT_EQ(activities().at(0).details, R"({"Subnet ID":"subnet-b","Availability Zone":"eu-west-1b"})");

  pass(seconds(60));
  set_desired(4);
  settle();
  EXPECT_EQ(activities().at(0).cause,
            "At 2026-01-01T00:01:00Z a user request explicitly set group desired capacity changing the "
            "desired capacity from 2 to 4.  At 2026-01-01T00:01:00Z an instance was started in response to a "
            "difference between desired and actual capacity, increasing the capacity from 2 to 4.");

  pass(seconds(60));
  call<UpdateAutoScalingGroup>({.auto_scaling_group_name = "web", .desired_capacity = 2});
  settle();
  EXPECT_EQ(instances(), "i-3 c InService, i-4 a InService");
  EXPECT_EQ(activities().at(0).description, "Terminating EC2 instance: i-2");
  EXPECT_EQ(
      activities().at(0).cause,
      "At 2026-01-01T00:02:00Z a user request update of AutoScalingGroup constraints to min: 1, max: 5, "
      "desired: 2 changing the desired capacity from 4 to 2.  At 2026-01-01T00:02:00Z an instance was "
      "taken out of service in response to a difference between desired and actual capacity, shrinking "
      "the capacity from 4 to 2.  At 2026-01-01T00:02:00Z instance i-1 was selected for termination.  "
      "At 2026-01-01T00:02:00Z instance i-2 was selected for termination.");
}

TEST_F(GroupTest, ReplacesWhatEc2HasLost) {
  create({.min_size = 2, .max_size = 2});
  pass(seconds(60));
  set_state("i-1", "stopped");
  settle();
  EXPECT_EQ(instances(), "i-2 b InService, i-3 a InService");
  EXPECT_EQ(ids_in_ec2("terminated"), std::vector<std::string>{"i-1"}) << "a stopped one is terminated";
  EXPECT_EQ(activities().at(1).cause,
            "At 2026-01-01T00:01:00Z an instance was taken out of service in response to an EC2 health check "
            "indicating it has been terminated or stopped.");
  EXPECT_EQ(
      activities().at(0).cause,
      "At 2026-01-01T00:01:00Z an instance was launched in response to an unhealthy instance needing to "
      "be replaced.");
  set_state("i-2", "terminated");
  settle();
  EXPECT_EQ(instances(), "i-3 a InService, i-4 b InService");

  in_transaction(
      [](aws::Call& inner) { inner.transaction.run("DELETE FROM fake_instance WHERE id = 'i-3'"); });
  pass(seconds(30));
  EXPECT_EQ(instances(), "i-4 b InService, i-5 a InService") << "also when nobody says so";
}

TEST_F(GroupTest, ReplacesWhatFailsHealthChecksOfTheLoadBalancer) {
  add_target_group("tg");
  create({.min_size = 2, .max_size = 2, .target_group_arns = {"tg"}, .health_check_type = "ELB"});
  settle();
  EXPECT_EQ(targets_of("tg"), "i-1 healthy, i-2 healthy");
  set_health("tg", "i-2", "unhealthy");
  settle();
  EXPECT_EQ(instances(), "i-1 a InService, i-3 b InService");
  EXPECT_EQ(targets_of("tg"), "i-1 healthy, i-3 healthy");
  EXPECT_EQ(
      activities().at(1).cause,
      "At 2026-01-01T00:00:00Z an instance was taken out of service in response to an ELB system health "
      "check failure.");
}

TEST_F(GroupTest, LetsInstancesWarmUp) {
  add_target_group("tg");
  create({.min_size = 1,
          .max_size = 1,
          .target_group_arns = {"tg"},
          .health_check_type = "ELB",
          .health_check_grace_period = 60});
  settle();
  set_health("tg", "i-1", "unhealthy");
  pass(seconds(59));
  EXPECT_EQ(instances(), "i-1 a InService");
  pass(seconds(1));
  EXPECT_EQ(instances(), "i-2 a InService") << "looked at the moment the grace period ends";
  set_state("i-2", "stopped");
  pass(seconds(1));
  EXPECT_EQ(instances(), "i-3 a InService") << "one that EC2 has lost gets no grace";
}

TEST_F(GroupTest, DoesNotAskTheLoadBalancerUnlessTold) {
  add_target_group("tg");
  create({.min_size = 1, .max_size = 1, .target_group_arns = {"tg"}});
  settle();
  set_health("tg", "i-1", "unhealthy");
  pass(seconds(60));
  EXPECT_EQ(instances(), "i-1 a InService");
}

TEST_F(GroupTest, ReplacesWhatItsUserCallsUnhealthy) {
  create({.min_size = 1, .max_size = 1, .health_check_grace_period = 60});
  settle();
  call<SetInstanceHealth>({.instance_id = "i-1", .health_status = "Unhealthy"});
  settle();
  EXPECT_EQ(instances(), "i-1 a InService") << "the grace period is respected";
  call<SetInstanceHealth>(
      {.instance_id = "i-1", .health_status = "Unhealthy", .should_respect_grace_period = false});
  settle();
  EXPECT_EQ(instances(), "i-2 a InService");
  EXPECT_EQ(
      activities().at(1).cause,
      "At 2026-01-01T00:00:00Z an instance was taken out of service in response to a user health-check.");
}

TEST_F(GroupTest, TerminatesWhatItsUserNames) {
  create({.min_size = 1, .max_size = 3, .desired_capacity = 2});
  settle();
  const auto kept = call<TerminateInstanceInAutoScalingGroup>(
      {.instance_id = "i-1", .should_decrement_desired_capacity = false});
  EXPECT_EQ(kept.activity->cause,
            "At 2026-01-01T00:00:00Z instance i-1 was taken out of service in response to a user request.");
  settle();
  EXPECT_EQ(instances(), "i-2 b InService, i-3 a InService");
  EXPECT_EQ(activities().at(0).cause,
            "At 2026-01-01T00:00:00Z an instance was started in response to a difference between desired and "
            "actual capacity, increasing the capacity from 1 to 2.");
  call<TerminateInstanceInAutoScalingGroup>(
      {.instance_id = "i-2", .should_decrement_desired_capacity = true});
  settle();
  EXPECT_EQ(instances(), "i-3 a InService");
  EXPECT_EQ(group().desired_capacity, 1);
  EXPECT_EQ(error_of<TerminateInstanceInAutoScalingGroup>(
                {.instance_id = "i-3", .should_decrement_desired_capacity = true}),
            "400 ValidationError: Currently, desiredSize equals minSize (1). Terminating instance without "
            "replacement will violate group's min size constraint.");
  EXPECT_EQ(error_of<TerminateInstanceInAutoScalingGroup>({.instance_id = "i-9"}),
            "400 ValidationError: Instance Id not found - No managed instance found for instance ID: i-9");
}

TEST_F(GroupTest, SaysWhyNothingWasLaunchedAndTriesLessAndLessOften) {
  region.full_zones = {"eu-west-1a", "eu-west-1b", "eu-west-1c"};
  create({.min_size = 0, .max_size = 3, .desired_capacity = 1});
  settle();
  ASSERT_EQ(activities().size(), 1u);
  EXPECT_EQ(activities().at(0).status_code, "Failed");
  EXPECT_EQ(activities().at(0).description, "Launching a new EC2 instance");
  EXPECT_EQ(activities().at(0).status_message,
            "There is no room in eu-west-1c. Launching EC2 instance failed.");
  EXPECT_TRUE(activities().at(0).end_time.has_value());
  pass(seconds(9));
  EXPECT_EQ(activities().size(), 1u);
  pass(seconds(1));
  EXPECT_EQ(activities().size(), 2u) << "after 10 s";
  pass(seconds(20 + 40));
  EXPECT_EQ(activities().size(), 4u) << "after 20 s and 40 s more";
  set_desired(2);
  settle();
  EXPECT_EQ(activities().size(), 5u) << "at once when its user changes it";
  region.full_zones.clear();
  pass(seconds(10));
  EXPECT_EQ(zones(), "a1 b1");
}

TEST_F(GroupTest, SaysThatItsTemplateIsGoneAndStillShrinks) {
  create({.min_size = 0, .max_size = 3, .desired_capacity = 2});
  settle();
  region.has_template = false;
  set_desired(3);
  settle();
  EXPECT_EQ(activities().at(0).status_message,
            "The specified launch template, with template ID lt-1, does not exist. Launching EC2 instance "
            "failed.");
  set_desired(1);
  settle();
  EXPECT_EQ(instances(), "i-2 b InService");
}

TEST_F(GroupTest, DoesNotReplaceInstancesThatDieAtOnceWithoutEnd) {
  create({.min_size = 1, .max_size = 1});
  settle();
  for (const char* victim : {"i-1", "i-2"}) set_state(victim, "stopped"), settle();
  EXPECT_EQ(instances(), "") << "the second death in a row is not answered at once";
  pass(seconds(9));
  EXPECT_EQ(instances(), "");
  pass(seconds(1));
  EXPECT_EQ(instances(), "i-3 a InService");
}

TEST_F(GroupTest, CountsInstancesThatNeverRanAsFailedLaunches) {
  create({.min_size = 1, .max_size = 1});
  jobs->run_due();
  set_state("i-1", "terminated");
  jobs->run_due();
  ASSERT_EQ(activities().size(), 3u);
  EXPECT_EQ(activities().at(2).status_code, "Failed");
  EXPECT_EQ(activities().at(2).status_message,
            "Instance became unhealthy while waiting for instance to be in InService state. Termination "
            "Reason: it is terminated");
}

TEST_F(GroupTest, GoesToAnotherZoneAndComesBack) {
  region.full_zones = {"eu-west-1b", "eu-west-1c"};
  create({.min_size = 4, .max_size = 4});
  settle();
  EXPECT_EQ(zones(), "a4");
  region.full_zones = {"eu-west-1c"};
  pass(seconds(700));
  EXPECT_EQ(zones(), "a2 b2") << "the emptiest zone is still full";
  region.full_zones.clear();
  pass(seconds(700));
  EXPECT_EQ(zones(), "a1 b2 c1");
  EXPECT_EQ(group().desired_capacity, 4);
  const auto history = activities();
  auto has = [&](const std::string& words) {
    return std::ranges::any_of(
        history, [&](const Activity& each) { return each.cause.find(words) != std::string::npos; });
  };
  EXPECT_TRUE(
      has("availability zones eu-west-1a eu-west-1b eu-west-1c had 2 2 0 instances respectively.  An "
          "instance was launched to aid in balancing the group's zones."));
  EXPECT_TRUE(
      has("instances were launched to balance instances in zones eu-west-1a with other zones "
          "resulting in more than desired number of instances in the group.  At "));
  EXPECT_TRUE(has("shrinking the capacity from 5 to 4."));
}

TEST_F(GroupTest, LeavesAZoneThatItsUserTookAway) {
  create({.min_size = 2, .max_size = 2, .vpc_zone_identifier = "subnet-a,subnet-b"});
  settle();
  call<UpdateAutoScalingGroup>(
      {.auto_scaling_group_name = "web", .vpc_zone_identifier = "subnet-b,subnet-c"});
  pass(seconds(30));
  EXPECT_EQ(zones(), "b1 c1");
  EXPECT_EQ(ids_in_ec2("running").size(), 2u);
}

TEST_F(GroupTest, DoesNotBalanceWhatIsProtected) {
  create({.min_size = 3,
          .max_size = 3,
          .vpc_zone_identifier = "subnet-a",
          .new_instances_protected_from_scale_in = true});
  settle();
  call<UpdateAutoScalingGroup>(
      {.auto_scaling_group_name = "web", .vpc_zone_identifier = "subnet-a,subnet-b"});
  pass(seconds(60));
  EXPECT_EQ(zones(), "a3");
  EXPECT_EQ(activities().size(), 3u);
}

TEST_F(GroupTest, GivesUpNoProtectedInstance) {
  create({.min_size = 0, .max_size = 3, .desired_capacity = 3});
  settle();
  call<SetInstanceProtection>({.instance_ids = {"i-1", "i-2", "i-3"},
                               .auto_scaling_group_name = "web",
                               .protected_from_scale_in = true});
  set_desired(1);
  pass(seconds(60));
  EXPECT_EQ(zones(), "a1 b1 c1");
  ASSERT_EQ(activities().size(), 4u) << "said once";
  EXPECT_EQ(activities().at(0).status_message,
            "Could not scale to desired capacity because all remaining instances are protected from "
            "scale-in.");
  call<SetInstanceProtection>(
      {.instance_ids = {"i-2"}, .auto_scaling_group_name = "web", .protected_from_scale_in = false});
  settle();
  EXPECT_EQ(zones(), "a1 c1");
  set_state("i-1", "stopped");
  pass(seconds(10));
  EXPECT_EQ(ids(), std::vector<std::string>{"i-3"}) << "protection is from scale-in only";
}

TEST_F(GroupTest, ReplacesInstancesOfAnOldTemplateBatchByBatch) {
  create({.min_size = 2, .max_size = 4, .desired_capacity = 3});
  settle();
  region.template_version = "2";
  call<SuspendProcesses>({.auto_scaling_group_name = "web", .scaling_processes = {"ScheduledActions"}});
  in_transaction([&](aws::Call& inner) {
    start_rolling_update(*service, inner, "web",
                         {.min_in_service = 2,
                          .batch = 1,
                          .pause = std::chrono::seconds(10),
                          .suspends = {"AZRebalance", "ScheduledActions"}});
  });
  settle();
  EXPECT_EQ(suspended(), "AZRebalance ScheduledActions");
  EXPECT_EQ(zones(), "a1 b1 c1");
  EXPECT_EQ(ids(), (std::vector<std::string>{"i-2", "i-3", "i-4"})) << "one at a time";
  pass(seconds(9));
  EXPECT_EQ(ids().size(), 3u);
  EXPECT_EQ(ids().at(2), "i-4") << "then it pauses";
  pass(seconds(30));
  EXPECT_EQ(ids(), (std::vector<std::string>{"i-4", "i-5", "i-6"}));
  for (const Instance& each : group().instances) EXPECT_EQ(each.launch_template->version, "2");
  EXPECT_EQ(suspended(), "ScheduledActions") << "as its user wants it";
}

// Whatever is under way, each of its calls and commits is the last one of a daemon once.
TEST_F(GroupTest, IsTheSameAfterAnyDeathOfTheDaemon) {
  add_target_group("tg");
  create({.min_size = 0, .max_size = 9, .desired_capacity = 3, .target_group_arns = {"tg"}});
  settle();
  int32_t desired = 3;
  for (int64_t steps = 0; steps < 60; ++steps) {
    SCOPED_TRACE(steps);
    desired = desired == 3 ? 5 : 3;
    const std::string lost = ids_in_ec2("running").front();
    set_state(lost, "stopped");
    set_desired(desired);
    region.steps_to_live = steps;
    for (int i = 0; i < 5 && region.steps_to_live >= 0; ++i) {
      jobs->run_due();
      if (region.steps_to_live >= 0) {
        const int64_t rest = std::exchange(region.steps_to_live, -1);
        move_instances();
        region.steps_to_live = rest;
      }
    }
    begin();
    pass(seconds(40));
    const auto running = ids_in_ec2("running");
    EXPECT_EQ(running.size(), static_cast<size_t>(desired));
    EXPECT_EQ(ids().size(), running.size());
    EXPECT_EQ(std::ranges::count(targets_of("tg"), ','), desired - 1);
    for (const Activity& each : activities()) {
      EXPECT_TRUE(each.end_time.has_value()) << each.cause;
    }
  }
}

}  // namespace

}  // namespace holm::autoscaling

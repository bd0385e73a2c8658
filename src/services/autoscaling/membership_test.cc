// Instances that are attached, detached and stand by.

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

TEST_F(GroupTest, InstancesStandByAndComeBack) {
  add_target_group("tg");
  create({.min_size = 1, .max_size = 3, .desired_capacity = 2, .target_group_arns = {"tg"}});
  settle();
  const auto entered = call<EnterStandby>(
      {.instance_ids = {"i-1"}, .auto_scaling_group_name = "web", .should_decrement_desired_capacity = true});
  EXPECT_EQ(entered.activities.at(0).cause,
            "At 2026-01-01T00:00:00Z instance i-1 was moved to standby in response to a user request, "
            "shrinking the capacity from 2 to 1.");
  set_state("i-1", "stopped");
  pass(seconds(60));
  EXPECT_EQ(instances(), "i-1 a Standby, i-2 b InService") << "nobody looks at its health";
  EXPECT_EQ(targets_of("tg"), "i-2 healthy");
  EXPECT_EQ(
      error_of<EnterStandby>({.instance_ids = {"i-2"},
                              .auto_scaling_group_name = "web",
                              .should_decrement_desired_capacity = true}),
      "400 ValidationError: AutoScalingGroup web has min-size=1, max-size=3, and desired-size=1. To place "
      "into standby 1 instances, please update the AutoScalingGroup sizes appropriately.");
  set_state("i-1", "running");
  const auto left = call<ExitStandby>({.instance_ids = {"i-1"}, .auto_scaling_group_name = "web"});
  EXPECT_EQ(left.activities.at(0).status_code, "InProgress");
  settle();
  EXPECT_EQ(instances(), "i-1 a InService, i-2 b InService");
  EXPECT_EQ(targets_of("tg"), "i-1 healthy, i-2 healthy");
  EXPECT_EQ(activities().at(0).status_code, "Successful");
  EXPECT_EQ(activities().at(0).description, "Moving EC2 instance out of Standby: i-1");
}

TEST_F(GroupTest, WhatStandsByIsReplacedUnlessTheCapacityShrinks) {
  create({.min_size = 1, .max_size = 3, .desired_capacity = 1});
  settle();
  call<EnterStandby>({.instance_ids = {"i-1"},
                      .auto_scaling_group_name = "web",
                      .should_decrement_desired_capacity = false});
  settle();
  EXPECT_EQ(instances(), "i-1 a Standby, i-2 a InService");
  set_state("i-1", "terminated");
  settle();
  EXPECT_EQ(instances(), "i-2 a InService");
}

TEST_F(GroupTest, DetachedInstancesLiveOnAndCanBeAttachedAgain) {
  add_target_group("tg");
  create({.min_size = 1, .max_size = 2, .desired_capacity = 2, .target_group_arns = {"tg"}});
  settle();
  const auto detached = call<DetachInstances>(
      {.instance_ids = {"i-1"}, .auto_scaling_group_name = "web", .should_decrement_desired_capacity = true});
  EXPECT_EQ(detached.activities.at(0).description, "Detaching EC2 instance: i-1");
  settle();
  EXPECT_EQ(instances(), "i-2 b InService");
  EXPECT_EQ(targets_of("tg"), "i-2 healthy");
  EXPECT_EQ(tags_in_ec2("i-1"), "");
  EXPECT_EQ(ids_in_ec2("running").size(), 2u);

  call<AttachInstances>({.instance_ids = {"i-1"}, .auto_scaling_group_name = "web"});
  settle();
  EXPECT_EQ(zones(), "a1 b1");
  EXPECT_EQ(group().desired_capacity, 2);
  EXPECT_EQ(targets_of("tg"), "i-1 healthy, i-2 healthy");
  EXPECT_EQ(tags_in_ec2("i-1"), "aws:autoscaling:groupName=web");
  EXPECT_EQ(activities().at(0).cause,
            "At 2026-01-01T00:00:00Z an instance was attached in response to a user request, increasing the "
            "capacity from 1 to 2.");
  EXPECT_EQ(
      error_of<AttachInstances>({.instance_ids = {"i-9"}, .auto_scaling_group_name = "web"}),
      "400 ValidationError: AutoScalingGroup web has min-size=1, max-size=2, and desired-size=2. To attach 1 "
      "more instances, please update the AutoScalingGroup sizes appropriately.");
}

}  // namespace

}  // namespace holm::autoscaling

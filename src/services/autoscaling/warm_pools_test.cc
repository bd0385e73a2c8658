// Instances that wait in a pool.

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {
namespace {

class WarmPoolsTest : public GroupTest {
 protected:
  void make(int32_t desired, int32_t max) {
    CreateAutoScalingGroupType request;
    request.min_size = 0;
    request.max_size = max;
    request.desired_capacity = desired;
    request.vpc_zone_identifier = "subnet-a";
    create(request);
    settle();
  }
  PutWarmPoolType pool(const std::string& state = "Stopped") {
    PutWarmPoolType request;
    request.auto_scaling_group_name = "web";
    request.pool_state = state;
    return request;
  }
  void put(const PutWarmPoolType& request) {
    call<PutWarmPool>(request);
    pass(std::chrono::seconds(2));
  }
  void want(int32_t desired) {
    SetDesiredCapacityType request;
    request.auto_scaling_group_name = "web";
    request.desired_capacity = desired;
    call<SetDesiredCapacity>(request);
    pass(std::chrono::seconds(10));
  }
  // "i-2 Warmed:Stopped, ".
  std::string in_pool() {
    std::string words;
    DescribeWarmPoolType request;
    request.auto_scaling_group_name = "web";
    for (const auto& each : call<DescribeWarmPool>(request).instances) {
      words += each.instance_id + " " + each.lifecycle_state + ", ";
    }
    return words;
  }
  std::string in_group() {
    std::string words;
    for (const auto& each : group().instances) words += each.instance_id + " " + each.lifecycle_state + ", ";
    return words;
  }
  AutoScalingGroup group() { return call<DescribeAutoScalingGroups>({}).auto_scaling_groups.at(0); }
};

TEST_F(WarmPoolsTest, AreFilledUpToTheGroupsMaximumAndRestStopped) {
  make(1, 3);
  put(pool());
  EXPECT_EQ(in_group(), "i-1 InService, ");
  EXPECT_EQ(in_pool(), "i-2 Warmed:Stopped, i-3 Warmed:Stopped, ");
  EXPECT_EQ(group().warm_pool_size, 2);
  EXPECT_EQ(group().warm_pool_configuration->pool_state, "Stopped");
  EXPECT_EQ(call<DescribeAutoScalingInstances>({}).auto_scaling_instances.size(), 3U);
}

TEST_F(WarmPoolsTest, TheGroupTakesWhatItLacksOutOfThem) {
  make(1, 3);
  put(pool());
  want(2);
  EXPECT_EQ(in_group(), "i-1 InService, i-2 InService, ");
  EXPECT_EQ(in_pool(), "i-3 Warmed:Stopped, ");
  const auto activity = call<DescribeScalingActivities>({}).activities.at(0);
  EXPECT_EQ(activity.description, "Launching a new EC2 instance from warm pool: i-2");
  EXPECT_EQ(activity.status_code, "Successful");
}

TEST_F(WarmPoolsTest, InstancesMayRunThere) {
  make(1, 2);
  put(pool("Running"));
  EXPECT_EQ(in_pool(), "i-2 Warmed:Running, ");
  want(2);
  EXPECT_EQ(in_group(), "i-1 InService, i-2 InService, ");
}

TEST_F(WarmPoolsTest, SizesAreObeyed) {
  make(1, 9);
  PutWarmPoolType request = pool();
  request.max_group_prepared_capacity = 3;
  put(request);
  EXPECT_EQ(in_pool(), "i-2 Warmed:Stopped, i-3 Warmed:Stopped, ");
  request.max_group_prepared_capacity = 2;
  put(request);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(in_pool(), "i-3 Warmed:Stopped, ");
  request.min_size = 2;
  put(request);
  EXPECT_EQ(in_pool(), "i-3 Warmed:Stopped, i-4 Warmed:Stopped, ");
  request.min_size = 3;
  EXPECT_EQ(error_of<PutWarmPool>(request).substr(0, 19), "400 ValidationError");
  EXPECT_EQ(error_of<PutWarmPool>(pool("Hibernated")).substr(0, 3), "501");
}

TEST_F(WarmPoolsTest, WhatTheGroupGivesUpComesBackWhereItMay) {
  make(2, 2);
  PutWarmPoolType request = pool();
  request.instance_reuse_policy = InstanceReusePolicy{.reuse_on_scale_in = true};
  put(request);
  EXPECT_EQ(in_pool(), "");
  want(1);
  EXPECT_EQ(in_group(), "i-2 InService, ");
  EXPECT_EQ(in_pool(), "i-1 Warmed:Stopped, ");
  want(2);
  EXPECT_EQ(in_group(), "i-1 InService, i-2 InService, ");
  EXPECT_TRUE(ids_in_ec2("terminated").empty());
}

TEST_F(WarmPoolsTest, HooksAreWaitedForInThePool) {
  make(0, 1);
  PutLifecycleHookType hook;
  hook.auto_scaling_group_name = "web";
  hook.lifecycle_hook_name = "boot";
  hook.lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING";
  hook.default_result = "CONTINUE";
  call<PutLifecycleHook>(hook);
  put(pool());
  EXPECT_EQ(in_pool(), "i-1 Warmed:Pending:Wait, ");
  CompleteLifecycleActionType done;
  done.auto_scaling_group_name = "web";
  done.lifecycle_hook_name = "boot";
  done.instance_id = "i-1";
  done.lifecycle_action_result = "CONTINUE";
  call<CompleteLifecycleAction>(done);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(in_pool(), "i-1 Warmed:Stopped, ");
}

TEST_F(WarmPoolsTest, EndWithTheirInstances) {
  make(1, 2);
  put(pool());
  DeleteWarmPoolType request;
  request.auto_scaling_group_name = "web";
  call<DeleteWarmPool>(request);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(in_pool(), "");
  EXPECT_FALSE(group().warm_pool_configuration);
  EXPECT_EQ(in_group(), "i-1 InService, ");
  EXPECT_EQ(error_of<DeleteWarmPool>(request).substr(0, 19), "400 ValidationError");
}

TEST_F(WarmPoolsTest, EndWithTheirGroup) {
  make(1, 2);
  put(pool());
  DeleteAutoScalingGroupType request;
  request.auto_scaling_group_name = "web";
  request.force_delete = true;
  call<DeleteAutoScalingGroup>(request);
  pass(std::chrono::seconds(10));
  EXPECT_TRUE(call<DescribeAutoScalingGroups>({}).auto_scaling_groups.empty());
  EXPECT_EQ(ids_in_ec2("terminated").size(), 2U);
}

}  // namespace
}  // namespace holm::autoscaling

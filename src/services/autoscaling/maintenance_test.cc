// Instances that run and have to go nevertheless.

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {
namespace {

class MaintenanceTest : public GroupTest {
 protected:
  void make(int32_t size, std::optional<InstanceMaintenancePolicy> policy, std::optional<int32_t> lifetime) {
    CreateAutoScalingGroupType request;
    request.min_size = request.max_size = size;
    request.vpc_zone_identifier = "subnet-a";
    request.instance_maintenance_policy = policy;
    request.max_instance_lifetime = lifetime;
    create(request);
    settle();
  }
  void mark(const std::string& instance) {
    SetInstanceHealthQuery request;
    request.instance_id = instance;
    request.health_status = "Unhealthy";
    call<SetInstanceHealth>(request);
  }
  std::string error_of_policy(int32_t min, int32_t max) {
    UpdateAutoScalingGroupType request;
    request.auto_scaling_group_name = "web";
    request.instance_maintenance_policy =
        InstanceMaintenancePolicy{.min_healthy_percentage = min, .max_healthy_percentage = max};
    return error_of<UpdateAutoScalingGroup>(request).substr(0, 19);
  }
  // While no instance begins or ends.
  void run_only() {
    for (int i = 0; i < 10; ++i) jobs->run_due();
  }
  AutoScalingGroup group() { return call<DescribeAutoScalingGroups>({}).auto_scaling_groups.at(0); }
};

TEST_F(MaintenanceTest, WithoutAPolicyAnUnhealthyInstanceGoesFirst) {
  make(1, std::nullopt, std::nullopt);
  const std::string old = ids_in_ec2("running").at(0);
  mark(old);
  run_only();
  EXPECT_EQ(ids_in_ec2("shutting-down"), std::vector<std::string>{old});
}

TEST_F(MaintenanceTest, WithRoomItsSuccessorComesFirst) {
  make(1, InstanceMaintenancePolicy{.min_healthy_percentage = 100, .max_healthy_percentage = 150}, std::nullopt);
  EXPECT_EQ(group().instance_maintenance_policy->max_healthy_percentage, 150);
  const std::string old = ids_in_ec2("running").at(0);
  mark(old);
  run_only();
  // Both are there until the new one serves.
  EXPECT_EQ(ids_in_ec2("running"), std::vector<std::string>{old});
  ASSERT_EQ(ids_in_ec2("pending").size(), 1U);
  const std::string successor = ids_in_ec2("pending").at(0);
  pass(std::chrono::seconds(20));
  EXPECT_EQ(ids_in_ec2("running"), std::vector<std::string>{successor});
  EXPECT_EQ(ids_in_ec2("terminated"), std::vector<std::string>{old});
}

TEST_F(MaintenanceTest, InstancesAreRenewedOneAfterTheOtherAtTheEndOfTheirLife) {
  make(2, std::nullopt, 86400);
  EXPECT_EQ(group().max_instance_lifetime, 86400);
  const std::vector<std::string> old = ids_in_ec2("running");
  clock.advance(std::chrono::hours(23));
  settle();
  EXPECT_EQ(ids_in_ec2("running"), old);
  clock.advance(std::chrono::hours(1));
  run_only();
  EXPECT_EQ(ids_in_ec2("shutting-down").size(), 1U);
  pass(std::chrono::seconds(60));
  EXPECT_EQ(ids_in_ec2("terminated"), old);
  EXPECT_EQ(ids_in_ec2("running").size(), 2U);
}

TEST_F(MaintenanceTest, TheirSuccessorsComeFirstWhereThereIsRoom) {
  make(2, InstanceMaintenancePolicy{.min_healthy_percentage = 100, .max_healthy_percentage = 150}, 86400);
  const std::vector<std::string> old = ids_in_ec2("running");
  clock.advance(std::chrono::hours(24));
  run_only();
  EXPECT_EQ(ids_in_ec2("running"), old);
  EXPECT_EQ(ids_in_ec2("pending").size(), 1U);
  pass(std::chrono::seconds(90));
  EXPECT_EQ(ids_in_ec2("terminated"), old);
  EXPECT_EQ(ids_in_ec2("running").size(), 2U);
}

TEST_F(MaintenanceTest, WhatIsWrongIsRefused) {
  make(0, std::nullopt, std::nullopt);
  EXPECT_EQ(error_of_policy(90, 99), "400 ValidationError");
  EXPECT_EQ(error_of_policy(50, 151), "400 ValidationError");
  EXPECT_EQ(error_of_policy(-1, 120), "400 ValidationError");
  EXPECT_EQ(error_of_policy(90, 120), "no error");
  EXPECT_EQ(error_of_policy(-1, -1), "no error");
  EXPECT_FALSE(group().instance_maintenance_policy);
  UpdateAutoScalingGroupType request;
  request.auto_scaling_group_name = "web";
  request.max_instance_lifetime = 3600;
  EXPECT_EQ(error_of<UpdateAutoScalingGroup>(request).substr(0, 19), "400 ValidationError");
  request.max_instance_lifetime.reset();
  request.capacity_rebalance = true;
  EXPECT_EQ(error_of<UpdateAutoScalingGroup>(request).substr(0, 3), "501");
}

}  // namespace
}  // namespace holm::autoscaling

// Groups of several types of instances, and of Spot Instances among them.

#include "services/autoscaling/mixed_instances.h"

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

MixedInstancesPolicy policy_of(int32_t base, int32_t percent, std::vector<std::string> types) {
  MixedInstancesPolicy policy;
  policy.launch_template.emplace();
  policy.launch_template->launch_template_specification =
      LaunchTemplateSpecification{.launch_template_id = "lt-1"};
  for (std::string& type : types) {
    policy.launch_template->overrides.push_back({.instance_type = std::move(type)});
  }
  policy.instances_distribution = InstancesDistribution{.on_demand_base_capacity = base,
                                                        .on_demand_percentage_above_base_capacity = percent};
  return policy;
}

class MixedGroup : public GroupTest {
 protected:
  void create_mixed(const MixedInstancesPolicy& policy, int32_t desired) {
    CreateAutoScalingGroupType request;
    request.auto_scaling_group_name = "web";
    request.max_size = 9;
    request.desired_capacity = desired;
    request.vpc_zone_identifier = "subnet-a,subnet-b,subnet-c";
    request.mixed_instances_policy = policy;
    call<CreateAutoScalingGroup>(request);
    settle();
  }
  // "t3.micro t3.micro spot t3.small spot", in the order of their launches.
  std::string kinds() {
    std::string all;
    in_transaction([&](aws::Call& inner) {
      for (const InstanceRow& each : instances_of(inner.transaction, require_group(inner, "web").id)) {
        all += (all.empty() ? "" : " ") + each.type + (each.is_spot ? " spot" : "");
      }
    });
    return all;
  }
};

TEST_F(MixedGroup, TheDistributionDecidesWhoIsASpotInstance) {
  create_mixed(policy_of(1, 50, {"t3.micro", "t3.small"}), 5);
  EXPECT_EQ(kinds(), "t3.micro t3.micro t3.micro spot t3.micro t3.small spot");
  const AutoScalingGroup told = group();
  EXPECT_FALSE(told.launch_template.has_value());
  ASSERT_TRUE(told.mixed_instances_policy.has_value());
  EXPECT_EQ(told.mixed_instances_policy->launch_template->launch_template_specification->version, "$Default");
  EXPECT_EQ(told.mixed_instances_policy->instances_distribution->spot_allocation_strategy, "lowest-price");
  EXPECT_EQ(told.mixed_instances_policy->instances_distribution->spot_instance_pools, 2);
}

TEST_F(MixedGroup, GivesUpWhatTheDistributionHasTooMuchOf) {
  create_mixed(policy_of(1, 0, {}), 4);
  EXPECT_EQ(kinds(), "t3.micro t3.micro spot t3.micro spot t3.micro spot");
  set_desired(2);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(kinds(), "t3.micro t3.micro spot");
  set_desired(1);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(kinds(), "t3.micro") << "the base stays";
}

TEST_F(MixedGroup, AnotherSourceTakesThePolicysPlaceAndTheOtherWayRound) {
  create_mixed(policy_of(0, 100, {"t3.small"}), 1);
  UpdateAutoScalingGroupType request;
  request.auto_scaling_group_name = "web";
  request.launch_template = LaunchTemplateSpecification{.launch_template_id = "lt-1"};
  call<UpdateAutoScalingGroup>(request);
  EXPECT_FALSE(group().mixed_instances_policy.has_value());
  request.launch_template.reset();
  request.mixed_instances_policy = policy_of(0, 0, {"t3.small"});
  call<UpdateAutoScalingGroup>(request);
  EXPECT_FALSE(group().launch_template.has_value());
  EXPECT_EQ(group().mixed_instances_policy->instances_distribution->on_demand_percentage_above_base_capacity, 0);
}

TEST_F(MixedGroup, RefusesWhatIsNotBuiltAndWhatCannotBe) {
  auto weighted = policy_of(0, 100, {"t3.small"});
  weighted.launch_template->overrides.front().weighted_capacity = "2";
  EXPECT_THROW(create_mixed(weighted, 1), aws::NotImplemented);
  EXPECT_THROW(create_mixed(policy_of(0, 101, {}), 1), aws::ServiceError);
  EXPECT_THROW(create_mixed(policy_of(0, 100, {"t3.small", "t3.small"}), 1), aws::ServiceError);
  create_mixed(policy_of(0, 100, {}), 1);
  PutWarmPoolType pool;
  pool.auto_scaling_group_name = "web";
  EXPECT_THROW(call<PutWarmPool>(pool), aws::ServiceError);
}

}  // namespace

}  // namespace holm::autoscaling

// Groups as their users see them: sizes, tags, target groups, deletion.

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

TEST_F(GroupTest, IsDescribedAsItWasMade) {
  add_target_group("tg");
  create({.min_size = 1,
          .max_size = 5,
          .desired_capacity = 2,
          .default_cooldown = 60,
          .target_group_arns = {"tg"},
          .health_check_type = "ELB",
          .health_check_grace_period = 90,
          .vpc_zone_identifier = " subnet-b, subnet-a",
          .termination_policies = {"OldestInstance", "Default"},
          .new_instances_protected_from_scale_in = true,
          .tags = {{.key = "stage", .value = "test", .propagate_at_launch = false}}});
  const AutoScalingGroup made = group();
  EXPECT_TRUE(made.auto_scaling_group_arn->ends_with(":autoScalingGroupName/web"));
  EXPECT_EQ(made.min_size, 1);
  EXPECT_EQ(made.max_size, 5);
  EXPECT_EQ(made.desired_capacity, 2);
  EXPECT_EQ(made.default_cooldown, 60);
  EXPECT_EQ(made.target_group_arns, std::vector<std::string>{"tg"});
  EXPECT_EQ(made.health_check_type, "ELB");
  EXPECT_EQ(made.health_check_grace_period, 90);
  EXPECT_EQ(made.vpc_zone_identifier, "subnet-b,subnet-a");
  EXPECT_EQ(made.availability_zones, (std::vector<std::string>{"eu-west-1a", "eu-west-1b"}));
  EXPECT_EQ(made.termination_policies, (std::vector<std::string>{"OldestInstance", "Default"}));
  EXPECT_EQ(made.new_instances_protected_from_scale_in, true);
  EXPECT_EQ(made.launch_template->launch_template_name, "web");
  EXPECT_EQ(made.launch_template->version, "$Latest");
  ASSERT_EQ(made.tags.size(), 1u);
  EXPECT_EQ(made.tags[0].propagate_at_launch, false);
}

TEST_F(GroupTest, HasTheDefaultsOfTheApi) {
  create({.min_size = 1, .max_size = 1});
  const AutoScalingGroup made = group();
  EXPECT_EQ(made.desired_capacity, 1) << "the minimum";
  EXPECT_EQ(made.default_cooldown, 300);
  EXPECT_EQ(made.health_check_type, "EC2");
  EXPECT_EQ(made.health_check_grace_period, 0);
  EXPECT_EQ(made.termination_policies, std::vector<std::string>{"Default"});
  EXPECT_EQ(error_of<CreateAutoScalingGroup>(
                {.auto_scaling_group_name = "web",
                 .launch_template = LaunchTemplateSpecification{.launch_template_id = "lt-1"},
                 .min_size = 0,
                 .max_size = 0,
                 .vpc_zone_identifier = "subnet-a"}),
            "400 AlreadyExists: AutoScalingGroup by this name already exists - A group with the name web "
            "already exists");
}

TEST_F(GroupTest, RefusesWhatCannotBe) {
  auto refusal = [&](CreateAutoScalingGroupType request) {
    request.auto_scaling_group_name = "other";
    if (!request.launch_template) {
      request.launch_template = LaunchTemplateSpecification{.launch_template_id = "lt-1"};
    }
    if (!request.vpc_zone_identifier) request.vpc_zone_identifier = "subnet-a";
    return error_of<CreateAutoScalingGroup>(request);
  };
  EXPECT_EQ(refusal({.min_size = 2, .max_size = 1}),
            "400 ValidationError: Max bound, 1, must be greater than or equal to min bound, 2");
  EXPECT_EQ(
      refusal({.min_size = 1, .max_size = 2, .desired_capacity = 3}),
      "400 ValidationError: Desired capacity:3 must be between the specified min size:1 and max size:2");
  EXPECT_EQ(refusal({.min_size = 0, .max_size = 0, .target_group_arns = {"tg-unknown"}}),
            "400 ValidationError: Provided Target Groups may not be valid. Please ensure they exist and try "
            "again.");
  EXPECT_EQ(refusal({.min_size = 0, .max_size = 0, .tags = {{.key = "aws:mine", .value = "x"}}}),
            "400 ValidationError: The tag key aws:mine begins with 'aws:', which is reserved.");
  EXPECT_EQ(refusal({.launch_template = LaunchTemplateSpecification{}, .min_size = 0, .max_size = 0}),
            "400 ValidationError: Valid requests must contain either launchTemplateId or LaunchTemplateName");
  EXPECT_EQ(refusal({.min_size = 0, .max_size = 0, .termination_policies = {"ClosestToNextInstanceHour"}})
                .substr(0, 18),
            "501 NotImplemented");
  region.has_template = false;
  EXPECT_EQ(
      refusal({.min_size = 0, .max_size = 0}),
      "400 ValidationError: You must use a valid fully-formed launch template. The specified launch template, "
      "with template ID lt-1, does not exist.");
  EXPECT_FALSE(group_exists());
}

TEST_F(GroupTest, KeepsTheDesiredCapacityInsideTheBounds) {
  create({.min_size = 1, .max_size = 4, .desired_capacity = 2});
  call<UpdateAutoScalingGroup>({.auto_scaling_group_name = "web", .min_size = 3});
  EXPECT_EQ(group().desired_capacity, 3) << "raised with the minimum";
  call<UpdateAutoScalingGroup>({.auto_scaling_group_name = "web", .min_size = 0, .max_size = 1});
  EXPECT_EQ(group().desired_capacity, 1) << "lowered with the maximum";
  EXPECT_EQ(
      error_of<UpdateAutoScalingGroup>(
          {.auto_scaling_group_name = "web", .max_size = 2, .desired_capacity = 3}),
      "400 ValidationError: Desired capacity:3 must be between the specified min size:0 and max size:2");
  EXPECT_EQ(error_of<UpdateAutoScalingGroup>({.auto_scaling_group_name = "web", .min_size = 2}),
            "400 ValidationError: Max bound, 1, must be greater than or equal to min bound, 2");
  EXPECT_EQ(error_of<SetDesiredCapacity>({.auto_scaling_group_name = "web", .desired_capacity = 2}),
            "400 ValidationError: New SetDesiredCapacity value 2 is above max value 1 for the "
            "AutoScalingGroup.");
  EXPECT_EQ(error_of<SetDesiredCapacity>({.auto_scaling_group_name = "wen", .desired_capacity = 2}),
            "400 ValidationError: AutoScalingGroup name not found - AutoScalingGroup 'wen' not found");
}

TEST_F(GroupTest, HonoursItsCooldownWhenAskedTo) {
  create({.min_size = 0, .max_size = 4, .default_cooldown = 60});
  auto set = [&](int32_t desired) {
    return error_of<SetDesiredCapacity>(
        {.auto_scaling_group_name = "web", .desired_capacity = desired, .honor_cooldown = true});
  };
  EXPECT_EQ(set(1), "no error");
  pass(seconds(30));
  EXPECT_EQ(set(2).substr(0, 29), "400 ScalingActivityInProgress");
  pass(seconds(31));
  EXPECT_EQ(set(2), "no error");
}

TEST_F(GroupTest, GivesItsTagsToInstances) {
  create({.min_size = 1,
          .max_size = 2,
          .tags = {{.key = "inner", .value = "no", .propagate_at_launch = false},
                   {.key = "Name", .value = "web server", .propagate_at_launch = true}}});
  settle();
  EXPECT_EQ(tags_in_ec2("i-1"), "aws:autoscaling:groupName=web Name=web server ");

  call<CreateOrUpdateTags>({.tags = {{.resource_id = "web",
                                      .resource_type = "auto-scaling-group",
                                      .key = "inner",
                                      .value = "yes",
                                      .propagate_at_launch = true}}});
  call<DeleteTags>({.tags = {{.resource_id = "web", .resource_type = "auto-scaling-group", .key = "Name"}}});
  set_desired(2);
  settle();
  EXPECT_EQ(tags_in_ec2("i-1"), "aws:autoscaling:groupName=web Name=web server ") << "as it was launched";
  EXPECT_EQ(tags_in_ec2("i-2"), "aws:autoscaling:groupName=web inner=yes ");

  const auto tags = call<DescribeTags>({.filters = {{.name = "key", .values = {"inner"}}}}).tags;
  ASSERT_EQ(tags.size(), 1u);
  EXPECT_EQ(tags[0].resource_id, "web");
  EXPECT_EQ(tags[0].value, "yes");
  EXPECT_TRUE(call<DescribeTags>({.filters = {{.name = "key", .values = {"Name"}}}}).tags.empty());
  EXPECT_EQ(error_of<CreateOrUpdateTags>({.tags = {{.resource_id = "wen", .key = "a"}}}),
            "400 ValidationError: AutoScalingGroup name not found - AutoScalingGroup 'wen' not found");
}

TEST_F(GroupTest, AttachesAndDetachesTargetGroups) {
  create({.min_size = 2, .max_size = 2});
  settle();
  add_target_group("tg");
  call<AttachLoadBalancerTargetGroups>({.auto_scaling_group_name = "web", .target_group_arns = {"tg"}});
  EXPECT_EQ(targets_of("tg"), "i-1 healthy, i-2 healthy") << "those that run already";
  EXPECT_EQ(group().target_group_arns, std::vector<std::string>{"tg"});
  auto state = [&] {
    return call<DescribeLoadBalancerTargetGroups>({.auto_scaling_group_name = "web"})
        .load_balancer_target_groups.at(0)
        .state;
  };
  EXPECT_EQ(state(), "InService");
  set_health("tg", "i-1", "unhealthy");
  set_health("tg", "i-2", "initial");
  EXPECT_EQ(state(), "Added") << "no target has passed a check";

  call<DetachLoadBalancerTargetGroups>({.auto_scaling_group_name = "web", .target_group_arns = {"tg"}});
  settle();
  EXPECT_EQ(targets_of("tg"), "");
  EXPECT_EQ(instances(), "i-1 a InService, i-2 b InService");
  EXPECT_EQ(error_of<DetachLoadBalancerTargetGroups>(
                {.auto_scaling_group_name = "web", .target_group_arns = {"tg"}}),
            "400 ValidationError: Target group tg is not attached to the group web.");
  EXPECT_EQ(error_of<AttachLoadBalancerTargetGroups>(
                {.auto_scaling_group_name = "web", .target_group_arns = {"none"}}),
            "400 ValidationError: Provided Target Groups may not be valid. Please ensure they exist and try "
            "again.");
}

TEST_F(GroupTest, TrafficSourcesAreItsTargetGroups) {
  add_target_group("one");
  add_target_group("two");
  create({.min_size = 1, .max_size = 1, .traffic_sources = {{.identifier = "one", .type = "elbv2"}}});
  settle();
  EXPECT_EQ(targets_of("one"), "i-1 healthy");
  call<AttachTrafficSources>({.auto_scaling_group_name = "web", .traffic_sources = {{.identifier = "two"}}});
  EXPECT_EQ(targets_of("two"), "i-1 healthy");
  EXPECT_EQ(group().target_group_arns, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(group().traffic_sources.at(1).identifier, "two");
  const auto told = call<DescribeTrafficSources>({.auto_scaling_group_name = "web"}).traffic_sources;
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told.at(0).state, "InService");
  EXPECT_EQ(told.at(0).type, "elbv2");
  EXPECT_EQ(call<DescribeTrafficSources>(
                {.auto_scaling_group_name = "web", .traffic_source_type = "vpc-lattice"})
                .traffic_sources.size(),
            0u);
  call<DetachTrafficSources>({.auto_scaling_group_name = "web", .traffic_sources = {{.identifier = "one"}}});
  EXPECT_EQ(targets_of("one"), "");
  EXPECT_EQ(error_of<AttachTrafficSources>({.auto_scaling_group_name = "web",
                                            .traffic_sources = {{.identifier = "x", .type = "vpc-lattice"}}})
                .substr(0, 19),
            "501 NotImplemented:");
}

TEST_F(GroupTest, AttachesAndDetachesClassicLoadBalancers) {
  add_target_group("classic");
  add_target_group("tg");
  create({.min_size = 2, .max_size = 2, .load_balancer_names = {"classic"}, .target_group_arns = {"tg"}});
  settle();
  EXPECT_EQ(targets_of("classic"), "i-1 InService, i-2 InService");
  EXPECT_EQ(group().load_balancer_names, std::vector<std::string>{"classic"});
  EXPECT_EQ(group().target_group_arns, std::vector<std::string>{"tg"});
  EXPECT_EQ(group().traffic_sources.at(1).type, "elb");
  auto states = [&] {
    return call<DescribeLoadBalancers>({.auto_scaling_group_name = "web"}).load_balancers;
  };
  EXPECT_EQ(states().at(0).load_balancer_name, "classic");
  EXPECT_EQ(states().at(0).state, "InService");
  EXPECT_EQ(call<DescribeTrafficSources>({.auto_scaling_group_name = "web", .traffic_source_type = "elb"})
                .traffic_sources.at(0)
                .identifier,
            "classic");
  call<DetachLoadBalancers>({.auto_scaling_group_name = "web", .load_balancer_names = {"classic"}});
  EXPECT_EQ(targets_of("classic"), "");
  EXPECT_EQ(targets_of("tg"), "i-1 healthy, i-2 healthy");
  EXPECT_TRUE(states().empty());
  call<AttachTrafficSources>(
      {.auto_scaling_group_name = "web", .traffic_sources = {{.identifier = "classic", .type = "elb"}}});
  EXPECT_EQ(targets_of("classic"), "i-1 InService, i-2 InService");
  call<DetachLoadBalancers>({.auto_scaling_group_name = "web", .load_balancer_names = {"classic"}});
  EXPECT_EQ(error_of<DetachLoadBalancers>({.auto_scaling_group_name = "web", .load_balancer_names = {"classic"}}),
            "400 ValidationError: Load balancer classic is not attached to the group web.");
  EXPECT_EQ(error_of<AttachLoadBalancers>({.auto_scaling_group_name = "web", .load_balancer_names = {"none"}}),
            "400 ValidationError: Provided Load Balancers may not be valid. Please ensure they exist and try "
            "again.");
  EXPECT_EQ(error_of<AttachLoadBalancerTargetGroups>(
                {.auto_scaling_group_name = "web", .target_group_arns = {"loadbalancer/classic"}})
                .substr(0, 20),
            "400 ValidationError:");
}

TEST_F(GroupTest, ReplacesWhoAClassicLoadBalancerFindsUnwell) {
  add_target_group("classic");
  create({.min_size = 2, .max_size = 2, .load_balancer_names = {"classic"}, .health_check_type = "ELB"});
  settle();
  set_classic_health("classic", "i-1", "ELB");
  settle();
  EXPECT_EQ(instances(), "i-1 a InService, i-2 b InService") << "its first checks are under way";
  set_classic_health("classic", "i-1", "Instance");
  settle();
  EXPECT_EQ(instances(), "i-2 b InService, i-3 a InService");
  EXPECT_EQ(targets_of("classic"), "i-2 InService, i-3 InService");
}

TEST_F(GroupTest, SurvivesTheEndOfItsTargetGroup) {
  add_target_group("tg");
  create({.min_size = 0,
          .max_size = 3,
          .desired_capacity = 2,
          .target_group_arns = {"tg"},
          .health_check_type = "ELB"});
  settle();
  in_transaction([](aws::Call& inner) {
    inner.transaction.run("DELETE FROM fake_target_group");
    inner.transaction.run("DELETE FROM fake_target");
  });
  set_desired(1);
  pass(seconds(10));
  EXPECT_EQ(instances(), "i-2 b InService") << "instances are given up without it";

  set_desired(2);
  pass(seconds(1));
  EXPECT_EQ(activities().at(0).status_message,
            "One or more target groups not found. Validating load balancer configuration failed. Launching "
            "EC2 instance failed.");
  call<DetachLoadBalancerTargetGroups>({.auto_scaling_group_name = "web", .target_group_arns = {"tg"}});
  pass(seconds(20));
  EXPECT_EQ(zones(), "a1 b1") << "launched once the group does without it";
}

TEST_F(GroupTest, IsNotDeletedWithInstancesUnlessForced) {
  create({.min_size = 1, .max_size = 1});
  settle();
  EXPECT_EQ(error_of<DeleteAutoScalingGroup>({.auto_scaling_group_name = "web"}),
            "400 ResourceInUse: You cannot delete an AutoScalingGroup while there are instances or pending "
            "Spot instance request(s) still in the group.");
  call<UpdateAutoScalingGroup>({.auto_scaling_group_name = "web", .min_size = 0, .desired_capacity = 0});
  settle();
  call<DeleteAutoScalingGroup>({.auto_scaling_group_name = "web"});
  settle();
  EXPECT_FALSE(group_exists());
}

TEST_F(GroupTest, IsDeletedWithItsInstancesByForce) {
  add_target_group("tg");
  create({.min_size = 3, .max_size = 3, .target_group_arns = {"tg"}});
  settle();
  region.drains = 1;
  call<DeleteAutoScalingGroup>({.auto_scaling_group_name = "web", .force_delete = true});
  pass(seconds(10));
  EXPECT_EQ(group().status, "Delete in progress");
  EXPECT_EQ(targets_of("tg"), "i-1 draining, i-2 draining, i-3 draining");
  EXPECT_EQ(ids_in_ec2("running").size(), 3u) << "requests end first";
  EXPECT_EQ(activities().at(0).status_code, "WaitingForELBConnectionDraining");
  EXPECT_EQ(error_of<SetDesiredCapacity>({.auto_scaling_group_name = "web", .desired_capacity = 1}),
            "400 ValidationError: You cannot change an AutoScalingGroup that is pending delete.");

  in_transaction([](aws::Call& inner) { inner.transaction.run("DELETE FROM fake_target"); });
  pass(seconds(10));
  EXPECT_FALSE(group_exists());
  EXPECT_EQ(ids_in_ec2("terminated").size(), 3u);
  ASSERT_EQ(activities().size(), 6u) << "its history stays";
  EXPECT_EQ(activities().at(0).auto_scaling_group_state, "Deleted");
  EXPECT_EQ(activities().at(0).status_code, "Successful");
  EXPECT_TRUE(call<DescribeScalingActivities>({}).activities.empty());

  create({.min_size = 1, .max_size = 1});
  settle();
  EXPECT_EQ(instances(), "i-4 a InService") << "the name is free again";
}

}  // namespace

}  // namespace holm::autoscaling

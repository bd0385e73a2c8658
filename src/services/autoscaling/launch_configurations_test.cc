// Groups that launch from launch configurations.

#include "services/autoscaling/launch_configurations.h"

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {
namespace {

class LaunchConfigurationsTest : public GroupTest {
 protected:
  void make(const std::string& name, const std::string& image = "ami-1") {
    CreateLaunchConfigurationType request;
    request.launch_configuration_name = name;
    request.image_id = image;
    request.instance_type = "t3.small";
    call<CreateLaunchConfiguration>(request);
  }
  CreateAutoScalingGroupType group_of(const std::string& configuration, int32_t size) {
    CreateAutoScalingGroupType request;
    request.auto_scaling_group_name = "web";
    request.launch_configuration_name = configuration;
    request.min_size = size;
    request.max_size = 4;
    request.vpc_zone_identifier = "subnet-a";
    return request;
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& each : call<DescribeLaunchConfigurations>({}).launch_configurations) {
      all.push_back(each.launch_configuration_name);
    }
    return all;
  }
  std::string deletion_of(const std::string& name) {
    LaunchConfigurationNameType request;
    request.launch_configuration_name = name;
    return error_of<DeleteLaunchConfiguration>(request);
  }
};

TEST_F(LaunchConfigurationsTest, AreToldInPages) {
  for (const char* name : {"a", "b", "c"}) make(name);
  EXPECT_EQ(names(), (std::vector<std::string>{"a", "b", "c"}));
  LaunchConfigurationNamesType request;
  request.max_records = 2;
  auto page = call<DescribeLaunchConfigurations>(request);
  EXPECT_EQ(page.launch_configurations.size(), 2U);
  request.next_token = page.next_token;
  page = call<DescribeLaunchConfigurations>(request);
  ASSERT_EQ(page.launch_configurations.size(), 1U);
  EXPECT_EQ(page.launch_configurations[0].launch_configuration_name, "c");
  EXPECT_TRUE(page.launch_configurations[0].instance_monitoring->enabled);
  EXPECT_FALSE(page.next_token);
}

TEST_F(LaunchConfigurationsTest, RefuseWhatIsWrong) {
  make("a");
  CreateLaunchConfigurationType request;
  request.launch_configuration_name = "a";
  EXPECT_EQ(error_of<CreateLaunchConfiguration>(request).substr(0, 17), "400 AlreadyExists");
  request.launch_configuration_name = "b";
  EXPECT_EQ(error_of<CreateLaunchConfiguration>(request).substr(0, 19), "400 ValidationError");
  request.image_id = "ami-2";
  request.instance_type = "t3.micro";
  EXPECT_EQ(error_of<CreateLaunchConfiguration>(request),
            "400 ValidationError: The image id '[ami-2]' does not exist");
  EXPECT_EQ(error_of<CreateAutoScalingGroup>(group_of("b", 1)),
            "400 ValidationError: Launch configuration name not found - A launch configuration with the name: b "
            "does not exist");
}

TEST_F(LaunchConfigurationsTest, InstancesAreLaunchedFromThem) {
  make("a");
  call<CreateAutoScalingGroup>(group_of("a", 1));
  settle();
  const auto group = call<DescribeAutoScalingGroups>({}).auto_scaling_groups.at(0);
  EXPECT_EQ(group.launch_configuration_name, "a");
  EXPECT_FALSE(group.launch_template);
  ASSERT_EQ(group.instances.size(), 1U);
  EXPECT_EQ(group.instances[0].launch_configuration_name, "a");
  EXPECT_EQ(group.instances[0].instance_type, "t3.small");
  EXPECT_EQ(call<DescribeAutoScalingInstances>({}).auto_scaling_instances.at(0).launch_configuration_name, "a");
}

TEST_F(LaunchConfigurationsTest, StayWhileAGroupHasThem) {
  make("a");
  make("b");
  call<CreateAutoScalingGroup>(group_of("a", 0));
  EXPECT_EQ(deletion_of("a"),
            "400 ResourceInUse: Cannot delete launch configuration a because it is attached to AutoScalingGroup "
            "web");
  UpdateAutoScalingGroupType change;
  change.auto_scaling_group_name = "web";
  change.launch_configuration_name = "b";
  call<UpdateAutoScalingGroup>(change);
  EXPECT_EQ(deletion_of("a"), "no error");
  EXPECT_EQ(names(), std::vector<std::string>{"b"});
}

TEST_F(LaunchConfigurationsTest, AGroupCanBeMadeLikeAnInstance) {
  in_transaction([](aws::Call& inner) {
    inner.transaction.run(
        "INSERT INTO fake_instance (number, id, subnet, version, tags, state) VALUES (7, 'i-7', 'subnet-b', '',"
        " '', 'running')");
  });
  CreateAutoScalingGroupType request = group_of("", 1);
  request.launch_configuration_name.reset();
  request.vpc_zone_identifier.reset();
  request.instance_id = "i-7";
  call<CreateAutoScalingGroup>(request);
  const auto made = call<DescribeLaunchConfigurations>({}).launch_configurations.at(0);
  EXPECT_EQ(made.launch_configuration_name, "web");
  EXPECT_EQ(made.image_id, "ami-1");
  EXPECT_EQ(made.instance_type, "t3.nano");
  EXPECT_EQ(call<DescribeAutoScalingGroups>({}).auto_scaling_groups.at(0).vpc_zone_identifier, "subnet-b");
}

TEST(LaunchConfigurations, SayHowInstancesAreLaunched) {
  LaunchConfigurationRow row;
  row.definition.image_id = "ami-1";
  row.definition.security_groups = {"sg-1", "named"};
  row.definition.iam_instance_profile = "arn:aws:iam::1:instance-profile/web";
  row.definition.block_device_mappings = {{.virtual_name = "ephemeral0", .device_name = "/dev/sdb"},
                                          {.device_name = "/dev/xvda", .ebs = Ebs{.volume_size = 9}}};
  ec2::RunInstancesRequest asked = launch_of(row, "subnet-1");
  EXPECT_EQ(asked.subnet_id, "subnet-1");
  EXPECT_EQ(asked.security_group_ids, std::vector<std::string>{"sg-1"});
  EXPECT_EQ(asked.security_groups, std::vector<std::string>{"named"});
  EXPECT_EQ(asked.iam_instance_profile->arn, "arn:aws:iam::1:instance-profile/web");
  EXPECT_EQ(asked.block_device_mappings.at(0).virtual_name, "ephemeral0");
  EXPECT_EQ(asked.block_device_mappings.at(1).ebs->volume_size, 9);
  EXPECT_TRUE(asked.monitoring->enabled);
  row.definition.associate_public_ip_address = true;
  row.definition.instance_monitoring = InstanceMonitoring{.enabled = false};
  asked = launch_of(row, "subnet-1");
  EXPECT_FALSE(asked.subnet_id);
  EXPECT_EQ(asked.network_interfaces.at(0).subnet_id, "subnet-1");
  EXPECT_EQ(asked.network_interfaces.at(0).groups, std::vector<std::string>{"sg-1"});
  EXPECT_TRUE(asked.network_interfaces.at(0).associate_public_ip_address);
  EXPECT_FALSE(asked.monitoring->enabled);
}

}  // namespace
}  // namespace holm::autoscaling

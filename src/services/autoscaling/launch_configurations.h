// Launch configurations: what instances of a group are launched from where it has no launch template.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autoscaling/types.h"
#include "aws/service/call.h"
#include "ec2/types.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

struct LaunchConfigurationRow {
  std::string name, arn;
  CreateLaunchConfigurationType definition;  // Complete: nothing is taken from an instance any more.
  int64_t created = 0;
};

std::optional<LaunchConfigurationRow> find_launch_configuration(aws::Call& call, const std::string& name);
// ValidationError.
LaunchConfigurationRow require_launch_configuration(aws::Call& call, const std::string& name);
std::vector<LaunchConfigurationRow> launch_configurations_of(aws::Call& call);
void insert_launch_configuration(Service& service, aws::Call& call,
                                 const CreateLaunchConfigurationType& definition);

// Adds what the instance has to what `wanted` does not say, and returns its subnet. ValidationError.
std::string complete_from_instance(aws::Call& call, CreateLaunchConfigurationType& wanted,
                                   const std::string& instance);
// What is named there exists. ValidationError.
void check_launch_configuration(aws::Call& call, const CreateLaunchConfigurationType& wanted);

// One instance in the subnet.
ec2::RunInstancesRequest launch_of(const LaunchConfigurationRow& row, const std::string& subnet);

std::unique_ptr<stacks::ResourceType> launch_configuration_type();

}  // namespace holm::autoscaling

// The operations on launch configurations.

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "services/autoscaling/launch_configurations.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageDefault = 50;

LaunchConfiguration describe(const LaunchConfigurationRow& row) {
  const CreateLaunchConfigurationType& made = row.definition;
  LaunchConfiguration result;
  result.launch_configuration_name = row.name;
  result.launch_configuration_arn = row.arn;
  result.image_id = made.image_id.value_or("");
  result.key_name = made.key_name.value_or("");
  result.security_groups = made.security_groups;
  result.user_data = made.user_data.value_or("");
  result.instance_type = made.instance_type.value_or("");
  result.kernel_id = result.ramdisk_id = "";
  result.block_device_mappings = made.block_device_mappings;
  result.instance_monitoring = made.instance_monitoring.value_or(InstanceMonitoring{.enabled = true});
  result.iam_instance_profile = made.iam_instance_profile;
  result.created_time = from_milliseconds(row.created);
  result.ebs_optimized = made.ebs_optimized.value_or(false);
  result.associate_public_ip_address = made.associate_public_ip_address;
  result.placement_tenancy = made.placement_tenancy;
  result.metadata_options = made.metadata_options;
  return result;
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateLaunchConfiguration.html
aws::Nothing create_launch_configuration(Service& service, Call& call,
                                         const CreateLaunchConfigurationType& request) {
  const std::string& name = request.launch_configuration_name;
  if (find_launch_configuration(call, name)) {
    throw AlreadyExistsFault(
        "Launch Configuration by this name already exists - A launch configuration already exists with the name " +
        name);
  }
  CreateLaunchConfigurationType wanted = request;
  if (request.instance_id) complete_from_instance(call, wanted, *request.instance_id);
  check_launch_configuration(call, wanted);
  insert_launch_configuration(service, call, wanted);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLaunchConfigurations.html
// Names of which there is none are passed over.
LaunchConfigurationsType describe_launch_configurations(Service&, Call& call,
                                                        const LaunchConfigurationNamesType& request) {
  const auto& names = request.launch_configuration_names;
  LaunchConfigurationsType result;
  for (const LaunchConfigurationRow& row : launch_configurations_of(call)) {
    if (!names.empty() && std::ranges::find(names, row.name) == names.end()) continue;
    result.launch_configurations.push_back(describe(row));
  }
  result.next_token = take_page(result.launch_configurations, page_count(request.max_records, kPageDefault),
                                request.next_token);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteLaunchConfiguration.html
aws::Nothing delete_launch_configuration(Service&, Call& call, const LaunchConfigurationNameType& request) {
  const std::string& name = request.launch_configuration_name;
  require_launch_configuration(call, name);
  for (const GroupRow& group : groups_of(call)) {
    if (configuration_name(group.template_id) != name) continue;
    throw ResourceInUseFault(fmt::format(
        "Cannot delete launch configuration {} because it is attached to AutoScalingGroup {}", name, group.name));
  }
  call.transaction.run(
      "DELETE FROM autoscaling_launch_configuration WHERE account = ?1 AND region = ?2 AND name = ?3",
      {call.account, call.region, name});
  return {};
}

}  // namespace holm::autoscaling

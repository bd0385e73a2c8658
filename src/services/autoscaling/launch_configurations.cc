// Rows of launch configurations, and what EC2 is asked for by them.

#include "services/autoscaling/launch_configurations.h"

#include <fmt/format.h>

#include "autoscaling/schema.h"
#include "aws/codec/json_codec.h"
#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "ec2/operations.h"
#include "services/autoscaling/attempt.h"

namespace holm::autoscaling {

namespace {

LaunchConfigurationRow read_row(const sql::Row& row) {
  LaunchConfigurationRow result{
      .name = row.text(0), .arn = row.text(1), .definition = {}, .created = row.integer(3)};
  CHECK(
      aws::read_kept_json(row.text(2), shape_of(result.definition), &result.definition).has_value());
  return result;
}

aws::Principal self(const aws::Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

bool is_group_id(const std::string& group) { return group.starts_with("sg-"); }

ec2::BlockDeviceMapping mapping_of(const BlockDeviceMapping& given) {
  ec2::BlockDeviceMapping mapping{.device_name = given.device_name, .virtual_name = given.virtual_name};
  if (given.no_device.value_or(false)) mapping.no_device = "";
  if (!given.ebs) return mapping;
  mapping.ebs = ec2::EbsBlockDevice{.delete_on_termination = given.ebs->delete_on_termination,
                                    .iops = given.ebs->iops,
                                    .snapshot_id = given.ebs->snapshot_id,
                                    .volume_size = given.ebs->volume_size,
                                    .volume_type = given.ebs->volume_type,
                                    .throughput = given.ebs->throughput,
                                    .encrypted = given.ebs->encrypted};
  return mapping;
}

}  // namespace

std::optional<LaunchConfigurationRow> find_launch_configuration(aws::Call& call, const std::string& name) {
  auto row = call.transaction.find(
      "SELECT name, arn, definition, created FROM autoscaling_launch_configuration"
      " WHERE account = ?1 AND region = ?2 AND name = ?3",
      {call.account, call.region, name});
  if (!row) return std::nullopt;
  return read_row(*row);
}

LaunchConfigurationRow require_launch_configuration(aws::Call& call, const std::string& name) {
  auto row = find_launch_configuration(call, name);
  if (!row) {
    throw_invalid(fmt::format("Launch configuration name not found - Launch configuration {} not found", name));
  }
  return *row;
}

std::vector<LaunchConfigurationRow> launch_configurations_of(aws::Call& call) {
  std::vector<LaunchConfigurationRow> rows;
  for (const sql::Row& row : call.transaction.run(
           "SELECT name, arn, definition, created FROM autoscaling_launch_configuration"
           " WHERE account = ?1 AND region = ?2 ORDER BY name",
           {call.account, call.region})) {
    rows.push_back(read_row(row));
  }
  return rows;
}

void insert_launch_configuration(Service& service, aws::Call& call,
                                 const CreateLaunchConfigurationType& definition) {
  const std::string& name = definition.launch_configuration_name;
  const std::string arn =
      aws::arn("autoscaling", call,
               fmt::format("launchConfiguration:{}:launchConfigurationName/{}", service.random().uuid(), name));
  call.transaction.run(
      "INSERT INTO autoscaling_launch_configuration (account, region, name, arn, definition, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {call.account, call.region, name, arn, aws::write_kept_json(shape_of(definition), &definition),
       to_milliseconds(call.now)});
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-launch-config.html
// Its block devices are those of its image again, and whether it gets a public address is the subnet's matter.
std::string complete_from_instance(aws::Call& call, CreateLaunchConfigurationType& wanted,
                                   const std::string& id) {
  ec2::DescribeInstancesRequest request;
  request.instance_ids = {id};
  ec2::DescribeInstancesResult found;
  as_validation("", [&] { found = call.client.call<ec2::DescribeInstances>(call, self(call), request); });
  const ec2::Instance& instance = found.reservations.at(0).instances.at(0);
  if (!wanted.image_id) wanted.image_id = instance.image_id;
  if (!wanted.instance_type) wanted.instance_type = instance.instance_type;
  if (!wanted.key_name) wanted.key_name = instance.key_name;
  if (!wanted.iam_instance_profile && instance.iam_instance_profile) {
    wanted.iam_instance_profile = instance.iam_instance_profile->arn;
  }
  if (wanted.security_groups.empty()) {
    for (const auto& group : instance.security_groups) {
      wanted.security_groups.push_back(group.group_id.value_or(""));
    }
  }
  if (!wanted.instance_monitoring && instance.monitoring) {
    wanted.instance_monitoring = InstanceMonitoring{.enabled = instance.monitoring->state == "enabled"};
  }
  if (!wanted.user_data) {
    ec2::DescribeInstanceAttributeRequest attribute;
    attribute.attribute = "userData";
    attribute.instance_id = id;
    auto told = call.client.call<ec2::DescribeInstanceAttribute>(call, self(call), attribute);
    if (told.user_data) wanted.user_data = told.user_data->value;
  }
  wanted.instance_id.reset();
  return instance.subnet_id.value_or("");
}

void check_launch_configuration(aws::Call& call, const CreateLaunchConfigurationType& wanted) {
  if (!wanted.image_id || wanted.image_id->empty() || !wanted.instance_type) {
    throw_invalid(
        "Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType "
        "parameters.");
  }
  if (wanted.placement_tenancy.value_or("default") != "default") {
    throw aws::NotImplemented("PlacementTenancy " + *wanted.placement_tenancy);
  }
  as_validation("", [&] {
    ec2::DescribeImagesRequest images;
    images.image_ids = {*wanted.image_id};
    call.client.call<ec2::DescribeImages>(call, self(call), images);
    ec2::DescribeInstanceTypesRequest types;
    types.instance_types = {*wanted.instance_type};
    call.client.call<ec2::DescribeInstanceTypes>(call, self(call), types);
    if (wanted.key_name) {
      ec2::DescribeKeyPairsRequest keys;
      keys.key_names = {*wanted.key_name};
      call.client.call<ec2::DescribeKeyPairs>(call, self(call), keys);
    }
    ec2::DescribeSecurityGroupsRequest groups;
    for (const std::string& group : wanted.security_groups) {
      if (is_group_id(group)) groups.group_ids.push_back(group);
    }
    if (!groups.group_ids.empty()) call.client.call<ec2::DescribeSecurityGroups>(call, self(call), groups);
  });
}

ec2::RunInstancesRequest launch_of(const LaunchConfigurationRow& row, const std::string& subnet) {
  const CreateLaunchConfigurationType& wanted = row.definition;
  ec2::RunInstancesRequest request;
  request.min_count = request.max_count = 1;
  request.image_id = wanted.image_id;
  request.instance_type = wanted.instance_type;
  request.key_name = wanted.key_name;
  request.user_data = wanted.user_data;
  request.ebs_optimized = wanted.ebs_optimized;
  std::vector<std::string> ids;
  for (const std::string& group : wanted.security_groups) {
    (is_group_id(group) ? ids : request.security_groups).push_back(group);
  }
  if (wanted.associate_public_ip_address) {
    request.network_interfaces.push_back(
        {.associate_public_ip_address = wanted.associate_public_ip_address,
         .device_index = 0,
         .groups = ids,
         .subnet_id = subnet});
  } else {
    request.security_group_ids = ids;
    request.subnet_id = subnet;
  }
  if (const auto& profile = wanted.iam_instance_profile; profile && !profile->empty()) {
    ec2::IamInstanceProfileSpecification named;
    (profile->starts_with("arn:") ? named.arn : named.name) = *profile;
    request.iam_instance_profile = named;
  }
  for (const BlockDeviceMapping& each : wanted.block_device_mappings) {
    request.block_device_mappings.push_back(mapping_of(each));
  }
  // Unlike launch templates they ask for detailed monitoring unless they say otherwise.
  const bool is_detailed = !wanted.instance_monitoring || wanted.instance_monitoring->enabled.value_or(true);
  request.monitoring = ec2::RunInstancesMonitoringEnabled{.enabled = is_detailed};
  if (const auto& metadata = wanted.metadata_options) {
    request.metadata_options = ec2::InstanceMetadataOptionsRequest{
        .http_tokens = metadata->http_tokens,
        .http_put_response_hop_limit = metadata->http_put_response_hop_limit,
        .http_endpoint = metadata->http_endpoint};
  }
  return request;
}

}  // namespace holm::autoscaling

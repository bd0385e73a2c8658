// Lists of EC2's resources for rules.

#include "services/cloudformation/named_resources.h"

#include <algorithm>

#include "aws/service/region.h"
#include "ec2/operations.h"

namespace holm::cloudformation {

namespace {

using stacks::NamedResource;
using Resources = std::vector<NamedResource>;

NamedResource named(const std::optional<std::string>& name, const std::vector<ec2::Tag>& tags) {
  NamedResource result{.name = name.value_or(""), .attributes = {}};
  for (const ec2::Tag& tag : tags) result.attributes["Tags." + *tag.key] = tag.value.value_or("");
  return result;
}

Resources vpcs(aws::Call& call) {
  Resources result;
  for (const auto& each : call.client.call<ec2::DescribeVpcs>(call, call.principal, {}).vpcs) {
    result.push_back(named(each.vpc_id, each.tags));
  }
  const auto groups = call.client.call<ec2::DescribeSecurityGroups>(call, call.principal, {});
  for (const auto& each : groups.security_groups) {
    auto vpc = std::ranges::find(result, each.vpc_id.value_or(""), &NamedResource::name);
    if (vpc == result.end() || each.group_name != "default") continue;
    vpc->attributes["DefaultSecurityGroup"] = *each.group_id;
  }
  const auto lists = call.client.call<ec2::DescribeNetworkAcls>(call, call.principal, {});
  for (const auto& each : lists.network_acls) {
    auto vpc = std::ranges::find(result, each.vpc_id.value_or(""), &NamedResource::name);
    if (vpc == result.end() || !each.is_default.value_or(false)) continue;
    vpc->attributes["DefaultNetworkAcl"] = *each.network_acl_id;
  }
  return result;
}

Resources subnets(aws::Call& call) {
  Resources result;
  for (const auto& each : call.client.call<ec2::DescribeSubnets>(call, call.principal, {}).subnets) {
    NamedResource& subnet = result.emplace_back(named(each.subnet_id, each.tags));
    subnet.attributes["VpcId"] = *each.vpc_id;
    subnet.attributes["AvailabilityZone"] = *each.availability_zone;
  }
  return result;
}

Resources security_groups(aws::Call& call) {
  Resources result;
  const auto found = call.client.call<ec2::DescribeSecurityGroups>(call, call.principal, {});
  for (const auto& each : found.security_groups) result.push_back(named(each.group_id, each.tags));
  return result;
}

Resources key_pairs(aws::Call& call) {
  Resources result;
  const auto found = call.client.call<ec2::DescribeKeyPairs>(call, call.principal, {});
  for (const auto& each : found.key_pairs) result.push_back(named(each.key_name, each.tags));
  return result;
}

Resources zones(aws::Call& call) {
  Resources result;
  const auto found = call.client.call<ec2::DescribeAvailabilityZones>(call, call.principal, {});
  for (const auto& each : found.availability_zones) result.push_back(named(each.zone_name, {}));
  return result;
}

}  // namespace

// https://docs.aws.amazon.com/servicecatalog/latest/adminguide/intrinsic-function-reference-rules.html
std::optional<Resources> list_resources(aws::Call& call, std::string_view type) {
  if (type == "AWS::EC2::VPC::Id") return vpcs(call);
  if (type == "AWS::EC2::Subnet::Id") return subnets(call);
  if (type == "AWS::EC2::SecurityGroup::Id") return security_groups(call);
  if (type == "AWS::EC2::KeyPair::KeyName") return key_pairs(call);
  if (type == "AWS::EC2::AvailabilityZone::Name") return zones(call);
  return std::nullopt;
}

}  // namespace holm::cloudformation

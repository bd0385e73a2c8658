// DB subnet groups.

#include "services/rds/subnet_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/region.h"
#include "base/characters.h"
#include "base/strings.h"
#include "ec2/operations.h"
#include "rds/handlers.h"
#include "services/rds/filters.h"

namespace holm::rds {

namespace {

constexpr char kDefault[] = "default";

aws::Principal self(const Call& call) { return aws::service_principal("rds.amazonaws.com", call.account); }

std::optional<SubnetGroupRow> find_subnet_group(Call& call, const std::string& name) {
  auto group = call.transaction.find(
      "SELECT description, vpc FROM rds_subnet_group WHERE account = ?1 AND region = ?2 AND name = ?3",
      {call.account, call.region, name});
  if (!group) return std::nullopt;
  SubnetGroupRow row{.name = name, .description = group->text(0), .vpc = group->text(1)};
  for (const sql::Row& each : call.transaction.run(
           "SELECT subnet, zone FROM rds_subnet_group_subnet WHERE account = ?1 AND region = ?2 AND name = ?3"
           " ORDER BY position",
           {call.account, call.region, name})) {
    row.subnets.push_back({each.text(0), each.text(1)});
  }
  return row;
}

// Looks the subnets up: they have to exist, to be of one VPC and to lie in two zones at least.
void fill(Call& call, SubnetGroupRow& row, const std::vector<std::string>& subnet_ids) {
  // By filter, so that one that does not exist is missing below, to be refused in RDS's own words.
  const auto found = call.client.call<ec2::DescribeSubnets>(
      call, self(call), {.filters = {{.name = "subnet-id", .values = subnet_ids}}});
  std::set<std::string> zones;
  row.subnets.clear();
  row.vpc = found.subnets.empty() ? "" : found.subnets.front().vpc_id.value();
  for (const std::string& id : subnet_ids) {
    const auto subnet =
        std::ranges::find(found.subnets, id, [](const ec2::Subnet& each) { return *each.subnet_id; });
    if (subnet == found.subnets.end())
      throw InvalidSubnet(fmt::format("The subnet ID '{}' does not exist", id));
    if (*subnet->vpc_id != row.vpc)
      throw InvalidSubnet("Subnets of a DB subnet group must be in the same VPC.");
    zones.insert(*subnet->availability_zone);
    row.subnets.push_back({id, *subnet->availability_zone});
  }
  if (zones.size() < 2) {
    throw DBSubnetGroupDoesNotCoverEnoughAZs(
        "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ "
        "coverage: " +
        join({zones.begin(), zones.end()}, ", ") + ". Add subnets to cover at least 2 AZs.");
  }
}

void write(Call& call, const SubnetGroupRow& row) {
  call.transaction.run(
      "INSERT INTO rds_subnet_group (account, region, name, description, vpc)"
      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account, region, name)"
      " DO UPDATE SET description = excluded.description, vpc = excluded.vpc",
      {call.account, call.region, row.name, row.description, row.vpc});
  call.transaction.run("DELETE FROM rds_subnet_group_subnet WHERE account = ?1 AND region = ?2 AND name = ?3",
                       {call.account, call.region, row.name});
  int64_t position = 0;
  for (const GroupSubnet& subnet : row.subnets) {
    call.transaction.run(
        "INSERT INTO rds_subnet_group_subnet (account, region, name, position, subnet, zone)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        {call.account, call.region, row.name, position++, subnet.id, subnet.zone});
  }
}

SubnetGroupRow make_default(Call& call) {
  SubnetGroupRow row{.name = kDefault, .description = kDefault};
  const auto found = call.client.call<ec2::DescribeSubnets>(
      call, self(call), {.filters = {{.name = "default-for-az", .values = {"true"}}}});
  std::vector<std::string> ids;
  for (const ec2::Subnet& subnet : found.subnets) ids.push_back(*subnet.subnet_id);
  if (ids.empty()) {
    throw InvalidVPCNetworkStateFault("No default VPC was found; name a DB subnet group.");
  }
  fill(call, row, ids);
  write(call, row);
  return row;
}

void check_name(const std::string& name) {
  const bool is_valid = !name.empty() && name.size() <= 255 && is_alphanumeric(name, "-_. ");
  if (!is_valid || name == kDefault) {
    throw_invalid(fmt::format("The parameter DBSubnetGroupName is not a valid identifier: {}", name));
  }
}

}  // namespace

SubnetGroupRow require_subnet_group(Call& call, const std::string& name) {
  if (auto row = find_subnet_group(call, to_lower(name))) return *row;
  throw DBSubnetGroupNotFoundFault(fmt::format("DB subnet group '{}' does not exist.", name));
}

SubnetGroupRow subnet_group_for(Call& call, const std::optional<std::string>& name) {
  if (name && to_lower(*name) != kDefault) return require_subnet_group(call, *name);
  if (auto row = find_subnet_group(call, kDefault)) return *row;
  return make_default(call);
}

DBSubnetGroup describe_subnet_group(Call& call, const SubnetGroupRow& row) {
  DBSubnetGroup result{.db_subnet_group_name = row.name,
                       .db_subnet_group_description = row.description,
                       .vpc_id = row.vpc,
                       .subnet_group_status = "Complete",
                       .db_subnet_group_arn = subnet_group_arn(call, row.name),
                       .supported_network_types = {"IPV4"}};
  for (const GroupSubnet& subnet : row.subnets) {
    result.subnets.push_back({.subnet_identifier = subnet.id,
                              .subnet_availability_zone = AvailabilityZone{.name = subnet.zone},
                              .subnet_status = "Active"});
  }
  return result;
}

std::vector<std::string> security_groups_for(Call& call, const std::vector<std::string>& named,
                                             const std::string& vpc) {
  ec2::DescribeSecurityGroupsRequest request;
  if (!named.empty()) request.filters = {{.name = "group-id", .values = named}};
  if (named.empty()) {
    request.filters = {{.name = "vpc-id", .values = {vpc}}, {.name = "group-name", .values = {"default"}}};
  }
  std::vector<std::string> ids;
  for (const ec2::SecurityGroup& group :
       call.client.call<ec2::DescribeSecurityGroups>(call, self(call), request).security_groups) {
    if (*group.vpc_id != vpc) {
      throw InvalidVPCNetworkStateFault(
          "The DB instance and EC2 security group are in different VPCs. The DB instance"
          " is in " +
          vpc + " and the EC2 security group is in " + *group.vpc_id);
    }
    ids.push_back(*group.group_id);
  }
  for (const std::string& id : named) {
    if (std::ranges::find(ids, id) != ids.end()) continue;
    throw_invalid(fmt::format("Invalid security group , groupId= {}, groupName=.", id));
  }
  return ids;
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html
CreateDBSubnetGroupResult create_db_subnet_group(Service&, Call& call,
                                                 const CreateDBSubnetGroupMessage& request) {
  SubnetGroupRow row{.name = to_lower(request.db_subnet_group_name),
                     .description = request.db_subnet_group_description};
  check_name(row.name);
  if (find_subnet_group(call, row.name)) {
    throw DBSubnetGroupAlreadyExistsFault(fmt::format("The DB subnet group '{}' already exists.", row.name));
  }
  fill(call, row, request.subnet_ids);
  write(call, row);
  write_tags(call, subnet_group_arn(call, row.name), request.tags);
  return {.db_subnet_group = describe_subnet_group(call, row)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSubnetGroup.html
ModifyDBSubnetGroupResult modify_db_subnet_group(Service&, Call& call,
                                                 const ModifyDBSubnetGroupMessage& request) {
  SubnetGroupRow row = require_subnet_group(call, request.db_subnet_group_name);
  const SubnetGroupRow was = row;
  if (request.db_subnet_group_description) row.description = *request.db_subnet_group_description;
  fill(call, row, request.subnet_ids);
  const bool is_used =
      call.transaction
          .find(
              "SELECT 1 FROM rds_volume v WHERE v.subnet_group = ?3 AND"
              " (EXISTS (SELECT 1 FROM rds_cluster c WHERE c.resource = v.id AND c.account = ?1 AND"
              " c.region = ?2) OR EXISTS (SELECT 1 FROM rds_instance i WHERE i.volume = v.id AND"
              " i.account = ?1 AND i.region = ?2))",
              {call.account, call.region, row.name})
          .has_value();
  if (is_used && row.vpc != was.vpc) {
    throw InvalidSubnet("The subnets of a DB subnet group in use cannot be moved to another VPC.");
  }
  write(call, row);
  return {.db_subnet_group = describe_subnet_group(call, row)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html
DBSubnetGroupMessage describe_db_subnet_groups(Service&, Call& call,
                                               const DescribeDBSubnetGroupsMessage& request) {
  DBSubnetGroupMessage result;
  if (!passes(request.filters, {})) return result;
  if (request.db_subnet_group_name) {
    result.db_subnet_groups.push_back(
        describe_subnet_group(call, require_subnet_group(call, *request.db_subnet_group_name)));
    return result;
  }
  for (const sql::Row& each : call.transaction.run(
           "SELECT name FROM rds_subnet_group WHERE account = ?1 AND region = ?2 ORDER BY name",
           {call.account, call.region})) {
    result.db_subnet_groups.push_back(describe_subnet_group(call, *find_subnet_group(call, each.text(0))));
  }
  result.marker = take_page(result.db_subnet_groups, request.max_records, request.marker);
  return result;
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBSubnetGroup.html
aws::Nothing delete_db_subnet_group(Service&, Call& call, const DeleteDBSubnetGroupMessage& request) {
  const SubnetGroupRow row = require_subnet_group(call, request.db_subnet_group_name);
  for (const ClusterRow& cluster :
       clusters_where(call.transaction, "c.account = ?1 AND c.region = ?2 AND v.subnet_group = ?3",
                      {call.account, call.region, row.name})) {
    throw InvalidDBSubnetGroupStateFault(fmt::format(
        "Cannot delete the subnet group '{}' because at least one database cluster: {} is still using it.",
        row.name, cluster.id));
  }
  for (const InstanceRow& instance :
       instances_where(call.transaction, "i.account = ?1 AND i.region = ?2 AND v.subnet_group = ?3",
                       {call.account, call.region, row.name})) {
    throw InvalidDBSubnetGroupStateFault(fmt::format(
        "Cannot delete the subnet group '{}' because at least one database instance: {} is still using it.",
        row.name, instance.id));
  }
  call.transaction.run("DELETE FROM rds_subnet_group WHERE account = ?1 AND region = ?2 AND name = ?3",
                       {call.account, call.region, row.name});
  call.transaction.run("DELETE FROM rds_tag WHERE arn = ?1", {subnet_group_arn(call, row.name)});
  return {};
}

}  // namespace holm::rds

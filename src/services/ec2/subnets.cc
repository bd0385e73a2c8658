// Subnets.

#include "services/ec2/subnets.h"

#include <fmt/format.h>

#include <set>

#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/network_acls.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/zone_faults.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr char kColumns[] = "id, vpc, cidr, zone, is_default, map_public_ip";
// The first four addresses and the last of a subnet are AWS's own.
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
constexpr uint32_t kReservedFirst = 4;

SubnetRow read_row(const sql::Row& row) {
  return {.id = row.text(0),
          .vpc = row.text(1),
          .cidr = parse_cidr(row.text(2)).value(),
          .zone = row.text(3),
          .is_default = row.integer(4) != 0,
          .maps_public_ip = row.integer(5) != 0};
}

std::vector<SubnetRow> rows_of(Call& call, std::string_view condition, std::vector<sql::Value> arguments) {
  std::vector<SubnetRow> rows;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM ec2_subnet WHERE {} ORDER BY created, id", kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

int64_t addresses_taken(Call& call, const std::string& subnet) {
  return call.transaction.find("SELECT count(*) FROM ec2_interface WHERE subnet = ?1", {subnet})->integer(0);
}

Subnet describe(Call& call, const SubnetRow& row) {
  const auto usable = static_cast<int64_t>(row.cidr.size()) - kReservedFirst - 1;
  return {.availability_zone_id = zone_id_of(row.zone),
          .map_customer_owned_ip_on_launch = false,
          .owner_id = call.account,
          .assign_ipv6_address_on_creation = false,
          .tags = tags_of(call, row.id),
          .subnet_arn = aws::arn("ec2", call, "subnet/" + row.id),
          .enable_dns64 = false,
          .ipv6_native = false,
          .subnet_id = row.id,
          .state = "available",
          .vpc_id = row.vpc,
          .cidr_block = row.cidr.text(),
          .available_ip_address_count = static_cast<int32_t>(usable - addresses_taken(call, row.id)),
          .availability_zone = row.zone,
          .default_for_az = row.is_default,
          .map_public_ip_on_launch = row.maps_public_ip};
}

enum class IsDefault { No, Yes };

SubnetRow make_subnet(Service& service, Call& call, const std::string& vpc, const std::string& zone,
                      const Cidr& cidr, IsDefault is_default) {
  SubnetRow row{.id = new_id(service.random(), "subnet"),
                .vpc = vpc,
                .cidr = cidr,
                .zone = zone,
                .is_default = is_default == IsDefault::Yes,
                .maps_public_ip = is_default == IsDefault::Yes};
  call.transaction.run(
      "INSERT INTO ec2_subnet (account, region, id, vpc, cidr, zone, is_default, map_public_ip, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {call.account, call.region, row.id, vpc, cidr.text(), zone, int64_t{row.is_default},
       int64_t{row.maps_public_ip}, to_milliseconds(call.now)});
  associate_default_acl(service, call, vpc, row.id);
  service.network_changed(call, vpc);
  return row;
}

}  // namespace

SubnetRow require_subnet(Call& call, std::string_view id) {
  auto rows =
      rows_of(call, "account = ?1 AND region = ?2 AND id = ?3", {call.account, call.region, std::string(id)});
  if (rows.empty()) throw_not_found("InvalidSubnetID.NotFound", "subnet", id);
  return rows.front();
}

SubnetRow require_default_subnet(Service& service, Call& call, std::string_view zone) {
  const VpcRow vpc = require_default_vpc(service, call);
  const std::vector<SubnetRow> rows = rows_of(call, "vpc = ?1 AND is_default = 1", {vpc.id});
  const std::set<std::string> cut = cut_zones(call.transaction, call.account);
  for (const SubnetRow& row : rows) {
    if (zone.empty() ? !cut.contains(row.zone) : row.zone == zone) return row;
  }
  // Who launches there is told that there is no capacity.
  if (zone.empty() && !rows.empty()) return rows.front();
  throw aws::ServiceError("MissingInput", 400,
                          "No subnets found for the default VPC. Please specify a subnet.");
}

void make_default_subnet(Service& service, Call& call, const VpcRow& vpc, const std::string& zone,
                         const Cidr& cidr) {
  make_subnet(service, call, vpc.id, zone, cidr, IsDefault::Yes);
}

void require_free_address(Call& call, const SubnetRow& subnet, const std::string& text) {
  auto address = parse_address(text);
  if (!address || !subnet.cidr.contains(*address) || *address - subnet.cidr.first() < kReservedFirst ||
      *address == subnet.cidr.last()) {
    throw_invalid(fmt::format("Address {} does not fall within the subnet's address range", text));
  }
  if (call.transaction.find("SELECT 1 FROM ec2_interface WHERE subnet = ?1 AND address = ?2",
                            {subnet.id, address_text(*address)})) {
    throw aws::ServiceError("InvalidIPAddress.InUse", 400, fmt::format("Address {} is in use.", text));
  }
}

std::string free_address(Service& service, Call& call, const SubnetRow& subnet) {
  std::set<uint32_t> taken;
  for (const sql::Row& row :
       call.transaction.run("SELECT address FROM ec2_interface WHERE subnet = ?1", {subnet.id})) {
    taken.insert(parse_address(row.text(0)).value());
  }
  const uint32_t from = subnet.cidr.first() + kReservedFirst;
  const uint64_t count = subnet.cidr.size() - kReservedFirst - 1;
  // From a place at random, so that an address is not given out again right after it became free.
  const uint64_t start = service.random().below(count);
  for (uint64_t i = 0; i < count; ++i) {
    const auto address = static_cast<uint32_t>(from + (start + i) % count);
    if (!taken.contains(address)) return address_text(address);
  }
  throw aws::ServiceError(
      "InsufficientFreeAddressesInSubnet", 400,
      fmt::format("There are not enough free addresses in subnet '{}' to satisfy the requested "
                  "number of instances.",
                  subnet.id));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
CreateSubnetResult create_subnet(Service& service, Call& call, const CreateSubnetRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  if (!request.cidr_block) throw_missing("cidrBlock");
  auto cidr = parse_cidr(*request.cidr_block);
  if (!cidr)
    throw_invalid(
        fmt::format("Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                    *request.cidr_block));
  if (cidr->length < 16 || cidr->length > 28 || !vpc.cidr.contains(*cidr)) {
    throw aws::ServiceError("InvalidSubnet.Range", 400,
                            fmt::format("The CIDR '{}' is invalid.", *request.cidr_block));
  }
  for (const SubnetRow& other : rows_of(call, "vpc = ?1", {vpc.id})) {
    if (other.cidr.overlaps(*cidr)) {
      throw aws::ServiceError(
          "InvalidSubnet.Conflict", 400,
          fmt::format("The CIDR '{}' conflicts with another subnet", *request.cidr_block));
    }
  }
  std::string zone = request.availability_zone.value_or("");
  for (const std::string& each : zones_of(call.region)) {
    if (request.availability_zone_id && zone_id_of(each) == *request.availability_zone_id) zone = each;
  }
  if (zone.empty()) zone = zones_of(call.region)[service.random().below(3)];
  require_zone(call.region, zone);
  end_dry_run(request.dry_run);
  const SubnetRow row = make_subnet(service, call, vpc.id, zone, *cidr, IsDefault::No);
  write_tags(call, row.id, "subnet", request.tag_specifications);
  return {.subnet = describe(call, row)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html
aws::Nothing delete_subnet(Service& service, Call& call, const DeleteSubnetRequest& request) {
  const SubnetRow row = require_subnet(call, request.subnet_id);
  if (addresses_taken(call, row.id) > 0) {
    throw_dependency(fmt::format("The subnet '{}' has dependencies and cannot be deleted.", row.id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_route_table_association WHERE subnet = ?1", {row.id});
  call.transaction.run("DELETE FROM ec2_network_acl_association WHERE subnet = ?1", {row.id});
  call.transaction.run("INSERT INTO ec2_network_gone (kind, id, vpc) VALUES ('subnet', ?1, ?2)",
                       {row.id, row.vpc});
  call.transaction.run("DELETE FROM ec2_subnet WHERE id = ?1", {row.id});
  delete_tags_of(call, row.id);
  service.network_changed(call, row.vpc);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html
DescribeSubnetsResult describe_subnets(Service& service, Call& call, const DescribeSubnetsRequest& request) {
  check_filters("DescribeSubnets", request.filters);
  find_default_vpc(service, call);
  for (const std::string& id : request.subnet_ids) require_subnet(call, id);
  DescribeSubnetsResult result;
  Selection selection(call);
  selection.among("id", request.subnet_ids)
      .filtered("id", request.filters, "subnet-id")
      .filtered("vpc", request.filters, "vpc-id");
  for (const SubnetRow& row : rows_of(call, selection.where(), selection.arguments())) {
    if (!is_asked_for(request.subnet_ids, row.id)) continue;
    Subnet subnet = describe(call, row);
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "cidr-block" || name == "cidr" || name == "cidrBlock") return {{row.cidr.text()}};
      if (name == "availability-zone" || name == "availabilityZone") return {{row.zone}};
      if (name == "availability-zone-id" || name == "availabilityZoneId") return {{zone_id_of(row.zone)}};
      if (name == "default-for-az" || name == "defaultForAz") return {{row.is_default ? "true" : "false"}};
      if (name == "state") return {{"available"}};
      if (name == "owner-id") return {{call.account}};
      return std::nullopt;
    };
    if (passes(request.filters, subnet.tags, values, described_as(subnet)))
      result.subnets.push_back(std::move(subnet));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.subnets, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html
aws::Nothing modify_subnet_attribute(Service&, Call& call, const ModifySubnetAttributeRequest& request) {
  const SubnetRow row = require_subnet(call, request.subnet_id);
  if (request.map_public_ip_on_launch) {
    call.transaction.run("UPDATE ec2_subnet SET map_public_ip = ?2 WHERE id = ?1",
                         {row.id, int64_t{request.map_public_ip_on_launch->value.value_or(false)}});
  }
  return {};
}

}  // namespace holm::ec2

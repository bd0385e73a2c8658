// VPCs.

#include "services/ec2/vpcs.h"

#include <fmt/format.h>

#include <algorithm>

#include "ec2/handlers.h"
#include "services/ec2/dhcp_options.h"
#include "services/ec2/filters.h"
#include "services/ec2/network_acls.h"
#include "services/ec2/peerings.h"
#include "services/ec2/security_groups.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/subnets.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr char kColumns[] =
    "id, cidr, is_default, dns_support, dns_hostnames, main_route_table, default_group, network_acl, tenancy,"
    " dhcp_options";

VpcRow read_row(const sql::Row& row) {
  return {.id = row.text(0),
          .cidr = parse_cidr(row.text(1)).value(),
          .is_default = row.integer(2) != 0,
          .dns_support = row.integer(3) != 0,
          .dns_hostnames = row.integer(4) != 0,
          .main_route_table = row.text(5),
          .default_group = row.text(6),
          .network_acl = row.text(7),
          .dhcp_options = row.optional_text(9),
          .tenancy = row.text(8)};
}

Vpc describe(Call& call, const VpcRow& row) {
  return {.owner_id = call.account,
          .instance_tenancy = row.tenancy,
          .cidr_block_association_set = {{.association_id = "vpc-cidr-assoc-" + row.id.substr(4),
                                          .cidr_block = row.cidr.text(),
                                          .cidr_block_state = VpcCidrBlockState{.state = "associated"}}},
          .is_default = row.is_default,
          .tags = tags_of(call, row.id),
          .vpc_id = row.id,
          .state = "available",
          .cidr_block = row.cidr.text(),
          .dhcp_options_id =
              row.dhcp_options.value_or(default_dhcp_options(call.account, call.region))};
}

enum class IsDefault { No, Yes };

// A VPC comes with a main route table, a network ACL that lets everything through, and a default security
// group.
VpcRow make_vpc(Service& service, Call& call, const Cidr& cidr, IsDefault is_default) {
  Random& random = service.random();
  VpcRow row{.id = new_id(random, "vpc"),
             .cidr = cidr,
             .is_default = is_default == IsDefault::Yes,
             .dns_hostnames = is_default == IsDefault::Yes,
             .main_route_table = new_id(random, "rtb"),
             .default_group = new_id(random, "sg"),
             .network_acl = new_id(random, "acl")};
  const int64_t now = to_milliseconds(call.now);
  call.transaction.run(
      "INSERT INTO ec2_vpc (account, region, id, cidr, is_default, dns_support, dns_hostnames, "
      "main_route_table,"
      " default_group, network_acl, created) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10)",
      {call.account, call.region, row.id, cidr.text(), int64_t{row.is_default}, int64_t{row.dns_hostnames},
       row.main_route_table, row.default_group, row.network_acl, now});
  call.transaction.run(
      "INSERT INTO ec2_route_table (account, region, id, vpc, created) VALUES (?1, ?2, ?3, ?4, ?5)",
      {call.account, call.region, row.main_route_table, row.id, now});
  call.transaction.run(
      "INSERT INTO ec2_route (route_table, destination, gateway, origin) VALUES (?1, ?2, 'local', "
      "'CreateRouteTable')",
      {row.main_route_table, cidr.text()});
  call.transaction.run(
      "INSERT INTO ec2_route_table_association (id, route_table, vpc, is_main) VALUES (?1, ?2, ?3, 1)",
      {new_id(random, "rtbassoc"), row.main_route_table, row.id});
  make_default_acl(call, row.id, row.network_acl);
  make_default_group(service, call, row.id, row.default_group);
  service.network_changed(call, row.id);
  return row;
}

VpcRow make_default_vpc(Service& service, Call& call) {
  VpcRow vpc = make_vpc(service, call, parse_cidr("172.31.0.0/16").value(), IsDefault::Yes);
  int third = 0;
  for (const std::string& zone : zones_of(call.region)) {
    make_default_subnet(service, call, vpc, zone, parse_cidr(fmt::format("172.31.{}.0/20", third)).value());
    third += 16;
  }
  const std::string gateway = new_id(service.random(), "igw");
  call.transaction.run(
      "INSERT INTO ec2_internet_gateway (account, region, id, vpc, created) VALUES (?1, ?2, ?3, ?4, ?5)",
      {call.account, call.region, gateway, vpc.id, to_milliseconds(call.now)});
  call.transaction.run(
      "INSERT INTO ec2_route (route_table, destination, gateway, origin) VALUES (?1, '0.0.0.0/0', ?2, "
      "'CreateRoute')",
      {vpc.main_route_table, gateway});
  return vpc;
}

bool has_rows(Call& call, std::string_view statement, const std::string& id) {
  return !call.transaction.run(statement, {id}).empty();
}

}  // namespace

VpcRow require_vpc(Call& call, std::string_view id) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM ec2_vpc WHERE account = ?1 AND region = ?2 AND id = ?3", kColumns),
      {call.account, call.region, std::string(id)});
  if (!row) throw_not_found("InvalidVpcID.NotFound", "vpc", id);
  return read_row(*row);
}

std::optional<VpcRow> find_default_vpc(Service& service, Call& call) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM ec2_vpc WHERE account = ?1 AND region = ?2 AND is_default = 1", kColumns),
      {call.account, call.region});
  if (row) return read_row(*row);
  // The region is new to this account as long as it never had a default VPC.
  const bool had_one =
      call.transaction
          .find("SELECT 1 FROM ec2_region WHERE account = ?1 AND region = ?2", {call.account, call.region})
          .has_value();
  if (had_one || call.transaction.access() == sql::Access::Read) return std::nullopt;
  call.transaction.run("INSERT INTO ec2_region (account, region) VALUES (?1, ?2)",
                       {call.account, call.region});
  return make_default_vpc(service, call);
}

VpcRow require_default_vpc(Service& service, Call& call) {
  auto vpc = find_default_vpc(service, call);
  if (!vpc) throw aws::ServiceError("VPCIdNotSpecified", 400, "No default VPC for this user");
  return *vpc;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
CreateVpcResult create_vpc(Service& service, Call& call, const CreateVpcRequest& request) {
  if (!request.cidr_block) throw_missing("cidrBlock");
  auto cidr = parse_cidr(*request.cidr_block);
  if (!cidr)
    throw_invalid(
        fmt::format("Value ({}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                    *request.cidr_block));
  if (cidr->length < 16 || cidr->length > 28) {
    throw aws::ServiceError("InvalidVpc.Range", 400,
                            fmt::format("The CIDR '{}' is invalid.", *request.cidr_block));
  }
  const std::string tenancy = request.instance_tenancy.value_or("default");
  if (tenancy != "default" && tenancy != "dedicated") {
    throw_invalid(fmt::format("Value ({}) for parameter instanceTenancy is invalid.", tenancy));
  }
  end_dry_run(request.dry_run);
  VpcRow row = make_vpc(service, call, *cidr, IsDefault::No);
  row.tenancy = tenancy;
  call.transaction.run("UPDATE ec2_vpc SET tenancy = ?2 WHERE id = ?1", {row.id, tenancy});
  write_tags(call, row.id, "vpc", request.tag_specifications);
  Vpc vpc = describe(call, row);
  vpc.state = "pending";
  return {.vpc = std::move(vpc)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDefaultVpc.html
CreateDefaultVpcResult create_default_vpc(Service& service, Call& call,
                                          const CreateDefaultVpcRequest& request) {
  if (find_default_vpc(service, call)) {
    throw aws::ServiceError("DefaultVpcAlreadyExists", 400,
                            "A Default VPC already exists for this account in this region.");
  }
  end_dry_run(request.dry_run);
  return {.vpc = describe(call, make_default_vpc(service, call))};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
aws::Nothing delete_vpc(Service& service, Call& call, const DeleteVpcRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  const bool in_use =
      has_rows(call, "SELECT 1 FROM ec2_subnet WHERE vpc = ?1", vpc.id) ||
      has_rows(call, "SELECT 1 FROM ec2_internet_gateway WHERE vpc = ?1", vpc.id) ||
      has_rows(call, "SELECT 1 FROM ec2_vpc_endpoint WHERE vpc = ?1", vpc.id) ||
      has_rows(call, "SELECT 1 FROM ec2_interface WHERE vpc = ?1", vpc.id) ||
      has_rows(call, "SELECT 1 FROM ec2_network_acl WHERE vpc = ?1 AND is_default = 0", vpc.id) ||
      has_rows(call, "SELECT 1 FROM ec2_security_group WHERE vpc = ?1 AND name <> 'default'", vpc.id) ||
      has_rows(call,
               "SELECT 1 FROM ec2_route_table r JOIN ec2_vpc v ON v.id = r.vpc WHERE r.vpc = ?1"
               " AND r.id <> v.main_route_table",
               vpc.id);
  if (in_use) throw_dependency(fmt::format("The vpc '{}' has dependencies and cannot be deleted.", vpc.id));
  end_dry_run(request.dry_run);
  end_peerings(service, call, vpc.id);
  call.transaction.run("DELETE FROM ec2_route_table_association WHERE vpc = ?1", {vpc.id});
  call.transaction.run("DELETE FROM ec2_route_table WHERE vpc = ?1", {vpc.id});
  call.transaction.run("DELETE FROM ec2_network_acl WHERE vpc = ?1", {vpc.id});
  call.transaction.run("DELETE FROM ec2_security_group WHERE vpc = ?1", {vpc.id});
  call.transaction.run("INSERT INTO ec2_network_gone (kind, id, vpc) VALUES ('vpc', ?1, ?1)", {vpc.id});
  call.transaction.run("DELETE FROM ec2_vpc WHERE id = ?1", {vpc.id});
  for (const std::string& id : {vpc.id, vpc.main_route_table, vpc.default_group, vpc.network_acl})
    delete_tags_of(call, id);
  service.network_changed(call, vpc.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
DescribeVpcsResult describe_vpcs(Service& service, Call& call, const DescribeVpcsRequest& request) {
  check_filters("DescribeVpcs", request.filters);
  find_default_vpc(service, call);
  for (const std::string& id : request.vpc_ids) require_vpc(call, id);
  DescribeVpcsResult result;
  Selection selection(call);
  selection.among("id", request.vpc_ids).filtered("id", request.filters, "vpc-id");
  for (const sql::Row& each : call.transaction.run(
           fmt::format("SELECT {} FROM ec2_vpc WHERE {} ORDER BY created, id", kColumns, selection.where()),
           selection.arguments())) {
    const VpcRow row = read_row(each);
    if (!is_asked_for(request.vpc_ids, row.id)) continue;
    Vpc vpc = describe(call, row);
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "vpc-id") return {{row.id}};
      if (name == "cidr" || name == "cidr-block" || name == "cidrBlock" ||
          name == "cidr-block-association.cidr-block") {
        return {{row.cidr.text()}};
      }
      if (name == "is-default" || name == "isDefault") return {{row.is_default ? "true" : "false"}};
      if (name == "state") return {{"available"}};
      if (name == "owner-id") return {{call.account}};
      if (name == "cidr-block-association.state") {
        return described_values(described_as(vpc), "cidr-block-association.cidr-block-state.state");
      }
      return std::nullopt;
    };
    if (passes(request.filters, vpc.tags, values, described_as(vpc))) result.vpcs.push_back(std::move(vpc));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.vpcs, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html
DescribeVpcAttributeResult describe_vpc_attribute(Service&, Call& call,
                                                  const DescribeVpcAttributeRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  end_dry_run(request.dry_run);
  DescribeVpcAttributeResult result{.vpc_id = vpc.id};
  if (request.attribute == "enableDnsSupport")
    result.enable_dns_support = AttributeBooleanValue{.value = vpc.dns_support};
  if (request.attribute == "enableDnsHostnames") {
    result.enable_dns_hostnames = AttributeBooleanValue{.value = vpc.dns_hostnames};
  }
  if (request.attribute == "enableNetworkAddressUsageMetrics") {
    result.enable_network_address_usage_metrics = AttributeBooleanValue{.value = false};
  }
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html
aws::Nothing modify_vpc_attribute(Service& service, Call& call, const ModifyVpcAttributeRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  auto set = [&](std::string_view column, const std::optional<AttributeBooleanValue>& value) {
    if (!value) return;
    call.transaction.run(fmt::format("UPDATE ec2_vpc SET {} = ?2 WHERE id = ?1", column),
                         {vpc.id, int64_t{value->value.value_or(false)}});
  };
  set("dns_support", request.enable_dns_support);
  set("dns_hostnames", request.enable_dns_hostnames);
  service.network_changed(call, vpc.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcTenancy.html
ModifyVpcTenancyResult modify_vpc_tenancy(Service&, Call& call, const ModifyVpcTenancyRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_vpc SET tenancy = ?2 WHERE id = ?1", {vpc.id, request.instance_tenancy});
  return {.return_value = true};
}

}  // namespace holm::ec2

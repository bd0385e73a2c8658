// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-manage-subnets.html

#include "services/elb/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/region.h"
#include "base/random.h"
#include "ec2/operations.h"
#include "services/elb/service.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

aws::Principal own_principal(const Call& call) { return aws::service_principal(kPrincipal, call.account); }

ec2::Filter filter(std::string name, std::vector<std::string> values) {
  return {.name = std::move(name), .values = std::move(values)};
}

std::vector<ec2::Subnet> require_subnets(Call& call, const std::vector<std::string>& ids) {
  auto found = call.client.call<ec2::DescribeSubnets>(call, own_principal(call),
                                                      {.filters = {filter("subnet-id", ids)}});
  std::vector<ec2::Subnet> subnets;
  for (const std::string& id : ids) {
    auto each =
        std::ranges::find(found.subnets, id, [](const ec2::Subnet& subnet) { return *subnet.subnet_id; });
    if (each == found.subnets.end())
      throw SubnetNotFoundException(fmt::format("The subnet ID '{}' does not exist", id));
    subnets.push_back(*each);
  }
  return subnets;
}

// The default subnets of zones of the default VPC.
std::vector<ec2::Subnet> require_default_subnets(Call& call, const std::vector<std::string>& zones) {
  auto found = call.client.call<ec2::DescribeSubnets>(call, own_principal(call),
                                                      {.filters = {filter("default-for-az", {"true"})}});
  std::vector<ec2::Subnet> subnets;
  for (const std::string& zone : std::set<std::string>(zones.begin(), zones.end())) {
    auto each = std::ranges::find(found.subnets, zone,
                                  [](const ec2::Subnet& subnet) { return *subnet.availability_zone; });
    if (each == found.subnets.end()) {
      refuse(fmt::format("There is no default subnet in the Availability Zone '{}': specify subnets", zone));
    }
    subnets.push_back(*each);
  }
  return subnets;
}

void check_subnets(const std::vector<ec2::Subnet>& subnets, const std::string& vpc,
                   std::vector<std::string> zones_taken) {
  for (const ec2::Subnet& each : subnets) {
    if (*each.vpc_id != vpc)
      throw InvalidConfigurationRequestException("All subnets must be in the same VPC");
    if (std::ranges::find(zones_taken, *each.availability_zone) != zones_taken.end()) {
      throw InvalidConfigurationRequestException(
          "ELB cannot be attached to multiple subnets in the same AZ.");
    }
    zones_taken.push_back(*each.availability_zone);
  }
}

// Its own interface in each subnet, as AWS's load balancers have.
void add_interfaces(Call& call, Record& record, const std::vector<ec2::Subnet>& subnets) {
  for (const ec2::Subnet& each : subnets) {
    auto made = call.client.call<ec2::CreateNetworkInterface>(call, own_principal(call),
                                                              {.subnet_id = *each.subnet_id,
                                                               .description = "ELB " + record.name(),
                                                               .groups = record.document.security_groups});
    call.transaction.run(
        "INSERT INTO elb_interface (load_balancer, subnet, zone, interface, address, position) VALUES (?1, "
        "?2, ?3,"
        " ?4, ?5, (SELECT coalesce(max(position), 0) + 1 FROM elb_interface WHERE load_balancer = ?1))",
        {record.arn, *each.subnet_id, *each.availability_zone, *made.network_interface->network_interface_id,
         *made.network_interface->private_ip_address});
    record.document.subnets.push_back(*each.subnet_id);
    record.document.availability_zones.push_back(*each.availability_zone);
  }
}

void remove_interface(Call& call, const std::string& arn, const std::string& subnet,
                      const std::string& interface) {
  call.client.call<ec2::DeleteNetworkInterface>(call, own_principal(call),
                                                {.network_interface_id = interface});
  call.transaction.run("DELETE FROM elb_interface WHERE load_balancer = ?1 AND subnet = ?2", {arn, subnet});
}

// Leaves the subnets that `leaves` (a subnet and its zone) is true of.
template <class Leaves>
void leave(Call& call, Record& record, const Leaves& leaves) {
  LoadBalancerDescription& document = record.document;
  const auto rows = call.transaction.run(
      "SELECT subnet, zone, interface FROM elb_interface WHERE load_balancer = ?1", {record.arn});
  for (const sql::Row& row : rows) {
    if (!leaves(row.text(0), row.text(1))) continue;
    remove_interface(call, record.arn, row.text(0), row.text(2));
    std::erase(document.subnets, row.text(0));
    std::erase(document.availability_zones, row.text(1));
  }
  if (document.subnets.empty()) {
    throw InvalidConfigurationRequestException("A load balancer must be in one subnet at least");
  }
}

std::vector<ec2::SecurityGroup> groups_with(Call& call, std::vector<ec2::Filter> filters) {
  return call.client
      .call<ec2::DescribeSecurityGroups>(call, own_principal(call), {.filters = std::move(filters)})
      .security_groups;
}

std::vector<std::string> ids_of(const std::vector<ec2::SecurityGroup>& groups) {
  std::vector<std::string> ids;
  for (const ec2::SecurityGroup& each : groups) ids.push_back(*each.group_id);
  return ids;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-vpc-security-groups.html
// In a default VPC load balancers of which no group is said have one of their own, which lets everybody in.
std::string open_group(Service& service, Call& call, const std::string& vpc) {
  const auto known = groups_with(call, {filter("vpc-id", {vpc}), filter("group-name", {"default_elb_*"})});
  if (!known.empty()) return *known.front().group_id;
  const std::string random = service.use().random.hex(32);
  const std::string name = fmt::format("default_elb_{}-{}-{}-{}-{}", random.substr(0, 8), random.substr(8, 4),
                                       random.substr(12, 4), random.substr(16, 4), random.substr(20));
  auto made = call.client.call<ec2::CreateSecurityGroup>(
      call, own_principal(call),
      {.description =
           "ELB created security group used when no security group is specified during ELB creation - "
           "modifications could impact traffic to future ELBs",
       .group_name = name,
       .vpc_id = vpc});
  ec2::IpPermission all{.ip_protocol = "tcp", .from_port = 0, .to_port = 65535};
  all.ip_ranges = {{.cidr_ip = "0.0.0.0/0"}};
  call.client.call<ec2::AuthorizeSecurityGroupIngress>(call, own_principal(call),
                                                       {.group_id = *made.group_id, .ip_permissions = {all}});
  return *made.group_id;
}

// Sets them, and the group that instances may let in.
void set_groups(Call& call, LoadBalancerDescription& document, const std::vector<std::string>& ids) {
  const auto found = groups_with(call, {filter("vpc-id", {*document.vpc_id}), filter("group-id", ids)});
  for (const std::string& id : ids) {
    const auto each =
        std::ranges::find(found, id, [](const ec2::SecurityGroup& group) { return *group.group_id; });
    if (each == found.end()) {
      throw InvalidSecurityGroupException(fmt::format("One or more security groups are invalid: {}", id));
    }
    if (id != ids.front()) continue;
    document.source_security_group =
        SourceSecurityGroup{.owner_alias = call.account, .group_name = each->group_name};
  }
  document.security_groups = ids;
}

bool is_default_vpc(Call& call, const std::string& vpc) {
  return !call.client
              .call<ec2::DescribeVpcs>(call, own_principal(call),
                                       {.filters = {filter("vpc-id", {vpc}), filter("is-default", {"true"})}})
              .vpcs.empty();
}

void require_default_vpc(Call& call, const Record& record, std::string_view operation) {
  if (is_default_vpc(call, *record.document.vpc_id)) return;
  throw InvalidConfigurationRequestException(
      fmt::format("{} is for load balancers in the default VPC: this one's subnets are attached and detached",
                  operation));
}

}  // namespace

void place(Service& service, Call& call, Record& record, const CreateAccessPointInput& request) {
  if (request.subnets.empty() == request.availability_zones.empty()) {
    refuse(request.subnets.empty() ? "Either AvailabilityZones or SubnetIds must be specified"
                                   : "Only one of SubnetIds or AvailabilityZones may be specified");
  }
  const bool is_by_zone = request.subnets.empty();
  const std::vector<ec2::Subnet> subnets = is_by_zone
                                               ? require_default_subnets(call, request.availability_zones)
                                               : require_subnets(call, request.subnets);
  LoadBalancerDescription& document = record.document;
  document.vpc_id = subnets.front().vpc_id;
  check_subnets(subnets, *document.vpc_id, {});
  std::vector<std::string> groups = request.security_groups;
  if (groups.empty() && is_by_zone) groups = {open_group(service, call, *document.vpc_id)};
  if (groups.empty()) {
    groups =
        ids_of(groups_with(call, {filter("vpc-id", {*document.vpc_id}), filter("group-name", {"default"})}));
  }
  set_groups(call, document, groups);
  add_interfaces(call, record, subnets);
}

void remove_interfaces(Call& call, const std::string& arn) {
  const auto rows =
      call.transaction.run("SELECT subnet, interface FROM elb_interface WHERE load_balancer = ?1", {arn});
  for (const sql::Row& row : rows) remove_interface(call, arn, row.text(0), row.text(1));
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_AttachLoadBalancerToSubnets.html
// Subnets it is attached to already stay.
AttachLoadBalancerToSubnetsOutput attach_load_balancer_to_subnets(
    Service& service, Call& call, const AttachLoadBalancerToSubnetsInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  std::vector<std::string> added;
  for (const std::string& id : request.subnets) {
    const bool is_known = std::ranges::find(record.document.subnets, id) != record.document.subnets.end();
    if (!is_known && std::ranges::find(added, id) == added.end()) added.push_back(id);
  }
  if (!added.empty()) {
    const std::vector<ec2::Subnet> subnets = require_subnets(call, added);
    check_subnets(subnets, *record.document.vpc_id, record.document.availability_zones);
    add_interfaces(call, record, subnets);
    replace_record(service, call, record);
  }
  return {.subnets = record.document.subnets};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DetachLoadBalancerFromSubnets.html
DetachLoadBalancerFromSubnetsOutput detach_load_balancer_from_subnets(
    Service& service, Call& call, const DetachLoadBalancerFromSubnetsInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  leave(call, record, [&](const std::string& subnet, const std::string&) {
    return std::ranges::find(request.subnets, subnet) != request.subnets.end();
  });
  replace_record(service, call, record);
  return {.subnets = record.document.subnets};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_EnableAvailabilityZonesForLoadBalancer.html
AddAvailabilityZonesOutput enable_availability_zones_for_load_balancer(
    Service& service, Call& call, const AddAvailabilityZonesInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  require_default_vpc(call, record, "EnableAvailabilityZonesForLoadBalancer");
  std::vector<std::string> added = request.availability_zones;
  std::erase_if(added, [&](const std::string& zone) {
    return std::ranges::find(record.document.availability_zones, zone) !=
           record.document.availability_zones.end();
  });
  add_interfaces(call, record, require_default_subnets(call, added));
  replace_record(service, call, record);
  return {.availability_zones = record.document.availability_zones};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DisableAvailabilityZonesForLoadBalancer.html
RemoveAvailabilityZonesOutput disable_availability_zones_for_load_balancer(
    Service& service, Call& call, const RemoveAvailabilityZonesInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  require_default_vpc(call, record, "DisableAvailabilityZonesForLoadBalancer");
  leave(call, record, [&](const std::string&, const std::string& zone) {
    return std::ranges::find(request.availability_zones, zone) != request.availability_zones.end();
  });
  replace_record(service, call, record);
  return {.availability_zones = record.document.availability_zones};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_ApplySecurityGroupsToLoadBalancer.html
ApplySecurityGroupsToLoadBalancerOutput apply_security_groups_to_load_balancer(
    Service& service, Call& call, const ApplySecurityGroupsToLoadBalancerInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  if (request.security_groups.empty()) refuse("At least one security group must be specified");
  set_groups(call, record.document, request.security_groups);
  for (const sql::Row& row :
       call.transaction.run("SELECT interface FROM elb_interface WHERE load_balancer = ?1", {record.arn})) {
    call.client.call<ec2::ModifyNetworkInterfaceAttribute>(
        call, own_principal(call), {.network_interface_id = row.text(0), .groups = request.security_groups});
  }
  replace_record(service, call, record);
  return {.security_groups = request.security_groups};
}

}  // namespace holm::elb

// Load balancers.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/region.h"
#include "base/characters.h"
#include "base/strings.h"
#include "dataplane/dns/directory.h"
#include "ec2/operations.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

// The zone of the names that load balancers have; the same for all of ours.
constexpr char kHostedZone[] = "Z35SXDOTRQ7X7K";

aws::Principal own_principal(const Call& call) {
  return aws::service_principal(kPrincipal, call.account);
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 && is_alphanumeric(name, "-") && name.front() != '-' &&
         name.back() != '-';
}

template <class Request>
std::vector<std::string> subnet_ids_of(const Request& request) {
  std::vector<std::string> ids = request.subnets;
  for (const SubnetMapping& each : request.subnet_mappings) {
    if (each.subnet_id) ids.push_back(*each.subnet_id);
  }
  return ids;
}

// `zones_min`: in how many zones a load balancer of this kind has to be.
std::vector<ec2::Subnet> require_subnets(Call& call, const std::vector<std::string>& ids, size_t zones_min) {
  auto found = call.client.call<ec2::DescribeSubnets>(
      call, own_principal(call), {.filters = {{.name = "subnet-id", .values = ids}}});
  for (const std::string& id : ids) {
    const bool is_there = std::ranges::any_of(
        found.subnets, [&](const ec2::Subnet& each) { return each.subnet_id.value_or("") == id; });
    if (!is_there) throw SubnetNotFoundException(fmt::format("The subnet ID '{}' does not exist", id));
  }
  std::vector<std::string> zones;
  for (const ec2::Subnet& each : found.subnets) {
    if (*each.vpc_id != *found.subnets.front().vpc_id) {
      throw InvalidConfigurationRequestException("The subnets must be in the same VPC");
    }
    if (std::ranges::find(zones, *each.availability_zone) != zones.end()) {
      throw InvalidConfigurationRequestException(fmt::format(
          "A load balancer cannot be attached to multiple subnets in the same Availability Zone"));
    }
    zones.push_back(*each.availability_zone);
  }
  if (zones.size() < zones_min) {
    throw aws::ServiceError(
        "ValidationError", 400,
        zones_min == 1 ? "At least one subnet must be specified"
                       : "At least two subnets in two different Availability Zones must be specified");
  }
  return found.subnets;
}

// Its own interface in each subnet, as AWS's load balancers have.
void make_interfaces(Call& call, const std::string& arn, const LoadBalancer& load_balancer) {
  auto last = call.transaction.find(
      "SELECT coalesce(max(position), -1) FROM elbv2_interface WHERE load_balancer = ?1", {arn});
  int64_t position = last->integer(0) + 1;
  for (const AvailabilityZone& zone : load_balancer.availability_zones) {
    std::optional<std::string> address;
    if (!zone.load_balancer_addresses.empty()) {
      address = zone.load_balancer_addresses.front().private_ipv4_address;
    }
    auto made = call.client.call<ec2::CreateNetworkInterface>(call, own_principal(call),
                                                              {.subnet_id = *zone.subnet_id,
                                                               .description = "ELB " + path_of(arn),
                                                               .private_ip_address = address,
                                                               .groups = load_balancer.security_groups});
    call.transaction.run(
        "INSERT INTO elbv2_interface (load_balancer, position, interface, address, subnet)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
        {arn, position++, *made.network_interface->network_interface_id,
         *made.network_interface->private_ip_address, *zone.subnet_id});
  }
}

std::vector<std::string> interfaces_of(Call& call, const std::string& arn) {
  std::vector<std::string> ids;
  for (const sql::Row& row : call.transaction.run(
           "SELECT interface FROM elbv2_interface WHERE load_balancer = ?1 ORDER BY position", {arn})) {
    ids.push_back(row.text(0));
  }
  return ids;
}

// Those that are in none of the subnets `kept`.
void remove_interfaces(Call& call, const std::string& arn, const std::vector<std::string>& kept) {
  for (const sql::Row& row : call.transaction.run(
           "SELECT interface, subnet FROM elbv2_interface WHERE load_balancer = ?1 ORDER BY position", {arn})) {
    if (std::ranges::find(kept, row.text(1)) != kept.end()) continue;
    call.client.call<ec2::DeleteNetworkInterface>(call, own_principal(call),
                                                  {.network_interface_id = row.text(0)});
    call.transaction.run("DELETE FROM elbv2_interface WHERE load_balancer = ?1 AND interface = ?2",
                         {arn, row.text(0)});
  }
}

std::vector<std::string> default_groups(Call& call, const std::string& vpc) {
  auto found = call.client.call<ec2::DescribeSecurityGroups>(
      call, own_principal(call),
      {.filters = {{.name = "vpc-id", .values = {vpc}}, {.name = "group-name", .values = {"default"}}}});
  std::vector<std::string> ids;
  for (const ec2::SecurityGroup& each : found.security_groups) ids.push_back(*each.group_id);
  return ids;
}

void require_security_groups(Call& call, const std::vector<std::string>& ids, const std::string& vpc) {
  if (ids.empty()) return;
  auto found = call.client.call<ec2::DescribeSecurityGroups>(
      call, own_principal(call),
      {.filters = {{.name = "vpc-id", .values = {vpc}}, {.name = "group-id", .values = ids}}});
  if (found.security_groups.size() < std::set<std::string>(ids.begin(), ids.end()).size()) {
    throw InvalidSecurityGroupException("One or more security groups are invalid");
  }
}

void check_request(const CreateLoadBalancerInput& request) {
  std::string type = request.type.value_or("application");
  if (type != "application" && type != "network") {
    throw aws::NotImplemented("CreateLoadBalancer: Type " + type);
  }
  std::string address_type = request.ip_address_type.value_or("ipv4");
  if (address_type != "ipv4") throw aws::NotImplemented("CreateLoadBalancer: IpAddressType " + address_type);
  if (!is_name(request.name) || request.name.starts_with("internal-")) {
    throw aws::ServiceError(
        "ValidationError", 400,
        fmt::format("The load balancer name '{}' must have at most 32 alphanumeric characters or hyphens and "
                    "must not begin or end with a hyphen or begin with 'internal-'",
                    request.name));
  }
}

// The address that the client wants a network load balancer to have in a subnet.
template <class Request>
std::vector<LoadBalancerAddress> addresses_in(const Request& request, const std::string& type,
                                              const std::string& subnet) {
  for (const SubnetMapping& each : request.subnet_mappings) {
    if (each.allocation_id) throw aws::NotImplemented("SubnetMappings: AllocationId");
    if (each.subnet_id != subnet || !each.private_ipv4_address) continue;
    if (type != "network") {
      throw InvalidConfigurationRequestException(
          "Addresses in subnets can be specified for network load balancers only");
    }
    return {LoadBalancerAddress{.private_ipv4_address = each.private_ipv4_address}};
  }
  return {};
}

}  // namespace

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
// One of that name with the same settings is returned as it is.
CreateLoadBalancerOutput create_load_balancer(Service& service, Call& call,
                                              const CreateLoadBalancerInput& request) {
  check_request(request);
  std::string scheme = request.scheme.value_or("internet-facing");
  std::vector<std::string> wanted = subnet_ids_of(request);
  auto same_name = all_where<LoadBalancer>(call, "name = ?3", {request.name});
  if (!same_name.empty()) {
    std::vector<std::string> known;
    for (const AvailabilityZone& each : same_name[0].availability_zones) known.push_back(*each.subnet_id);
    std::ranges::sort(known);
    std::ranges::sort(wanted);
    bool same = known == wanted && same_name[0].scheme == scheme;
    if (same) return {.load_balancers = same_name};
    throw DuplicateLoadBalancerNameException(fmt::format(
        "A load balancer with the same name '{}' exists, but with different settings", request.name));
  }
  const bool is_of_network = request.type == "network";
  require_room_for_load_balancer(call, is_of_network ? "network" : "application");
  std::vector<ec2::Subnet> subnets = require_subnets(call, wanted, is_of_network ? 1 : 2);
  std::string id = service.use().random.hex(16);
  const std::string_view kind = is_of_network ? "net" : "app";
  std::string arn =
      aws::arn("elasticloadbalancing", call, fmt::format("loadbalancer/{}/{}/{}", kind, request.name, id));
  LoadBalancer made;
  made.load_balancer_arn = arn;
  made.load_balancer_name = request.name;
  made.canonical_hosted_zone_id = kHostedZone;
  made.dns_name =
      fmt::format("{}{}-{}.{}.elb.localhost", scheme == "internal" ? "internal-" : "", request.name,
                  1'000'000'000 + service.use().random.below(1'000'000'000), call.region);
  made.created_time = call.now;
  made.scheme = scheme;
  made.vpc_id = subnets.front().vpc_id;
  made.type = is_of_network ? "network" : "application";
  made.ip_address_type = "ipv4";
  made.state = LoadBalancerState{.code = "provisioning"};
  require_security_groups(call, request.security_groups, *made.vpc_id);
  made.security_groups = request.security_groups;
  // A network load balancer without security groups lets everybody in.
  if (made.security_groups.empty() && !is_of_network) made.security_groups = default_groups(call, *made.vpc_id);
  for (const ec2::Subnet& each : subnets) {
    made.availability_zones.push_back(
        {.zone_name = each.availability_zone,
         .subnet_id = each.subnet_id,
         .load_balancer_addresses = addresses_in(request, *made.type, *each.subnet_id)});
  }
  insert(call, made, {.arn = arn, .name = request.name});
  write_tags(call, arn, request.tags);
  make_interfaces(call, arn, made);
  service.changed(call.transaction);
  return {.load_balancers = {made}};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
// One that does not exist is deleted already.
DeleteLoadBalancerOutput delete_load_balancer(Service& service, Call& call,
                                              const DeleteLoadBalancerInput& request) {
  const std::string& arn = request.load_balancer_arn;
  auto found = find<LoadBalancer>(call, arn);
  if (!found) return {};
  if (attribute(call, arn, "deletion_protection.enabled") == "true") {
    throw OperationNotPermittedException(
        fmt::format("Load balancer '{}' cannot be deleted because deletion protection is enabled", arn));
  }
  remove_interfaces(call, arn, {});
  for (const Listener& listener : all_where<Listener>(call, "parent = ?3", {arn})) {
    delete_listener_record(call, *listener.listener_arn);
  }
  delete_record(call, arn);
  call.after_commit([&names = service.use().names, vpc = *found->vpc_id, name = *found->dns_name] {
    names.remove(vpc, name);
    names.remove("", name);
  });
  service.changed(call.transaction);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html
DescribeLoadBalancersOutput describe_load_balancers(Service&, Call& call,
                                                    const DescribeLoadBalancersInput& request) {
  if (!request.load_balancer_arns.empty() && !request.names.empty()) {
    throw aws::ServiceError("ValidationError", 400,
                            "Load balancer names and load balancer ARNs cannot be specified at the same time");
  }
  DescribeLoadBalancersOutput result;
  if (request.load_balancer_arns.empty() && request.names.empty()) {
    result.load_balancers = all_where<LoadBalancer>(call, "1", {});
  }
  for (const std::string& arn : request.load_balancer_arns) {
    result.load_balancers.push_back(require_load_balancer(call, arn));
  }
  for (const std::string& name : request.names) {
    auto found = all_where<LoadBalancer>(call, "name = ?3", {name});
    if (found.empty()) {
      throw LoadBalancerNotFoundException(fmt::format("Load balancers '[{}]' not found", name));
    }
    result.load_balancers.push_back(found.front());
  }
  result.next_marker = take_page(result.load_balancers, request.page_size, request.marker);
  return result;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSubnets.html
// What stays is not touched: its connections go on.
SetSubnetsOutput set_subnets(Service& service, Call& call, const SetSubnetsInput& request) {
  LoadBalancer found = require_load_balancer(call, request.load_balancer_arn);
  const std::string& arn = request.load_balancer_arn;
  if (request.ip_address_type.value_or("ipv4") != "ipv4") {
    throw aws::NotImplemented("SetSubnets: IpAddressType " + *request.ip_address_type);
  }
  std::vector<std::string> wanted = subnet_ids_of(request);
  const std::vector<ec2::Subnet> subnets = require_subnets(call, wanted, is_network(arn) ? 1 : 2);
  if (*subnets.front().vpc_id != *found.vpc_id) {
    throw InvalidSubnetException("The subnets must be in the VPC of the load balancer");
  }
  std::vector<AvailabilityZone> zones, added;
  for (const ec2::Subnet& each : subnets) {
    const auto known = std::ranges::find(found.availability_zones, each.subnet_id, &AvailabilityZone::subnet_id);
    const bool is_new = known == found.availability_zones.end();
    if (is_new) {
      added.push_back({.zone_name = each.availability_zone,
                       .subnet_id = each.subnet_id,
                       .load_balancer_addresses = addresses_in(request, *found.type, *each.subnet_id)});
    }
    zones.push_back(is_new ? added.back() : *known);
  }
  remove_interfaces(call, arn, wanted);
  found.availability_zones = added;
  make_interfaces(call, arn, found);
  found.availability_zones = zones;
  replace(call, arn, found);
  service.changed(call.transaction);
  return {.availability_zones = zones, .ip_address_type = "ipv4"};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetIpAddressType.html
SetIpAddressTypeOutput set_ip_address_type(Service&, Call& call, const SetIpAddressTypeInput& request) {
  require_load_balancer(call, request.load_balancer_arn);
  if (request.ip_address_type != "ipv4") {
    throw aws::NotImplemented("SetIpAddressType: IpAddressType " + request.ip_address_type);
  }
  return {.ip_address_type = "ipv4"};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSecurityGroups.html
SetSecurityGroupsOutput set_security_groups(Service& service, Call& call,
                                            const SetSecurityGroupsInput& request) {
  LoadBalancer found = require_load_balancer(call, request.load_balancer_arn);
  if (is_network(request.load_balancer_arn) && found.security_groups.empty()) {
    throw InvalidConfigurationRequestException(
        "A network load balancer that was created without security groups cannot be given any");
  }
  require_security_groups(call, request.security_groups, *found.vpc_id);
  for (const std::string& interface : interfaces_of(call, request.load_balancer_arn)) {
    call.client.call<ec2::ModifyNetworkInterfaceAttribute>(
        call, own_principal(call), {.network_interface_id = interface, .groups = request.security_groups});
  }
  found.security_groups = request.security_groups;
  replace(call, request.load_balancer_arn, found);
  service.changed(call.transaction);
  return {.security_group_ids = request.security_groups};
}

}  // namespace holm::elbv2

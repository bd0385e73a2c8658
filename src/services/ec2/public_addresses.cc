// Elastic IP addresses.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html

#include "services/ec2/public_addresses.h"

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "sandbox/network.h"
#include "services/ec2/cidr.h"
#include "services/ec2/filters.h"
#include "services/ec2/instances.h"
#include "services/ec2/interfaces.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr char kColumns[] = "address, account, region, id, association, interface";

AddressRow read_row(const sql::Row& row) {
  return {.address = row.text(0),
          .account = row.text(1),
          .region = row.text(2),
          .id = row.optional_text(3),
          .association = row.optional_text(4),
          .interface = row.optional_text(5)};
}

std::optional<AddressRow> find_row(sql::Transaction& transaction, std::string_view condition,
                                   std::vector<sql::Value> arguments) {
  auto row = transaction.find(fmt::format("SELECT {} FROM ec2_address WHERE {}", kColumns, condition),
                              std::move(arguments));
  return row ? std::optional(read_row(*row)) : std::nullopt;
}

// One that nobody in this daemon has; chosen by chance, so that another daemon of the machine hardly has it.
std::string free_public_address(Service& service, Call& call) {
  const Cidr pool = parse_cidr(sandbox::kPublicNetwork).value();
  for (int i = 0; i < 1000; ++i) {
    const auto offset = static_cast<uint32_t>(1 + service.random().below(pool.size() - 2));
    std::string address = address_text(pool.first() + offset);
    if (!find_row(call.transaction, "address = ?1", {address})) return address;
  }
  throw aws::ServiceError("InsufficientAddressCapacity", 503,
                          "Insufficient capacity to allocate another public address.");
}

void insert_address(Call& call, const AddressRow& row) {
  call.transaction.run(
      "INSERT INTO ec2_address (address, account, region, id, interface, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {row.address, row.account, row.region, sql::optional_value(row.id), sql::optional_value(row.interface),
       to_milliseconds(call.now)});
}

AddressRow require_public_ip(Call& call, const std::string& address) {
  auto row = find_row(call.transaction, "account = ?1 AND region = ?2 AND address = ?3 AND id IS NOT NULL",
                      {call.account, call.region, address});
  if (!row) {
    throw aws::ServiceError("InvalidAddress.NotFound", 400, fmt::format("Address '{}' not found.", address));
  }
  return *row;
}

// What a request names by its allocation or by the address itself.
AddressRow require_named(Call& call, const std::optional<std::string>& id,
                         const std::optional<std::string>& address) {
  if (id.has_value() == address.has_value()) {
    throw aws::ServiceError("InvalidParameterCombination", 400,
                            "Either 'publicIp' or 'allocationId' must be given, not both.");
  }
  return id ? require_address(call, *id) : require_public_ip(call, *address);
}

[[noreturn]] void throw_no_access() {
  throw aws::ServiceError("AuthFailure", 400, "You do not have permission to access the specified resource.");
}

// The interface that a request gives an address to.
InterfaceRow require_target(Call& call, const AssociateAddressRequest& request) {
  if (request.instance_id.has_value() == request.network_interface_id.has_value()) {
    throw aws::ServiceError("InvalidParameterCombination", 400,
                            "Either an instance or a network interface must be given, not both.");
  }
  if (request.network_interface_id) return require_interface(call, *request.network_interface_id);
  const InstanceRow instance = require_instance(call, *request.instance_id);
  if (instance.wanted == "terminated") {
    throw aws::ServiceError(
        "IncorrectInstanceState", 400,
        fmt::format("The instance '{}' is not in a state from which it can be given an address.",
                    instance.id));
  }
  return interfaces_of_instance(call.transaction, instance.id).front();
}

void require_internet_gateway(Call& call, const std::string& vpc) {
  if (call.transaction.find("SELECT 1 FROM ec2_internet_gateway WHERE vpc = ?1", {vpc})) return;
  throw aws::ServiceError("Gateway.NotAttached", 400,
                          fmt::format("Network {} is not attached to any internet gateway", vpc));
}

void remove_association(Service& service, Call& call, const AddressRow& row) {
  const InterfaceRow interface = require_interface(call, *row.interface);
  call.transaction.run("UPDATE ec2_address SET association = NULL, interface = NULL WHERE address = ?1",
                       {row.address});
  service.network_changed(call, interface.vpc);
  // An interface that came up with an address of its own gets one again.
  if (!interface.wants_public_address || !interface.instance) return;
  const auto instance = find_instance(call.transaction, *interface.instance);
  if (instance && instance->wanted == "running") give_own_address(service, call, interface.id);
}

Address describe(Call& call, const AddressRow& row) {
  Address result{.allocation_id = row.id,
                 .association_id = row.association,
                 .domain = "vpc",
                 .tags = tags_of(call, *row.id),
                 .public_ipv4_pool = "amazon",
                 .network_border_group = row.region,
                 .public_ip = row.address};
  if (!row.interface) return result;
  const InterfaceRow interface = require_interface(call, *row.interface);
  result.network_interface_id = interface.id;
  result.network_interface_owner_id = row.account;
  result.private_ip_address = interface.address;
  result.instance_id = interface.instance;
  return result;
}

std::optional<std::vector<std::string>> filter_values(const Address& each, std::string_view name) {
  auto one = [](const std::optional<std::string>& value) {
    return value ? std::vector{*value} : std::vector<std::string>{};
  };
  if (name == "allocation-id") return one(each.allocation_id);
  if (name == "association-id") return one(each.association_id);
  if (name == "domain") return one(each.domain);
  if (name == "instance-id") return one(each.instance_id);
  if (name == "network-border-group") return one(each.network_border_group);
  if (name == "network-interface-id") return one(each.network_interface_id);
  if (name == "network-interface-owner-id") return one(each.network_interface_owner_id);
  if (name == "private-ip-address") return one(each.private_ip_address);
  if (name == "public-ip") return one(each.public_ip);
  return std::nullopt;
}

std::vector<AddressRow> elastic_addresses(Call& call) {
  std::vector<AddressRow> rows;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM ec2_address WHERE account = ?1 AND region = ?2 AND id IS NOT NULL"
                       " ORDER BY created, id",
                       kColumns),
           {call.account, call.region})) {
    rows.push_back(read_row(row));
  }
  return rows;
}

}  // namespace

std::string owner_of(const AddressRow& row) { return row.id ? row.account : "amazon"; }

std::optional<AddressRow> find_address_of(sql::Transaction& transaction, const std::string& interface) {
  return find_row(transaction, "interface = ?1", {interface});
}

AddressRow require_address(Call& call, const std::string& allocation_id) {
  auto row = find_row(call.transaction, "account = ?1 AND region = ?2 AND id = ?3",
                      {call.account, call.region, allocation_id});
  if (!row) throw_not_found("InvalidAllocationID.NotFound", "allocation", allocation_id);
  return *row;
}

void require_unassociated(const AddressRow& row) {
  if (!row.association) return;
  throw aws::ServiceError(
      "Resource.AlreadyAssociated", 400,
      fmt::format("resource {} is already associated with associate-id {}", *row.id, *row.association));
}

std::string associate(Service& service, Call& call, const AddressRow& row, const std::string& interface) {
  std::string association = new_id(service.random(), "eipassoc");
  call.transaction.run("UPDATE ec2_address SET association = ?2, interface = ?3 WHERE address = ?1",
                       {row.address, association, interface});
  return association;
}

void give_own_address(Service& service, Call& call, const std::string& interface) {
  if (find_address_of(call.transaction, interface)) return;
  insert_address(call, {.address = free_public_address(service, call),
                        .account = call.account,
                        .region = call.region,
                        .interface = interface});
}

void take_own_address(sql::Transaction& transaction, const std::string& interface) {
  transaction.run("DELETE FROM ec2_address WHERE interface = ?1 AND id IS NULL", {interface});
}

void forget_interface(sql::Transaction& transaction, const std::string& interface) {
  take_own_address(transaction, interface);
  transaction.run("UPDATE ec2_address SET association = NULL, interface = NULL WHERE interface = ?1",
                  {interface});
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html
AllocateAddressResult allocate_address(Service& service, Call& call, const AllocateAddressRequest& request) {
  if (request.domain.value_or("vpc") != "vpc") {
    throw_invalid(fmt::format("Value ({}) for parameter domain is invalid.", *request.domain));
  }
  if (request.public_ipv4_pool.value_or("amazon") != "amazon") {
    throw aws::NotImplemented("AllocateAddress: PublicIpv4Pool " + *request.public_ipv4_pool);
  }
  if (request.network_border_group.value_or(call.region) != call.region) {
    throw_invalid("The network border group is not one of this region.");
  }
  end_dry_run(request.dry_run);
  const AddressRow row{.address = free_public_address(service, call),
                       .account = call.account,
                       .region = call.region,
                       .id = new_id(service.random(), "eipalloc")};
  insert_address(call, row);
  write_tags(call, *row.id, "elastic-ip", request.tag_specifications);
  return {.allocation_id = row.id,
          .public_ipv4_pool = "amazon",
          .network_border_group = call.region,
          .domain = "vpc",
          .public_ip = row.address};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
AssociateAddressResult associate_address(Service& service, Call& call,
                                         const AssociateAddressRequest& request) {
  const AddressRow row = require_named(call, request.allocation_id, request.public_ip);
  const InterfaceRow target = require_target(call, request);
  if (row.interface == target.id) return {.association_id = row.association};
  if (target.is_local) throw_no_access();
  if (request.private_ip_address.value_or(target.address) != target.address) {
    throw_invalid(fmt::format("The address {} is not one of network interface {}.",
                              *request.private_ip_address, target.id));
  }
  require_internet_gateway(call, target.vpc);
  if (!request.allow_reassociation.value_or(true)) require_unassociated(row);
  const auto old = find_address_of(call.transaction, target.id);
  if (old && old->id && !request.allow_reassociation.value_or(true)) require_unassociated(*old);
  end_dry_run(request.dry_run);
  if (row.interface) {
    if (require_interface(call, *row.interface).is_local) throw_no_access();
    remove_association(service, call, row);
  }
  forget_interface(call.transaction, target.id);
  service.network_changed(call, target.vpc);
  return {.association_id = associate(service, call, row, target.id)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateAddress.html
aws::Nothing disassociate_address(Service& service, Call& call, const DisassociateAddressRequest& request) {
  if (request.association_id.has_value() == request.public_ip.has_value()) {
    throw aws::ServiceError("InvalidParameterCombination", 400,
                            "Either 'publicIp' or 'associationId' must be given, not both.");
  }
  const auto row = request.public_ip
                       ? require_public_ip(call, *request.public_ip)
                       : find_row(call.transaction, "account = ?1 AND region = ?2 AND association = ?3",
                                  {call.account, call.region, *request.association_id});
  if (!row) throw_not_found("InvalidAssociationID.NotFound", "association", *request.association_id);
  if (!row->interface) return {};
  // A NAT gateway keeps its address for as long as it lives.
  if (require_interface(call, *row->interface).is_local) throw_no_access();
  end_dry_run(request.dry_run);
  remove_association(service, call, *row);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html
aws::Nothing release_address(Service&, Call& call, const ReleaseAddressRequest& request) {
  const AddressRow row = require_named(call, request.allocation_id, request.public_ip);
  if (request.network_border_group.value_or(row.region) != row.region) {
    throw_invalid("The network border group is not that of the address.");
  }
  if (row.interface) {
    throw aws::ServiceError("InvalidIPAddress.InUse", 400, fmt::format("Address {} is in use.", row.address));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_address WHERE address = ?1", {row.address});
  delete_tags_of(call, *row.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddresses.html
DescribeAddressesResult describe_addresses(Service&, Call& call, const DescribeAddressesRequest& request) {
  check_filters("DescribeAddresses", request.filters);
  for (const std::string& id : request.allocation_ids) require_address(call, id);
  for (const std::string& address : request.public_ips) require_public_ip(call, address);
  DescribeAddressesResult result;
  for (const AddressRow& row : elastic_addresses(call)) {
    if (!is_asked_for(request.allocation_ids, *row.id) || !is_asked_for(request.public_ips, row.address)) {
      continue;
    }
    Address described = describe(call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(described, name); };
    if (passes(request.filters, described.tags, values, described_as(described)))
      result.addresses.push_back(std::move(described));
  }
  end_dry_run(request.dry_run);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddressesAttribute.html
// The one attribute there is, a domain name for reverse lookups, cannot be set here: none has it.
DescribeAddressesAttributeResult describe_addresses_attribute(
    Service&, Call& call, const DescribeAddressesAttributeRequest& request) {
  for (const std::string& id : request.allocation_ids) require_address(call, id);
  if (request.attribute.value_or("domain-name") != "domain-name") {
    throw_invalid(fmt::format("Value ({}) for parameter attribute is invalid.", *request.attribute));
  }
  DescribeAddressesAttributeResult result;
  for (const AddressRow& row : elastic_addresses(call)) {
    if (!is_asked_for(request.allocation_ids, *row.id)) continue;
    result.addresses.push_back({.public_ip = row.address, .allocation_id = row.id});
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.addresses, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2

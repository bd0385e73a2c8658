// Network interfaces.

#include "services/ec2/interfaces.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/security_groups.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr char kColumns[] =
    "id, vpc, subnet, address, mac, public_address, is_local, instance, delete_on_termination";
constexpr char kLoadBalancing[] = "elasticloadbalancing.amazonaws.com";

std::vector<std::string> groups_of(sql::Transaction& transaction, const std::string& interface) {
  std::vector<std::string> groups;
  for (const sql::Row& row : transaction.run(
           "SELECT security_group FROM ec2_interface_group WHERE interface = ?1 ORDER BY position",
           {interface})) {
    groups.push_back(row.text(0));
  }
  return groups;
}

InterfaceRow read_row(sql::Transaction& transaction, const sql::Row& row) {
  return {.id = row.text(0),
          .vpc = row.text(1),
          .subnet = row.text(2),
          .address = row.text(3),
          .mac = row.text(4),
          .wants_public_address = row.integer(5) != 0,
          .is_local = row.integer(6) != 0,
          .ends_with_instance = row.integer(8) != 0,
          .instance = row.optional_text(7),
          .groups = groups_of(transaction, row.text(0)),
          .public_address = find_address_of(transaction, row.text(0))};
}

std::vector<InterfaceRow> rows_where(sql::Transaction& transaction, std::string_view condition,
                                     std::vector<sql::Value> arguments) {
  std::vector<InterfaceRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM ec2_interface WHERE {} ORDER BY created, id", kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(transaction, row));
  }
  return rows;
}

void write_groups(Call& call, const std::string& interface, const std::string& vpc,
                  const std::vector<std::string>& groups) {
  call.transaction.run("DELETE FROM ec2_interface_group WHERE interface = ?1", {interface});
  int64_t position = 0;
  for (const std::string& id : groups) {
    const GroupRow group = require_group(call, id);
    if (group.vpc != vpc) {
      throw aws::ServiceError("InvalidParameter", 400,
                              fmt::format("Security group {} and subnet belong to different networks.", id));
    }
    call.transaction.run(
        "INSERT OR IGNORE INTO ec2_interface_group (interface, security_group, position) VALUES (?1, ?2, ?3)",
        {interface, id, position++});
  }
}

NetworkInterface describe(Call& call, const InterfaceRow& row) {
  auto rest = call.transaction.find(
      "SELECT description, requester, source_dest_check, attachment, device_index, delete_on_termination, "
      "attached,"
      " (SELECT zone FROM ec2_subnet s WHERE s.id = i.subnet) FROM ec2_interface i WHERE id = ?1",
      {row.id});
  const std::string name = private_name_of(row.address, call.region);
  NetworkInterface result{
      .availability_zone = rest->text(7),
      .description = rest->text(0),
      .interface_type = "interface",
      .mac_address = row.mac,
      .network_interface_id = row.id,
      .owner_id = call.account,
      .private_dns_name = name,
      .private_ip_address = row.address,
      .private_ip_addresses = {{.primary = true,
                                .private_dns_name = name,
                                .private_ip_address = row.address}},
      .requester_id = rest->optional_text(1),
      .requester_managed = !rest->is_null(1),
      .source_dest_check = rest->integer(2) != 0,
      .status = row.instance || row.is_local || !rest->is_null(1) ? "in-use" : "available",
      .subnet_id = row.subnet,
      .tag_set = tags_of(call, row.id),
      .vpc_id = row.vpc};
  for (const std::string& group : row.groups) {
    auto found = call.transaction.find("SELECT name FROM ec2_security_group WHERE id = ?1", {group});
    result.groups.push_back({.group_id = group, .group_name = found ? found->text(0) : ""});
  }
  if (row.public_address) {
    result.association = NetworkInterfaceAssociation{.allocation_id = row.public_address->id,
                                                     .association_id = row.public_address->association,
                                                     .ip_owner_id = owner_of(*row.public_address),
                                                     .public_ip = row.public_address->address};
    result.private_ip_addresses.front().association = result.association;
  }
  if (row.instance) {
    result.attachment = NetworkInterfaceAttachment{
        .attach_time = from_milliseconds(rest->optional_integer(6).value_or(0)),
        .attachment_id = rest->optional_text(3),
        .delete_on_termination = rest->integer(5) != 0,
        .device_index = static_cast<int32_t>(rest->optional_integer(4).value_or(0)),
        .instance_id = row.instance,
        .instance_owner_id = call.account,
        .status = "attached"};
  }
  return result;
}

std::string new_mac(Random& random) {
  const std::string digits = random.hex(10);
  std::string mac = "02";
  for (size_t i = 0; i < digits.size(); i += 2) mac += ":" + digits.substr(i, 2);
  return mac;
}

// Those whose names are not those of what is described.
std::optional<std::vector<std::string>> filter_values(const NetworkInterface& each, std::string_view name) {
  const Described described = described_as(each);
  if (name == "group-id" || name == "group-name") {
    return described_values(described, fmt::format("group.{}", name));
  }
  if (name == "availability-zone-id") return {{zone_id_of(*each.availability_zone)}};
  if (name == "operator.managed") return {{"false"}};
  if (name == "addresses.association.owner-id") {
    return described_values(described, "private-ip-addresses.association.ip-owner-id");
  }
  constexpr std::string_view kAddresses = "addresses.";
  if (name.starts_with(kAddresses)) {
    return described_values(described,
                            fmt::format("private-ip-addresses.{}", name.substr(kAddresses.size())));
  }
  return std::nullopt;
}

}  // namespace

std::string private_name_of(std::string_view address, std::string_view region) {
  const std::string label = "ip-" + replace_all(address, ".", "-");
  return region == "us-east-1" ? label + ".ec2.internal"
                               : fmt::format("{}.{}.compute.internal", label, region);
}

std::string make_interface(Service& service, Call& call, const SubnetRow& subnet, const InterfaceWish& wish) {
  if (wish.address) require_free_address(call, subnet, *wish.address);
  const std::string id = new_id(service.random(), "eni");
  const std::string address = wish.address ? *wish.address : free_address(service, call, subnet);
  call.transaction.run(
      "INSERT INTO ec2_interface (account, region, id, vpc, subnet, address, mac, description, "
      "public_address,"
      " is_local, requester, client_token, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
      "?12, ?13)",
      {call.account, call.region, id, subnet.vpc, subnet.id, address, new_mac(service.random()),
       wish.description, int64_t{wish.wants_public_address}, int64_t{wish.place == InterfacePlace::Local},
       sql::optional_value(wish.requester), sql::optional_value(wish.client_token),
       to_milliseconds(call.now)});
  if (wish.guard == InterfaceGuard::Open) return id;
  const std::vector<std::string> groups =
      wish.groups.empty() ? std::vector{require_group_named(call, subnet.vpc, "default").id} : wish.groups;
  write_groups(call, id, subnet.vpc, groups);
  return id;
}

std::optional<InterfaceRow> find_interface(sql::Transaction& transaction, const std::string& id) {
  auto rows = rows_where(transaction, "id = ?1", {id});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

InterfaceRow require_interface(Call& call, const std::string& id) {
  auto rows = rows_where(call.transaction, "account = ?1 AND region = ?2 AND id = ?3",
                         {call.account, call.region, id});
  if (rows.empty()) throw_not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface", id);
  return rows.front();
}

std::vector<InterfaceRow> interfaces_of_vpc(sql::Transaction& transaction, const std::string& vpc) {
  return rows_where(transaction, "vpc = ?1", {vpc});
}

std::vector<InterfaceRow> interfaces_of_instance(sql::Transaction& transaction, const std::string& instance) {
  return rows_where(transaction, "instance = ?1", {instance});
}

std::optional<std::string> address_of_interface(sql::Transaction& transaction, const std::string& id) {
  auto row = transaction.find("SELECT address FROM ec2_interface WHERE id = ?1", {id});
  return row ? std::optional(row->text(0)) : std::nullopt;
}

void attach_to_instance(Service& service, Call& call, const InterfaceAttachment& attachment) {
  call.transaction.run(
      "UPDATE ec2_interface SET instance = ?2, attachment = ?3, device_index = ?4, delete_on_termination = ?6,"
      " attached = ?5 WHERE id = ?1",
      {attachment.interface, attachment.instance, new_id(service.random(), "eni-attach"),
       int64_t{attachment.device_index}, to_milliseconds(call.now), int64_t{attachment.ends_with_instance}});
}

InterfaceRow require_free_interface(Call& call, const std::string& id) {
  InterfaceRow row = require_interface(call, id);
  auto requester = call.transaction.find("SELECT requester FROM ec2_interface WHERE id = ?1", {id});
  if (row.instance || row.is_local || !requester->is_null(0)) {
    throw aws::ServiceError("InvalidNetworkInterface.InUse", 400, fmt::format("Interface: [{}] in use.", id));
  }
  return row;
}

void release_interfaces(Call& call, const std::string& instance) {
  for (const InterfaceRow& interface : interfaces_of_instance(call.transaction, instance)) {
    if (interface.ends_with_instance) {
      delete_interface_row(call, interface.id);
      continue;
    }
    take_own_address(call.transaction, interface.id);
    call.transaction.run(
        "UPDATE ec2_interface SET instance = NULL, attachment = NULL, device_index = NULL, attached = NULL,"
        " delete_on_termination = 0 WHERE id = ?1",
        {interface.id});
  }
}

void delete_interface_row(Call& call, const std::string& id) {
  call.transaction.run(
      "INSERT OR IGNORE INTO ec2_network_gone (kind, id, vpc) SELECT 'interface', id, vpc"
      " FROM ec2_interface WHERE id = ?1",
      {id});
  forget_interface(call.transaction, id);
  call.transaction.run("DELETE FROM ec2_interface WHERE id = ?1", {id});
  delete_tags_of(call, id);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html
CreateNetworkInterfaceResult create_network_interface(Service& service, Call& call,
                                                      const CreateNetworkInterfaceRequest& request) {
  const SubnetRow subnet = require_subnet(call, request.subnet_id);
  if (request.client_token) {
    auto known = rows_where(call.transaction, "account = ?1 AND region = ?2 AND client_token = ?3",
                            {call.account, call.region, *request.client_token});
    if (!known.empty()) {
      return {.network_interface = describe(call, known.front()), .client_token = request.client_token};
    }
  }
  if (request.interface_type.value_or("interface") != "interface") {
    throw aws::NotImplemented("CreateNetworkInterface: InterfaceType " + *request.interface_type);
  }
  InterfaceWish wish{.description = request.description.value_or(""),
                     .groups = request.groups,
                     .address = request.private_ip_address,
                     .client_token = request.client_token};
  if (call.principal.kind == aws::Principal::Kind::Service) {
    wish.requester = call.principal.id;
    // A load balancer is holm itself, so its addresses are the network's own.
    if (call.principal.id == kLoadBalancing) {
      wish.place = InterfacePlace::Local;
      wish.guard = request.groups.empty() ? InterfaceGuard::Open : InterfaceGuard::Groups;
    }
  }
  end_dry_run(request.dry_run);
  const std::string id = make_interface(service, call, subnet, wish);
  write_tags(call, id, "network-interface", request.tag_specifications);
  service.network_changed(call, subnet.vpc);
  return {.network_interface = describe(call, require_interface(call, id)),
          .client_token = request.client_token};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInterface.html
aws::Nothing delete_network_interface(Service& service, Call& call,
                                      const DeleteNetworkInterfaceRequest& request) {
  const InterfaceRow row = require_interface(call, request.network_interface_id);
  auto requester = call.transaction.find("SELECT requester FROM ec2_interface WHERE id = ?1", {row.id});
  const bool is_requester = requester->is_null(0) || requester->text(0) == call.principal.id;
  if (row.instance || !is_requester) {
    throw aws::ServiceError("InvalidParameterValue", 400,
                            fmt::format("Network interface '{}' is currently in use.", row.id));
  }
  end_dry_run(request.dry_run);
  delete_interface_row(call, row.id);
  service.network_changed(call, row.vpc);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
DescribeNetworkInterfacesResult describe_network_interfaces(Service&, Call& call,
                                                            const DescribeNetworkInterfacesRequest& request) {
  check_filters("DescribeNetworkInterfaces", request.filters);
  for (const std::string& id : request.network_interface_ids) require_interface(call, id);
  DescribeNetworkInterfacesResult result;
  Selection selection(call);
  selection.among("id", request.network_interface_ids)
      .filtered("id", request.filters, "network-interface-id")
      .filtered("vpc", request.filters, "vpc-id")
      .filtered("subnet", request.filters, "subnet-id")
      .filtered("instance", request.filters, "attachment.instance-id");
  for (const InterfaceRow& row : rows_where(call.transaction, selection.where(), selection.arguments())) {
    if (!is_asked_for(request.network_interface_ids, row.id)) continue;
    NetworkInterface described = describe(call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(described, name); };
    if (passes(request.filters, described.tag_set, values, described_as(described)))
      result.network_interfaces.push_back(std::move(described));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.network_interfaces, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html
aws::Nothing modify_network_interface_attribute(Service& service, Call& call,
                                                const ModifyNetworkInterfaceAttributeRequest& request) {
  const InterfaceRow row = require_interface(call, request.network_interface_id);
  end_dry_run(request.dry_run);
  if (request.description) {
    call.transaction.run("UPDATE ec2_interface SET description = ?2 WHERE id = ?1",
                         {row.id, request.description->value.value_or("")});
  }
  if (request.source_dest_check && !request.source_dest_check->value.value_or(true)) {
    throw aws::NotImplemented("ModifyNetworkInterfaceAttribute: SourceDestCheck false");
  }
  if (request.attachment && request.attachment->delete_on_termination) {
    auto known = call.transaction.find("SELECT attachment FROM ec2_interface WHERE id = ?1", {row.id});
    if (known->optional_text(0) != request.attachment->attachment_id) {
      throw aws::ServiceError("InvalidAttachmentID.NotFound", 400,
                              fmt::format("The attachment ID '{}' does not exist",
                                          request.attachment->attachment_id.value_or("")));
    }
    call.transaction.run("UPDATE ec2_interface SET delete_on_termination = ?2 WHERE id = ?1",
                         {row.id, int64_t{*request.attachment->delete_on_termination}});
  }
  if (!request.groups.empty()) {
    write_groups(call, row.id, row.vpc, request.groups);
    service.network_changed(call, row.vpc);
  }
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaceAttribute.html
DescribeNetworkInterfaceAttributeResult describe_network_interface_attribute(
    Service&, Call& call, const DescribeNetworkInterfaceAttributeRequest& request) {
  const InterfaceRow row = require_interface(call, request.network_interface_id);
  if (!request.attribute) throw_missing("attribute");
  end_dry_run(request.dry_run);
  const NetworkInterface told = describe(call, row);
  DescribeNetworkInterfaceAttributeResult result{.network_interface_id = row.id};
  const std::string& name = *request.attribute;
  if (name == "description") result.description = AttributeValue{.value = told.description};
  if (name == "groupSet") result.groups = told.groups;
  if (name == "sourceDestCheck") {
    result.source_dest_check = AttributeBooleanValue{.value = told.source_dest_check};
  }
  if (name == "attachment") result.attachment = told.attachment;
  return result;
}

}  // namespace holm::ec2

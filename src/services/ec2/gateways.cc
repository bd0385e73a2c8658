// Internet and NAT gateways.

#include "services/ec2/gateways.h"

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "services/ec2/interfaces.h"
#include "services/ec2/service.h"
#include "services/ec2/subnets.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

namespace {

struct GatewayRow {
  std::string id;
  std::optional<std::string> vpc;
};

GatewayRow require_gateway(Call& call, std::string_view id) {
  auto row = call.transaction.find(
      "SELECT id, vpc FROM ec2_internet_gateway WHERE account = ?1 AND region = ?2 AND id = ?3",
      {call.account, call.region, std::string(id)});
  if (!row) throw_not_found("InvalidInternetGatewayID.NotFound", "internetGateway", id);
  return {row->text(0), row->optional_text(1)};
}

InternetGateway describe(Call& call, const GatewayRow& row) {
  InternetGateway gateway{
      .internet_gateway_id = row.id, .owner_id = call.account, .tags = tags_of(call, row.id)};
  if (row.vpc) gateway.attachments.push_back({.state = "available", .vpc_id = *row.vpc});
  return gateway;
}

constexpr char kNatColumns[] =
    "id, vpc, subnet, interface, connectivity, allocation, state, created, deleted";

NatGateway describe_nat(Call& call, const sql::Row& row) {
  NatGateway gateway{.create_time = from_milliseconds(row.integer(7)),
                     .nat_gateway_id = row.text(0),
                     .state = row.text(6),
                     .subnet_id = row.text(2),
                     .vpc_id = row.text(1),
                     .tags = tags_of(call, row.text(0)),
                     .connectivity_type = row.text(4)};
  if (auto deleted = row.optional_integer(8)) gateway.delete_time = from_milliseconds(*deleted);
  if (auto address = address_of_interface(call.transaction, row.text(3))) {
    gateway.nat_gateway_addresses.push_back({.network_interface_id = row.text(3),
                                             .private_ip = *address,
                                             .is_primary = true,
                                             .status = "succeeded"});
  }
  return gateway;
}

}  // namespace

void require_attached_gateway(Call& call, const std::string& id, const std::string& vpc) {
  const GatewayRow gateway = require_gateway(call, id);
  if (gateway.vpc != vpc) {
    throw_invalid(fmt::format("route table and network gateway {} belong to different networks", id));
  }
}

void require_nat_gateway(Call& call, const std::string& id) {
  if (!call.transaction.find("SELECT 1 FROM ec2_nat_gateway WHERE account = ?1 AND region = ?2 AND id = ?3"
                             " AND state = 'available'",
                             {call.account, call.region, id})) {
    throw aws::ServiceError("InvalidNatGatewayID.NotFound", 400,
                            fmt::format("The natGateway ID '{}' does not exist", id));
  }
}

bool gateway_exists(sql::Transaction& transaction, const std::optional<std::string>& gateway,
                    const std::optional<std::string>& nat_gateway, const std::string& vpc) {
  if (gateway == "local") return true;
  if (gateway) {
    return transaction.find("SELECT 1 FROM ec2_internet_gateway WHERE id = ?1 AND vpc = ?2", {*gateway, vpc})
        .has_value();
  }
  return transaction
      .find("SELECT 1 FROM ec2_nat_gateway WHERE id = ?1 AND state = 'available'", {nat_gateway.value_or("")})
      .has_value();
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html
CreateInternetGatewayResult create_internet_gateway(Service& service, Call& call,
                                                    const CreateInternetGatewayRequest& request) {
  end_dry_run(request.dry_run);
  const GatewayRow gateway{new_id(service.random(), "igw"), std::nullopt};
  call.transaction.run(
      "INSERT INTO ec2_internet_gateway (account, region, id, created) VALUES (?1, ?2, ?3, ?4)",
      {call.account, call.region, gateway.id, to_milliseconds(call.now)});
  write_tags(call, gateway.id, "internet-gateway", request.tag_specifications);
  return {.internet_gateway = describe(call, gateway)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteInternetGateway.html
aws::Nothing delete_internet_gateway(Service&, Call& call, const DeleteInternetGatewayRequest& request) {
  const GatewayRow gateway = require_gateway(call, request.internet_gateway_id);
  if (gateway.vpc) {
    throw_dependency(
        fmt::format("The internetGateway '{}' has dependencies and cannot be deleted.", gateway.id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_internet_gateway WHERE id = ?1", {gateway.id});
  delete_tags_of(call, gateway.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachInternetGateway.html
aws::Nothing attach_internet_gateway(Service& service, Call& call,
                                     const AttachInternetGatewayRequest& request) {
  const GatewayRow gateway = require_gateway(call, request.internet_gateway_id);
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  if (gateway.vpc) {
    throw aws::ServiceError(
        "Resource.AlreadyAssociated", 400,
        fmt::format("resource {} is already attached to network {}", gateway.id, *gateway.vpc));
  }
  if (call.transaction.find("SELECT 1 FROM ec2_internet_gateway WHERE vpc = ?1", {vpc.id})) {
    throw_invalid(fmt::format("Network {} already has an internet gateway attached", vpc.id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_internet_gateway SET vpc = ?2 WHERE id = ?1", {gateway.id, vpc.id});
  service.network_changed(call, vpc.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html
aws::Nothing detach_internet_gateway(Service& service, Call& call,
                                     const DetachInternetGatewayRequest& request) {
  const GatewayRow gateway = require_gateway(call, request.internet_gateway_id);
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  if (gateway.vpc != vpc.id) {
    throw aws::ServiceError("Gateway.NotAttached", 400,
                            fmt::format("resource {} is not attached to network {}", gateway.id, vpc.id));
  }
  if (call.transaction.find("SELECT 1 FROM ec2_interface WHERE vpc = ?1 AND public_address = 1", {vpc.id})) {
    throw_dependency(
        fmt::format("Network {} has some mapped public address(es). Please unmap those public "
                    "address(es) before detaching the gateway.",
                    vpc.id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_internet_gateway SET vpc = NULL WHERE id = ?1", {gateway.id});
  service.network_changed(call, vpc.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInternetGateways.html
DescribeInternetGatewaysResult describe_internet_gateways(Service&, Call& call,
                                                          const DescribeInternetGatewaysRequest& request) {
  for (const std::string& id : request.internet_gateway_ids) require_gateway(call, id);
  DescribeInternetGatewaysResult result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT id, vpc FROM ec2_internet_gateway WHERE account = ?1 AND region = ?2 ORDER BY created, id",
           {call.account, call.region})) {
    const GatewayRow gateway{row.text(0), row.optional_text(1)};
    if (!is_asked_for(request.internet_gateway_ids, gateway.id)) continue;
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      std::vector<std::string> none;
      if (name == "internet-gateway-id") return {{gateway.id}};
      if (name == "owner-id") return {{call.account}};
      if (name == "attachment.vpc-id") return gateway.vpc ? std::vector{*gateway.vpc} : none;
      if (name == "attachment.state") return gateway.vpc ? std::vector<std::string>{"available"} : none;
      return std::nullopt;
    };
    InternetGateway described = describe(call, gateway);
    if (passes(request.filters, described.tags, values))
      result.internet_gateways.push_back(std::move(described));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.internet_gateways, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html
CreateNatGatewayResult create_nat_gateway(Service& service, Call& call,
                                          const CreateNatGatewayRequest& request) {
  if (!request.subnet_id) throw_missing("subnetId");
  const SubnetRow subnet = require_subnet(call, *request.subnet_id);
  const std::string connectivity = request.connectivity_type.value_or("public");
  // Elastic IP addresses are not built; a public gateway goes out by the machine's own address.
  if (connectivity != "public")
    throw aws::NotImplemented("CreateNatGateway: ConnectivityType " + connectivity);
  if (request.client_token) {
    auto known = call.transaction.find(
        fmt::format("SELECT {} FROM ec2_nat_gateway WHERE account = ?1 AND region = ?2 AND client_token = ?3",
                    kNatColumns),
        {call.account, call.region, *request.client_token});
    if (known) return {.client_token = request.client_token, .nat_gateway = describe_nat(call, *known)};
  }
  end_dry_run(request.dry_run);
  const std::string id = new_id(service.random(), "nat");
  const std::string interface =
      make_interface(service, call, subnet,
                     {.description = "Interface for NAT Gateway " + id, .place = InterfacePlace::Local});
  call.transaction.run(
      "INSERT INTO ec2_nat_gateway (account, region, id, vpc, subnet, interface, connectivity, allocation, "
      "state,"
      " client_token, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, 'available', ?8, ?9)",
      {call.account, call.region, id, subnet.vpc, subnet.id, interface, connectivity,
       sql::optional_value(request.client_token), to_milliseconds(call.now)});
  write_tags(call, id, "natgateway", request.tag_specifications);
  service.network_changed(call, subnet.vpc);
  auto row =
      call.transaction.find(fmt::format("SELECT {} FROM ec2_nat_gateway WHERE id = ?1", kNatColumns), {id});
  return {.client_token = request.client_token, .nat_gateway = describe_nat(call, *row)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html
DeleteNatGatewayResult delete_nat_gateway(Service& service, Call& call,
                                          const DeleteNatGatewayRequest& request) {
  require_nat_gateway(call, request.nat_gateway_id);
  end_dry_run(request.dry_run);
  auto row = call.transaction.find("SELECT interface, vpc FROM ec2_nat_gateway WHERE id = ?1",
                                   {request.nat_gateway_id});
  call.transaction.run("UPDATE ec2_nat_gateway SET state = 'deleted', deleted = ?2 WHERE id = ?1",
                       {request.nat_gateway_id, to_milliseconds(call.now)});
  delete_interface_row(call, row->text(0));
  service.network_changed(call, row->text(1));
  return {.nat_gateway_id = request.nat_gateway_id};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html
DescribeNatGatewaysResult describe_nat_gateways(Service&, Call& call,
                                                const DescribeNatGatewaysRequest& request) {
  DescribeNatGatewaysResult result;
  for (const sql::Row& row : call.transaction.run(
           fmt::format(
               "SELECT {} FROM ec2_nat_gateway WHERE account = ?1 AND region = ?2 ORDER BY created, id",
               kNatColumns),
           {call.account, call.region})) {
    if (!is_asked_for(request.nat_gateway_ids, row.text(0))) continue;
    NatGateway gateway = describe_nat(call, row);
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "nat-gateway-id") return {{row.text(0)}};
      if (name == "vpc-id") return {{row.text(1)}};
      if (name == "subnet-id") return {{row.text(2)}};
      if (name == "state") return {{row.text(6)}};
      return std::nullopt;
    };
    if (passes(request.filter, gateway.tags, values)) result.nat_gateways.push_back(std::move(gateway));
  }
  for (const std::string& id : request.nat_gateway_ids) {
    if (!call.transaction.find("SELECT 1 FROM ec2_nat_gateway WHERE account = ?1 AND id = ?2",
                               {call.account, id})) {
      throw aws::ServiceError("NatGatewayNotFound", 400, fmt::format("NAT gateway {} was not found", id));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.nat_gateways, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2

// NAT gateways: the way out of subnets without public addresses.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/gateways.h"
#include "services/ec2/interfaces.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr char kNatColumns[] =
    "id, vpc, subnet, interface, connectivity, allocation, state, created, deleted, failure_code, failure";

NatGateway describe_nat(Call& call, const sql::Row& row) {
  NatGateway gateway{.create_time = from_milliseconds(row.integer(7)),
                     .nat_gateway_id = row.text(0),
                     .state = row.text(6),
                     .subnet_id = row.text(2),
                     .vpc_id = row.text(1),
                     .tags = tags_of(call, row.text(0)),
                     .connectivity_type = row.text(4)};
  gateway.failure_code = row.optional_text(9);
  gateway.failure_message = row.optional_text(10);
  if (auto deleted = row.optional_integer(8)) gateway.delete_time = from_milliseconds(*deleted);
  if (auto interface = find_interface(call.transaction, row.text(3))) {
    const auto& address = interface->public_address;
    gateway.nat_gateway_addresses.push_back(
        {.allocation_id = address ? address->id : std::nullopt,
         .network_interface_id = interface->id,
         .private_ip = interface->address,
         .public_ip = address ? std::optional(address->address) : std::nullopt,
         .association_id = address ? address->association : std::nullopt,
         .is_primary = true,
         .status = "succeeded"});
  }
  return gateway;
}

// Where a gateway cannot work it is made nevertheless, and says why.
struct Failure {
  std::optional<std::string> code, message;
};

Failure failure_in(Call& call, const std::string& vpc) {
  if (call.transaction.find("SELECT 1 FROM ec2_internet_gateway WHERE vpc = ?1", {vpc})) return {};
  return {"Gateway.NotAttached", fmt::format("Network {} has no Internet gateway attached", vpc)};
}

std::optional<sql::Row> find_by_token(Call& call, const std::optional<std::string>& token) {
  if (!token) return std::nullopt;
  return call.transaction.find(
      fmt::format("SELECT {} FROM ec2_nat_gateway WHERE account = ?1 AND region = ?2 AND client_token = ?3",
                  kNatColumns),
      {call.account, call.region, *token});
}

}  // namespace

void require_nat_gateway(Call& call, const std::string& id) {
  if (!call.transaction.find("SELECT 1 FROM ec2_nat_gateway WHERE account = ?1 AND region = ?2 AND id = ?3"
                             " AND state = 'available'",
                             {call.account, call.region, id})) {
    throw aws::ServiceError("InvalidNatGatewayID.NotFound", 400,
                            fmt::format("The natGateway ID '{}' does not exist", id));
  }
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html
CreateNatGatewayResult create_nat_gateway(Service& service, Call& call,
                                          const CreateNatGatewayRequest& request) {
  if (!request.subnet_id) throw_missing("subnetId");
  const SubnetRow subnet = require_subnet(call, *request.subnet_id);
  const std::string connectivity = request.connectivity_type.value_or("public");
  if (connectivity != "public")
    throw aws::NotImplemented("CreateNatGateway: ConnectivityType " + connectivity);
  if (auto known = find_by_token(call, request.client_token)) {
    return {.client_token = request.client_token, .nat_gateway = describe_nat(call, *known)};
  }
  if (!request.allocation_id) throw_missing("allocationId");
  const AddressRow address = require_address(call, *request.allocation_id);
  require_unassociated(address);
  end_dry_run(request.dry_run);
  const std::string id = new_id(service.random(), "nat");
  const Failure failure = failure_in(call, subnet.vpc);
  std::string interface;
  if (!failure.code) {
    interface = make_interface(service, call, subnet,
                               {.description = "Interface for NAT Gateway " + id,
                                .address = request.private_ip_address,
                                .place = InterfacePlace::Local});
    associate(service, call, address, interface);
  }
  call.transaction.run(
      "INSERT INTO ec2_nat_gateway (account, region, id, vpc, subnet, interface, connectivity, allocation,"
      " state, client_token, created, failure_code, failure)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      {call.account, call.region, id, subnet.vpc, subnet.id, interface, connectivity, *request.allocation_id,
       std::string(failure.code ? "failed" : "available"), sql::optional_value(request.client_token),
       to_milliseconds(call.now), sql::optional_value(failure.code), sql::optional_value(failure.message)});
  write_tags(call, id, "natgateway", request.tag_specifications);
  service.network_changed(call, subnet.vpc);
  auto row =
      call.transaction.find(fmt::format("SELECT {} FROM ec2_nat_gateway WHERE id = ?1", kNatColumns), {id});
  return {.client_token = request.client_token, .nat_gateway = describe_nat(call, *row)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html
DeleteNatGatewayResult delete_nat_gateway(Service& service, Call& call,
                                          const DeleteNatGatewayRequest& request) {
  auto row = call.transaction.find(
      "SELECT interface, vpc FROM ec2_nat_gateway WHERE account = ?1 AND region = ?2 AND id = ?3"
      " AND state <> 'deleted'",
      {call.account, call.region, request.nat_gateway_id});
  if (!row) {
    throw aws::ServiceError("NatGatewayNotFound", 400,
                            fmt::format("The Nat Gateway {} was not found", request.nat_gateway_id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_nat_gateway SET state = 'deleted', deleted = ?2 WHERE id = ?1",
                       {request.nat_gateway_id, to_milliseconds(call.now)});
  delete_interface_row(call, row->text(0));
  service.network_changed(call, row->text(1));
  return {.nat_gateway_id = request.nat_gateway_id};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html
DescribeNatGatewaysResult describe_nat_gateways(Service&, Call& call,
                                                const DescribeNatGatewaysRequest& request) {
  check_filters("DescribeNatGateways", request.filter);
  DescribeNatGatewaysResult result;
  Selection selection(call);
  selection.among("id", request.nat_gateway_ids)
      .filtered("id", request.filter, "nat-gateway-id")
      .filtered("vpc", request.filter, "vpc-id");
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM ec2_nat_gateway WHERE {} ORDER BY created, id", kNatColumns,
                       selection.where()),
           selection.arguments())) {
    if (!is_asked_for(request.nat_gateway_ids, row.text(0))) continue;
    NatGateway gateway = describe_nat(call, row);
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "nat-gateway-id") return {{row.text(0)}};
      if (name == "vpc-id") return {{row.text(1)}};
      if (name == "subnet-id") return {{row.text(2)}};
      if (name == "state") return {{row.text(6)}};
      return std::nullopt;
    };
    if (passes(request.filter, gateway.tags, values, described_as(gateway)))
      result.nat_gateways.push_back(std::move(gateway));
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

// Internet gateways.

#include "services/ec2/gateways.h"

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
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

}  // namespace

void require_attached_gateway(Call& call, const std::string& id, const std::string& vpc) {
  const GatewayRow gateway = require_gateway(call, id);
  if (gateway.vpc != vpc) {
    throw_invalid(fmt::format("route table and network gateway {} belong to different networks", id));
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
  if (call.transaction.find(
          "SELECT 1 FROM ec2_interface i JOIN ec2_address a ON a.interface = i.id WHERE i.vpc = ?1",
          {vpc.id})) {
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
  check_filters("DescribeInternetGateways", request.filters);
  for (const std::string& id : request.internet_gateway_ids) require_gateway(call, id);
  DescribeInternetGatewaysResult result;
  Selection selection(call);
  selection.among("id", request.internet_gateway_ids)
      .filtered("id", request.filters, "internet-gateway-id")
      .filtered("vpc", request.filters, "attachment.vpc-id");
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT id, vpc FROM ec2_internet_gateway WHERE {} ORDER BY created, id",
                       selection.where()),
           selection.arguments())) {
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
    if (passes(request.filters, described.tags, values, described_as(described)))
      result.internet_gateways.push_back(std::move(described));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.internet_gateways, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2

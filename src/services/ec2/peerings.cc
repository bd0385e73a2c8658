// VPC peering connections, from the request to the end.

#include "services/ec2/peerings.h"

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "services/ec2/cidr.h"
#include "services/ec2/filters.h"
#include "services/ec2/service.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

namespace {

constexpr char kPending[] = "pending-acceptance";
constexpr char kActive[] = "active";
constexpr char kColumns[] =
    "id, requester_account, requester_vpc, requester_cidr, accepter_account, accepter_vpc, accepter_cidr, status,"
    " message, region";

struct End {
  std::string account, vpc, cidr;
};

struct PeeringRow {
  std::string id;
  End requester, accepter;
  std::string status, message, region;
};

PeeringRow read_row(const sql::Row& row) {
  return {.id = row.text(0),
          .requester = {row.text(1), row.text(2), row.text(3)},
          .accepter = {row.text(4), row.text(5), row.text(6)},
          .status = row.text(7),
          .message = row.text(8),
          .region = row.text(9)};
}

std::vector<PeeringRow> peerings_where(sql::Transaction& transaction, std::string_view condition,
                                       std::vector<sql::Value> arguments) {
  std::vector<PeeringRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM ec2_peering WHERE {} ORDER BY created, id", kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

// One that the account has a part in.
PeeringRow require_peering(Call& call, const std::string& id) {
  auto rows = peerings_where(
      call.transaction, "id = ?1 AND region = ?2 AND (requester_account = ?3 OR accepter_account = ?3)",
      {id, call.region, call.account});
  if (rows.empty()) throw_not_found("InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection", id);
  return rows.front();
}

VpcPeeringConnectionVpcInfo describe_end(const PeeringRow& row, const End& end) {
  VpcPeeringConnectionVpcInfo result{.owner_id = end.account, .vpc_id = end.vpc, .region = row.region};
  if (end.cidr.empty()) return result;
  result.cidr_block = end.cidr;
  result.cidr_block_set = {{.cidr_block = end.cidr}};
  if (row.status != kActive) return result;
  result.peering_options =
      VpcPeeringConnectionOptionsDescription{.allow_dns_resolution_from_remote_vpc = false};
  return result;
}

VpcPeeringConnection describe(Call& call, const PeeringRow& row) {
  return {.accepter_vpc_info = describe_end(row, row.accepter),
          .requester_vpc_info = describe_end(row, row.requester),
          .status = VpcPeeringConnectionStateReason{.code = row.status, .message = row.message},
          .tags = tags_of(call, row.id),
          .vpc_peering_connection_id = row.id};
}

void set_status(Service& service, Call& call, const PeeringRow& row, const std::string& status,
                const std::string& message) {
  call.transaction.run("UPDATE ec2_peering SET status = ?2, message = ?3 WHERE id = ?1",
                       {row.id, status, message});
  service.network_changed(call, row.requester.vpc);
  service.network_changed(call, row.accepter.vpc);
}

// Only who was asked may answer, once.
void require_answerable(Call& call, const PeeringRow& row, std::string_view status) {
  if (row.accepter.account != call.account) {
    throw aws::ServiceError("OperationNotPermitted", 400,
                            fmt::format("User {} cannot accept or reject peering {}", call.account, row.id));
  }
  if (row.status == kPending) return;
  throw aws::ServiceError(
      "InvalidStateTransition", 400,
      fmt::format("Invalid state transition for {}, attempted to transition from {} to {}", row.id, row.status,
                  status));
}

// What the other end is to be; without a CIDR when there is no such VPC.
End accepter_of(Call& call, const CreateVpcPeeringConnectionRequest& request) {
  End end{.account = request.peer_owner_id.value_or(call.account), .vpc = *request.peer_vpc_id, .cidr = ""};
  auto row = call.transaction.find("SELECT cidr FROM ec2_vpc WHERE id = ?1 AND region = ?2 AND account = ?3",
                                   {end.vpc, call.region, end.account});
  if (row) end.cidr = row->text(0);
  return end;
}

std::optional<std::vector<std::string>> filter_values(const VpcPeeringConnection& each, std::string_view name) {
  const Described described = described_as(each);
  if (name == "status-code") return described_values(described, "status.code");
  if (name == "status-message") return described_values(described, "status.message");
  return std::nullopt;
}

}  // namespace

void require_peering_of(Call& call, const std::string& id, const std::string& vpc) {
  const PeeringRow row = require_peering(call, id);
  if (row.requester.vpc != vpc && row.accepter.vpc != vpc) {
    throw_invalid(fmt::format("VpcPeeringConnection {} and the route table belong to different networks", id));
  }
  if (row.status != kActive) {
    throw aws::ServiceError("InvalidStateTransition", 400, fmt::format("{} is {}.", id, row.status));
  }
}

bool is_peering_active(sql::Transaction& transaction, const std::string& id) {
  return !peerings_where(transaction, "id = ?1 AND status = 'active'", {id}).empty();
}

std::vector<sandbox::Peering> peerings_of_vpc(sql::Transaction& transaction, const std::string& vpc) {
  std::vector<sandbox::Peering> result;
  for (const PeeringRow& row : peerings_where(
           transaction, "(requester_vpc = ?1 OR accepter_vpc = ?1) AND status = 'active'", {vpc})) {
    const End& peer = row.requester.vpc == vpc ? row.accepter : row.requester;
    sandbox::Peering& peering = result.emplace_back();
    peering = {.id = row.id, .peer_vpc = peer.vpc, .peer_cidr = peer.cidr};
    for (const sql::Row& way : transaction.run(
             "SELECT s.cidr, r.destination FROM ec2_subnet s JOIN ec2_route_table_association a ON a.vpc = s.vpc"
             " AND (a.subnet = s.id OR (a.is_main = 1 AND NOT EXISTS (SELECT 1 FROM"
             " ec2_route_table_association own WHERE own.subnet = s.id)))"
             " JOIN ec2_route r ON r.route_table = a.route_table WHERE s.vpc = ?1 AND r.peering = ?2"
             " ORDER BY s.id, r.destination",
             {vpc, row.id})) {
      peering.ways.push_back({.from = way.text(0), .to = way.text(1)});
    }
  }
  return result;
}

void end_peerings(Service& service, Call& call, const std::string& vpc) {
  for (const PeeringRow& row :
       peerings_where(call.transaction,
                      "(requester_vpc = ?1 OR accepter_vpc = ?1) AND status IN ('active', 'pending-acceptance')",
                      {vpc})) {
    set_status(service, call, row, "deleted", "Deleted by " + call.account);
  }
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcPeeringConnection.html
CreateVpcPeeringConnectionResult create_vpc_peering_connection(
    Service& service, Call& call, const CreateVpcPeeringConnectionRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  if (!request.peer_vpc_id) throw_missing("peerVpcId");
  if (request.peer_region && *request.peer_region != call.region) {
    throw aws::NotImplemented("CreateVpcPeeringConnection: PeerRegion " + *request.peer_region);
  }
  const End accepter = accepter_of(call, request);
  if (accepter.vpc == vpc.id) throw_invalid("A VPC cannot be peered with itself.");
  auto known = peerings_where(call.transaction,
                              "status IN ('active', 'pending-acceptance') AND ((requester_vpc = ?1 AND"
                              " accepter_vpc = ?2) OR (requester_vpc = ?2 AND accepter_vpc = ?1))",
                              {vpc.id, accepter.vpc});
  if (!known.empty()) {
    throw aws::ServiceError("VpcPeeringConnectionAlreadyExists", 400,
                            fmt::format("{} exists between {} and {}.", known.front().id, vpc.id, accepter.vpc));
  }
  end_dry_run(request.dry_run);
  const auto other = parse_cidr(accepter.cidr);
  const bool may_be = other && !other->overlaps(vpc.cidr);
  const std::string id = new_id(service.random(), "pcx");
  call.transaction.run(
      "INSERT INTO ec2_peering (id, region, requester_account, requester_vpc, requester_cidr, accepter_account,"
      " accepter_vpc, accepter_cidr, status, message, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
      " ?11)",
      {id, call.region, call.account, vpc.id, vpc.cidr.text(), accepter.account, accepter.vpc, accepter.cidr,
       may_be ? kPending : "failed",
       may_be ? "Pending Acceptance by " + accepter.account
              : "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
       to_milliseconds(call.now)});
  write_tags(call, id, "vpc-peering-connection", request.tag_specifications);
  VpcPeeringConnection told = describe(call, require_peering(call, id));
  if (may_be) {
    told.status = VpcPeeringConnectionStateReason{.code = "initiating-request",
                                                  .message = "Initiating Request to " + accepter.account};
  }
  return {.vpc_peering_connection = std::move(told)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html
AcceptVpcPeeringConnectionResult accept_vpc_peering_connection(
    Service& service, Call& call, const AcceptVpcPeeringConnectionRequest& request) {
  const PeeringRow row = require_peering(call, request.vpc_peering_connection_id);
  require_answerable(call, row, kActive);
  end_dry_run(request.dry_run);
  set_status(service, call, row, kActive, "Active");
  return {.vpc_peering_connection = describe(call, require_peering(call, row.id))};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RejectVpcPeeringConnection.html
RejectVpcPeeringConnectionResult reject_vpc_peering_connection(
    Service& service, Call& call, const RejectVpcPeeringConnectionRequest& request) {
  const PeeringRow row = require_peering(call, request.vpc_peering_connection_id);
  require_answerable(call, row, "rejected");
  end_dry_run(request.dry_run);
  set_status(service, call, row, "rejected", "Rejected by " + call.account);
  return {.return_ = true};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcPeeringConnection.html
DeleteVpcPeeringConnectionResult delete_vpc_peering_connection(
    Service& service, Call& call, const DeleteVpcPeeringConnectionRequest& request) {
  const PeeringRow row = require_peering(call, request.vpc_peering_connection_id);
  if (row.status != kActive && row.status != kPending) {
    throw aws::ServiceError("InvalidStateTransition", 400,
                            fmt::format("Invalid state transition for {}, attempted to transition from {} to "
                                        "deleting",
                                        row.id, row.status));
  }
  end_dry_run(request.dry_run);
  set_status(service, call, row, "deleted", "Deleted by " + call.account);
  return {.return_ = true};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcPeeringConnections.html
DescribeVpcPeeringConnectionsResult describe_vpc_peering_connections(
    Service&, Call& call, const DescribeVpcPeeringConnectionsRequest& request) {
  check_filters("DescribeVpcPeeringConnections", request.filters);
  for (const std::string& id : request.vpc_peering_connection_ids) require_peering(call, id);
  DescribeVpcPeeringConnectionsResult result;
  for (const PeeringRow& row :
       peerings_where(call.transaction, "region = ?1 AND (requester_account = ?2 OR accepter_account = ?2)",
                      {call.region, call.account})) {
    if (!is_asked_for(request.vpc_peering_connection_ids, row.id)) continue;
    VpcPeeringConnection told = describe(call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(told, name); };
    if (passes(request.filters, told.tags, values, described_as(told))) {
      result.vpc_peering_connections.push_back(std::move(told));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.vpc_peering_connections, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2

// Route tables, their routes and associations.

#include "services/ec2/route_tables.h"

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "services/ec2/cidr.h"
#include "services/ec2/filters.h"
#include "services/ec2/gateways.h"
#include "services/ec2/peerings.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/subnets.h"
#include "services/ec2/vpc_endpoints.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

namespace {

struct TableRow {
  std::string id;
  std::string vpc;
};

TableRow require_table(Call& call, std::string_view id) {
  auto row = call.transaction.find(
      "SELECT id, vpc FROM ec2_route_table WHERE account = ?1 AND region = ?2 AND id = ?3",
      {call.account, call.region, std::string(id)});
  if (!row) throw_not_found("InvalidRouteTableID.NotFound", "routeTable", id);
  return {row->text(0), row->text(1)};
}

RouteTable describe(Call& call, const TableRow& table) {
  RouteTable result{.route_table_id = table.id,
                    .tags = tags_of(call, table.id),
                    .vpc_id = table.vpc,
                    .owner_id = call.account};
  for (const sql::Row& row :
       call.transaction.run("SELECT id, subnet, is_main FROM ec2_route_table_association WHERE route_table = "
                            "?1 ORDER BY rowid",
                            {table.id})) {
    result.associations.push_back({.main = row.integer(2) != 0,
                                   .route_table_association_id = row.text(0),
                                   .route_table_id = table.id,
                                   .subnet_id = row.optional_text(1),
                                   .association_state = RouteTableAssociationState{.state = "associated"}});
  }
  for (const sql::Row& row : call.transaction.run("SELECT destination, gateway, nat_gateway, origin, peering FROM "
                                                  "ec2_route WHERE route_table = ?1 ORDER BY rowid",
                                                  {table.id})) {
    // A route whose gateway is gone leads nowhere.
    const bool leads_somewhere =
        row.is_null(4) ? gateway_exists(call.transaction, row.optional_text(1), row.optional_text(2), table.vpc)
                       : is_peering_active(call.transaction, row.text(4));
    result.routes.push_back({.destination_cidr_block = row.text(0),
                             .gateway_id = row.optional_text(1),
                             .nat_gateway_id = row.optional_text(2),
                             .origin = row.text(3),
                             .state = leads_somewhere ? "active" : "blackhole",
                             .vpc_peering_connection_id = row.optional_text(4)});
  }
  for (Route& route : routes_to_endpoints(call, table.id)) result.routes.push_back(std::move(route));
  return result;
}

std::string require_destination(const std::optional<std::string>& given) {
  if (!given) throw_missing("destinationCidrBlock");
  auto cidr = parse_cidr(*given);
  if (!cidr) {
    throw_invalid(
        fmt::format("Value ({}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR "
                    "block.",
                    *given));
  }
  return cidr->text();
}

struct RouteTarget {
  sql::Value gateway, nat_gateway, peering;
};

// Gateways lead to the world only, so that any other destination than that is refused by name. Peerings lead to
// what their other end has of the destination.
template <class Request>
RouteTarget require_target(Call& call, const TableRow& table, const std::string& destination,
                           const Request& request) {
  const auto& gateway = request.gateway_id;
  const auto& nat_gateway = request.nat_gateway_id;
  const auto& peering = request.vpc_peering_connection_id;
  const int targets =
      int{gateway.has_value()} + int{nat_gateway.has_value()} + int{peering.has_value()};
  if (!peering && destination != "0.0.0.0/0") {
    throw aws::NotImplemented(
        fmt::format("A route to {} (only 0.0.0.0/0 leads out of a VPC by a gateway here)", destination));
  }
  if (targets != 1) throw_missing("gatewayId");
  if (gateway) require_attached_gateway(call, *gateway, table.vpc);
  if (nat_gateway) require_nat_gateway(call, *nat_gateway);
  if (peering) require_peering_of(call, *peering, table.vpc);
  return {sql::optional_value(gateway), sql::optional_value(nat_gateway), sql::optional_value(peering)};
}

// As on AWS, a VPC's own network cannot be led elsewhere.
void require_outside(Call& call, const TableRow& table, const std::string& destination) {
  const Cidr own = require_vpc(call, table.vpc).cidr;
  if (!own.contains(parse_cidr(destination).value())) return;
  throw_invalid(fmt::format("The destination CIDR block {} is equal to or more specific than one of this VPC's "
                            "CIDR blocks. This route can target only an interface or an instance.",
                            destination));
}

void require_route(Call& call, const TableRow& table, const std::string& destination) {
  if (!call.transaction.find("SELECT 1 FROM ec2_route WHERE route_table = ?1 AND destination = ?2",
                             {table.id, destination})) {
    throw aws::ServiceError(
        "InvalidRoute.NotFound", 400,
        fmt::format("no route with destination-cidr-block {} in route table {}", destination, table.id));
  }
}

struct AssociationRow {
  std::string id;
  TableRow table;
  std::optional<std::string> subnet;
  bool is_main = false;
};

AssociationRow require_association(Call& call, const std::string& id) {
  auto row = call.transaction.find(
      "SELECT a.id, a.route_table, a.vpc, a.subnet, a.is_main FROM ec2_route_table_association a JOIN "
      "ec2_vpc v"
      " ON v.id = a.vpc WHERE v.account = ?1 AND v.region = ?2 AND a.id = ?3",
      {call.account, call.region, id});
  if (!row) throw_not_found("InvalidAssociationID.NotFound", "association", id);
  return {row->text(0), {row->text(1), row->text(2)}, row->optional_text(3), row->integer(4) != 0};
}

}  // namespace

WayOut way_out_of(sql::Transaction& transaction, const std::string& vpc, const std::string& subnet) {
  using DefaultRoute = sandbox::SubnetSpec::DefaultRoute;
  auto row = transaction.find(
      "SELECT r.gateway, r.nat_gateway, r.peering FROM ec2_route r JOIN ec2_route_table_association a"
      " ON a.route_table = r.route_table WHERE a.vpc = ?1 AND (a.subnet = ?2 OR (a.is_main = 1 AND NOT EXISTS"
      " (SELECT 1 FROM ec2_route_table_association own WHERE own.subnet = ?2))) AND r.destination = "
      "'0.0.0.0/0'",
      {vpc, subnet});
  if (!row || !row->is_null(2)) return {};
  if (!gateway_exists(transaction, row->optional_text(0), row->optional_text(1), vpc)) return {};
  if (!row->is_null(0)) return {.route = DefaultRoute::InternetGateway};
  // A NAT gateway goes out as its own subnet does, which needs a route to the internet.
  auto gateway = transaction.find(
      "SELECT g.subnet, g.interface, s.zone FROM ec2_nat_gateway g JOIN ec2_subnet s ON s.id = g.subnet"
      " WHERE g.id = ?1",
      {row->text(1)});
  if (!gateway || gateway->text(0) == subnet ||
      way_out_of(transaction, vpc, gateway->text(0)).route != DefaultRoute::InternetGateway) {
    return {};
  }
  return {.route = DefaultRoute::NatGateway, .nat_interface = gateway->text(1), .nat_zone = gateway->text(2)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html
CreateRouteTableResult create_route_table(Service& service, Call& call,
                                          const CreateRouteTableRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  end_dry_run(request.dry_run);
  const TableRow table{new_id(service.random(), "rtb"), vpc.id};
  call.transaction.run(
      "INSERT INTO ec2_route_table (account, region, id, vpc, created) VALUES (?1, ?2, ?3, ?4, ?5)",
      {call.account, call.region, table.id, vpc.id, to_milliseconds(call.now)});
  call.transaction.run(
      "INSERT INTO ec2_route (route_table, destination, gateway, origin) VALUES (?1, ?2, 'local', "
      "'CreateRouteTable')",
      {table.id, vpc.cidr.text()});
  write_tags(call, table.id, "route-table", request.tag_specifications);
  return {.route_table = describe(call, table)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRouteTable.html
aws::Nothing delete_route_table(Service&, Call& call, const DeleteRouteTableRequest& request) {
  const TableRow table = require_table(call, request.route_table_id);
  if (call.transaction.find("SELECT 1 FROM ec2_route_table_association WHERE route_table = ?1", {table.id})) {
    throw_dependency(fmt::format("The routeTable '{}' has dependencies and cannot be deleted.", table.id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_route_table WHERE id = ?1", {table.id});
  delete_tags_of(call, table.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
DescribeRouteTablesResult describe_route_tables(Service&, Call& call,
                                                const DescribeRouteTablesRequest& request) {
  check_filters("DescribeRouteTables", request.filters);
  for (const std::string& id : request.route_table_ids) require_table(call, id);
  DescribeRouteTablesResult result;
  Selection selection(call);
  selection.among("id", request.route_table_ids)
      .filtered("id", request.filters, "route-table-id")
      .filtered("vpc", request.filters, "vpc-id");
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT id, vpc FROM ec2_route_table WHERE {} ORDER BY created, id", selection.where()),
           selection.arguments())) {
    if (!is_asked_for(request.route_table_ids, row.text(0))) continue;
    RouteTable table = describe(call, {row.text(0), row.text(1)});
    FilterValues values = [](std::string_view) { return std::nullopt; };
    if (passes(request.filters, table.tags, values, described_as(table)))
      result.route_tables.push_back(std::move(table));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.route_tables, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html
AssociateRouteTableResult associate_route_table(Service& service, Call& call,
                                                const AssociateRouteTableRequest& request) {
  const TableRow table = require_table(call, request.route_table_id);
  if (!request.subnet_id) throw_missing("subnetId");
  const SubnetRow subnet = require_subnet(call, *request.subnet_id);
  if (subnet.vpc != table.vpc) throw_invalid("Route table and subnet belong to different networks");
  if (call.transaction.find("SELECT 1 FROM ec2_route_table_association WHERE subnet = ?1", {subnet.id})) {
    throw aws::ServiceError(
        "Resource.AlreadyAssociated", 400,
        fmt::format("the specified association for route table {} conflicts with an existing "
                    "association",
                    table.id));
  }
  end_dry_run(request.dry_run);
  const std::string id = new_id(service.random(), "rtbassoc");
  call.transaction.run(
      "INSERT INTO ec2_route_table_association (id, route_table, subnet, vpc) VALUES (?1, ?2, ?3, ?4)",
      {id, table.id, subnet.id, table.vpc});
  service.network_changed(call, table.vpc);
  return {.association_id = id, .association_state = RouteTableAssociationState{.state = "associated"}};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateRouteTable.html
aws::Nothing disassociate_route_table(Service& service, Call& call,
                                      const DisassociateRouteTableRequest& request) {
  const AssociationRow association = require_association(call, request.association_id);
  if (association.is_main)
    throw_invalid(fmt::format("cannot disassociate the main route table association {}", association.id));
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_route_table_association WHERE id = ?1", {association.id});
  service.network_changed(call, association.table.vpc);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html
ReplaceRouteTableAssociationResult replace_route_table_association(
    Service& service, Call& call, const ReplaceRouteTableAssociationRequest& request) {
  const AssociationRow association = require_association(call, request.association_id);
  const TableRow table = require_table(call, request.route_table_id);
  if (table.vpc != association.table.vpc)
    throw_invalid("Route table and association belong to different networks");
  end_dry_run(request.dry_run);
  const std::string id = new_id(service.random(), "rtbassoc");
  call.transaction.run("UPDATE ec2_route_table_association SET id = ?2, route_table = ?3 WHERE id = ?1",
                       {association.id, id, table.id});
  if (association.is_main) {
    call.transaction.run("UPDATE ec2_vpc SET main_route_table = ?2 WHERE id = ?1", {table.vpc, table.id});
  }
  service.network_changed(call, table.vpc);
  return {.new_association_id = id, .association_state = RouteTableAssociationState{.state = "associated"}};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
CreateRouteResult create_route(Service& service, Call& call, const CreateRouteRequest& request) {
  const TableRow table = require_table(call, request.route_table_id);
  const std::string destination = require_destination(request.destination_cidr_block);
  if (call.transaction.find("SELECT 1 FROM ec2_route WHERE route_table = ?1 AND destination = ?2",
                            {table.id, destination})) {
    throw aws::ServiceError("RouteAlreadyExists", 400,
                            fmt::format("The route identified by {} already exists.", destination));
  }
  require_outside(call, table, destination);
  const RouteTarget target = require_target(call, table, destination, request);
  end_dry_run(request.dry_run);
  call.transaction.run(
      "INSERT INTO ec2_route (route_table, destination, gateway, nat_gateway, peering, origin)"
      " VALUES (?1, ?2, ?3, ?4, ?5, 'CreateRoute')",
      {table.id, destination, target.gateway, target.nat_gateway, target.peering});
  service.network_changed(call, table.vpc);
  return {.return_ = true};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRoute.html
aws::Nothing replace_route(Service& service, Call& call, const ReplaceRouteRequest& request) {
  const TableRow table = require_table(call, request.route_table_id);
  const std::string destination = require_destination(request.destination_cidr_block);
  require_route(call, table, destination);
  const RouteTarget target = require_target(call, table, destination, request);
  end_dry_run(request.dry_run);
  call.transaction.run(
      "UPDATE ec2_route SET gateway = ?3, nat_gateway = ?4, peering = ?5 WHERE route_table = ?1"
      " AND destination = ?2",
      {table.id, destination, target.gateway, target.nat_gateway, target.peering});
  service.network_changed(call, table.vpc);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRoute.html
aws::Nothing delete_route(Service& service, Call& call, const DeleteRouteRequest& request) {
  const TableRow table = require_table(call, request.route_table_id);
  const std::string destination = require_destination(request.destination_cidr_block);
  require_route(call, table, destination);
  end_dry_run(request.dry_run);
  call.transaction.run(
      "DELETE FROM ec2_route WHERE route_table = ?1 AND destination = ?2 AND coalesce(gateway, '') <> "
      "'local'",
      {table.id, destination});
  if (call.transaction.changes() == 0)
    throw_invalid(fmt::format("cannot remove local route {} in route table {}", destination, table.id));
  service.network_changed(call, table.vpc);
  return {};
}

}  // namespace holm::ec2

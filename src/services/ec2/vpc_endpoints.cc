// Gateway endpoints for S3. S3 answers in every subnet anyway, without a way out of the VPC; an endpoint says
// so in route tables. https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html

#include "services/ec2/vpc_endpoints.h"

#include <fmt/format.h>

#include <algorithm>

#include "ec2/handlers.h"
#include "formats/json.h"
#include "services/ec2/filters.h"
#include "services/ec2/service.h"
#include "services/ec2/vpcs.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr char kGateway[] = "Gateway";
// What AWS has where no policy is given.
constexpr char kFullAccess[] =
    R"({"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]})";

struct EndpointRow {
  std::string id, vpc, service;
  int64_t created = 0;
};

std::string s3_in(const std::string& region) { return fmt::format("com.amazonaws.{}.s3", region); }

// One a region, as AWS's own.
std::string prefix_list_of(const std::string& region) {
  uint32_t hash = 2166136261U;
  for (const char c : s3_in(region)) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return fmt::format("pl-{:08x}", hash);
}

std::vector<EndpointRow> endpoints_where(Call& call, std::string_view condition,
                                         std::vector<sql::Value> arguments) {
  std::vector<EndpointRow> rows;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT id, vpc, service, created FROM ec2_vpc_endpoint WHERE {} ORDER BY created, id",
                       condition),
           std::move(arguments))) {
    rows.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
  }
  return rows;
}

EndpointRow require_endpoint(Call& call, const std::string& id) {
  auto rows =
      endpoints_where(call, "account = ?1 AND region = ?2 AND id = ?3", {call.account, call.region, id});
  if (rows.empty()) {
    throw aws::ServiceError("InvalidVpcEndpointId.NotFound", 400,
                            fmt::format("The Vpc Endpoint Id '{}' does not exist", id));
  }
  return rows.front();
}

std::vector<std::string> tables_of(Call& call, const std::string& endpoint) {
  std::vector<std::string> tables;
  for (const sql::Row& row : call.transaction.run(
           "SELECT route_table FROM ec2_vpc_endpoint_route WHERE endpoint = ?1 ORDER BY rowid", {endpoint})) {
    tables.push_back(row.text(0));
  }
  return tables;
}

VpcEndpoint describe(Call& call, const EndpointRow& row) {
  return {.vpc_endpoint_id = row.id,
          .vpc_endpoint_type = kGateway,
          .vpc_id = row.vpc,
          .service_name = row.service,
          .state = "available",
          .policy_document = kFullAccess,
          .route_table_ids = tables_of(call, row.id),
          .private_dns_enabled = false,
          .requester_managed = false,
          .creation_timestamp = from_milliseconds(row.created),
          .tags = tags_of(call, row.id),
          .owner_id = call.account,
          .service_region = call.region};
}

// A text, or a list of one.
bool is_star(const formats::Value* value) {
  if (!value) return false;
  if (value->as_array()) return value->as_array()->size() == 1 && is_star(&value->as_array()->front());
  return value->as_string() && *value->as_string() == "*";
}

// Requests are not told apart by the way they took, so that a policy can only let everything through.
void require_full_access(const std::optional<std::string>& policy, std::string_view operation) {
  if (!policy || policy->empty()) return;
  const auto document = formats::parse_json(*policy);
  const formats::Value* statements = document ? document->find("Statement") : nullptr;
  if (!statements) {
    throw aws::ServiceError("InvalidPolicyDocument", 400, "The policy document is not a policy in JSON.");
  }
  const formats::Value* only = statements;
  if (statements->as_array()) {
    only = statements->as_array()->size() == 1 ? &statements->as_array()->front() : nullptr;
  }
  const formats::Value* effect = only ? only->find("Effect") : nullptr;
  const formats::Value* principal = only ? only->find("Principal") : nullptr;
  if (principal && principal->as_object()) principal = principal->find("AWS");
  const bool allows = effect && effect->as_string() && *effect->as_string() == "Allow";
  if (allows && is_star(principal) && is_star(only->find("Action")) && is_star(only->find("Resource")) &&
      !only->find("Condition")) {
    return;
  }
  throw aws::NotImplemented(fmt::format("{}: a PolicyDocument that does not allow everything", operation));
}

void add_tables(Call& call, const EndpointRow& row, const std::vector<std::string>& tables) {
  for (const std::string& table : tables) {
    auto found = call.transaction.find(
        "SELECT vpc FROM ec2_route_table WHERE account = ?1 AND region = ?2 AND id = ?3",
        {call.account, call.region, table});
    if (!found) throw_not_found("InvalidRouteTableId.NotFound", "routeTable", table);
    if (found->text(0) != row.vpc) {
      throw_invalid(fmt::format("Route table {} and VPC {} belong to different networks.", table, row.vpc));
    }
    const bool is_taken =
        call.transaction
            .find(
                "SELECT 1 FROM ec2_vpc_endpoint_route r JOIN ec2_vpc_endpoint e ON e.id = r.endpoint"
                " WHERE r.route_table = ?1 AND e.service = ?2 AND e.id <> ?3",
                {table, row.service, row.id})
            .has_value();
    if (is_taken) {
      throw aws::ServiceError(
          "RouteAlreadyExists", 400,
          fmt::format("route table {} already has a route with destination-prefix-list-id {}", table,
                      prefix_list_of(call.region)));
    }
    call.transaction.run(
        "INSERT INTO ec2_vpc_endpoint_route (endpoint, route_table) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        {row.id, table});
  }
}

}  // namespace

std::vector<Route> routes_to_endpoints(Call& call, const std::string& route_table) {
  std::vector<Route> routes;
  for (const sql::Row& row : call.transaction.run(
           "SELECT endpoint FROM ec2_vpc_endpoint_route WHERE route_table = ?1 ORDER BY rowid",
           {route_table})) {
    routes.push_back({.destination_prefix_list_id = prefix_list_of(call.region),
                      .gateway_id = row.text(0),
                      .origin = "CreateRoute",
                      .state = "active"});
  }
  return routes;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
CreateVpcEndpointResult create_vpc_endpoint(Service& service, Call& call,
                                            const CreateVpcEndpointRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  const std::string type = request.vpc_endpoint_type.value_or(kGateway);
  if (type != kGateway) throw aws::NotImplemented("CreateVpcEndpoint: VpcEndpointType " + type);
  if (!request.service_name) throw_missing("ServiceName");
  if (*request.service_name != s3_in(call.region)) {
    throw aws::ServiceError(
        "InvalidServiceName", 400,
        fmt::format("The Vpc Endpoint Service '{}' does not exist", *request.service_name));
  }
  require_full_access(request.policy_document, "CreateVpcEndpoint");
  if (request.client_token) {
    auto known = endpoints_where(call, "account = ?1 AND region = ?2 AND client_token = ?3",
                                 {call.account, call.region, *request.client_token});
    if (!known.empty()) {
      return {.vpc_endpoint = describe(call, known.front()), .client_token = request.client_token};
    }
  }
  end_dry_run(request.dry_run);
  const EndpointRow row{.id = new_id(service.random(), "vpce"),
                        .vpc = vpc.id,
                        .service = *request.service_name,
                        .created = to_milliseconds(call.now)};
  call.transaction.run(
      "INSERT INTO ec2_vpc_endpoint (account, region, id, vpc, service, client_token, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {call.account, call.region, row.id, row.vpc, row.service, sql::optional_value(request.client_token),
       row.created});
  add_tables(call, row, request.route_table_ids);
  write_tags(call, row.id, "vpc-endpoint", request.tag_specifications);
  return {.vpc_endpoint = describe(call, row), .client_token = request.client_token};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
ModifyVpcEndpointResult modify_vpc_endpoint(Service&, Call& call, const ModifyVpcEndpointRequest& request) {
  const EndpointRow row = require_endpoint(call, request.vpc_endpoint_id);
  if (!request.reset_policy.value_or(false))
    require_full_access(request.policy_document, "ModifyVpcEndpoint");
  end_dry_run(request.dry_run);
  for (const std::string& table : request.remove_route_table_ids) {
    call.transaction.run("DELETE FROM ec2_vpc_endpoint_route WHERE endpoint = ?1 AND route_table = ?2",
                         {row.id, table});
  }
  add_tables(call, row, request.add_route_table_ids);
  return {.return_ = true};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcEndpoints.html
DeleteVpcEndpointsResult delete_vpc_endpoints(Service&, Call& call,
                                              const DeleteVpcEndpointsRequest& request) {
  end_dry_run(request.dry_run);
  DeleteVpcEndpointsResult result;
  for (const std::string& id : request.vpc_endpoint_ids) {
    const bool is_there =
        !endpoints_where(call, "account = ?1 AND region = ?2 AND id = ?3", {call.account, call.region, id})
             .empty();
    if (!is_there) {
      result.unsuccessful.push_back(
          {.error =
               UnsuccessfulItemError{.code = "InvalidVpcEndpoint.NotFound",
                                     .message = fmt::format("The Vpc Endpoint Id '{}' does not exist", id)},
           .resource_id = id});
      continue;
    }
    call.transaction.run("DELETE FROM ec2_vpc_endpoint WHERE id = ?1", {id});
    delete_tags_of(call, id);
  }
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
DescribeVpcEndpointsResult describe_vpc_endpoints(Service&, Call& call,
                                                  const DescribeVpcEndpointsRequest& request) {
  check_filters("DescribeVpcEndpoints", request.filters);
  check_page(request.max_results, false, "");
  for (const std::string& id : request.vpc_endpoint_ids) require_endpoint(call, id);
  DescribeVpcEndpointsResult result;
  for (const EndpointRow& row :
       endpoints_where(call, "account = ?1 AND region = ?2", {call.account, call.region})) {
    if (!is_asked_for(request.vpc_endpoint_ids, row.id)) continue;
    VpcEndpoint endpoint = describe(call, row);
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "vpc-endpoint-state") return {{*endpoint.state}};
      return std::nullopt;
    };
    if (passes(request.filters, endpoint.tags, values, described_as(endpoint))) {
      result.vpc_endpoints.push_back(std::move(endpoint));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.vpc_endpoints, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html
DescribeVpcEndpointServicesResult describe_vpc_endpoint_services(
    Service&, Call& call, const DescribeVpcEndpointServicesRequest& request) {
  check_filters("DescribeVpcEndpointServices", request.filters);
  const std::string name = s3_in(call.region);
  for (const std::string& asked : request.service_names) {
    if (asked == name) continue;
    throw aws::ServiceError("InvalidServiceName", 400,
                            fmt::format("The Vpc Endpoint Service '{}' does not exist", asked));
  }
  const ServiceDetail detail{.service_name = name,
                             .service_type = {{.service_type = kGateway}},
                             .service_region = call.region,
                             .availability_zones = zones_of(call.region),
                             .owner = "amazon",
                             .vpc_endpoint_policy_supported = true,
                             .acceptance_required = false,
                             .manages_vpc_endpoints = false};
  FilterValues values = [&](std::string_view filter) -> std::optional<std::vector<std::string>> {
    if (filter == "service-type") return {{kGateway}};
    return std::nullopt;
  };
  end_dry_run(request.dry_run);
  DescribeVpcEndpointServicesResult result;
  if (!passes(request.filters, {}, values, described_as(detail))) return result;
  result.service_names.push_back(name);
  result.service_details.push_back(detail);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribePrefixLists.html
DescribePrefixListsResult describe_prefix_lists(Service&, Call& call,
                                                const DescribePrefixListsRequest& request) {
  check_filters("DescribePrefixLists", request.filters);
  check_page(request.max_results, false, "");
  const PrefixList list{.prefix_list_id = prefix_list_of(call.region),
                        .prefix_list_name = s3_in(call.region)};
  for (const std::string& id : request.prefix_list_ids) {
    if (id != *list.prefix_list_id) throw_not_found("InvalidPrefixListId.NotFound", "prefix list", id);
  }
  FilterValues values = [](std::string_view) { return std::nullopt; };
  end_dry_run(request.dry_run);
  DescribePrefixListsResult result;
  if (passes(request.filters, {}, values, described_as(list))) result.prefix_lists.push_back(list);
  return result;
}

}  // namespace holm::ec2

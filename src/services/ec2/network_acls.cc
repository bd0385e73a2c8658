// Network ACLs: made, told, deleted, and which subnet has which.

#include "services/ec2/network_acls.h"

#include <fmt/format.h>

#include <map>

#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/network_acl_entries.h"
#include "services/ec2/service.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

namespace {

NetworkAcl describe(Call& call, const AclRow& row) {
  NetworkAcl acl{.is_default = row.is_default,
                 .network_acl_id = row.id,
                 .tags = tags_of(call, row.id),
                 .vpc_id = row.vpc,
                 .owner_id = call.account};
  for (const sql::Row& each : call.transaction.run(
           "SELECT id, subnet FROM ec2_network_acl_association WHERE acl = ?1 ORDER BY subnet", {row.id})) {
    acl.associations.push_back(
        {.network_acl_association_id = each.text(0), .network_acl_id = row.id, .subnet_id = each.text(1)});
  }
  acl.entries = entries_of(call.transaction, row.id);
  return acl;
}

// Those whose names are not those of what is described.
std::optional<std::vector<std::string>> filter_values(const NetworkAcl& acl, std::string_view name) {
  const Described described = described_as(acl);
  if (name == "default") return described_values(described, "is-default");
  if (name == "association.association-id") {
    return described_values(described, "association.network-acl-association-id");
  }
  if (name == "entry.cidr") return described_values(described, "entry.cidr-block");
  if (name == "entry.ipv6-cidr") return described_values(described, "entry.ipv6-cidr-block");
  if (name == "entry.icmp.code") return described_values(described, "entry.icmp-type-code.code");
  if (name == "entry.icmp.type") return described_values(described, "entry.icmp-type-code.type");
  return std::nullopt;
}

}  // namespace

AclRow require_acl(Call& call, const std::string& id) {
  auto row = call.transaction.find(
      "SELECT vpc, is_default FROM ec2_network_acl WHERE account = ?1 AND region = ?2 AND id = ?3",
      {call.account, call.region, id});
  if (!row) throw_not_found("InvalidNetworkAclID.NotFound", "networkAcl", id);
  return {.id = id, .vpc = row->text(0), .is_default = row->integer(1) != 0};
}

void make_default_acl(Call& call, const std::string& vpc, const std::string& acl) {
  call.transaction.run(
      "INSERT INTO ec2_network_acl (account, region, id, vpc, is_default, created) VALUES (?1, ?2, ?3, ?4, "
      "1, ?5)",
      {call.account, call.region, acl, vpc, to_milliseconds(call.now)});
  call.transaction.run(
      "INSERT INTO ec2_network_acl_entry (acl, is_egress, number, protocol, action, cidr)"
      " VALUES (?1, 0, 100, -1, 'allow', '0.0.0.0/0'), (?1, 1, 100, -1, 'allow', '0.0.0.0/0')",
      {acl});
}

void associate_default_acl(Service& service, Call& call, const std::string& vpc, const std::string& subnet) {
  call.transaction.run(
      "INSERT INTO ec2_network_acl_association (id, acl, subnet)"
      " SELECT ?1, network_acl, ?3 FROM ec2_vpc WHERE id = ?2",
      {new_id(service.random(), "aclassoc"), vpc, subnet});
}

std::vector<sandbox::SubnetBorder> borders_of_vpc(sql::Transaction& transaction, const std::string& vpc) {
  std::map<std::string, sandbox::SubnetBorder> by_acl;
  std::vector<sandbox::SubnetBorder> borders;
  for (const sql::Row& row : transaction.run(
           "SELECT s.cidr, a.acl FROM ec2_subnet s JOIN ec2_network_acl_association a ON a.subnet = s.id"
           " WHERE s.vpc = ?1 ORDER BY s.id",
           {vpc})) {
    auto known = by_acl.find(row.text(1));
    if (known == by_acl.end()) known = by_acl.emplace(row.text(1), border_of(transaction, row.text(1))).first;
    if (lets_everything_through(known->second)) continue;
    borders.push_back(known->second);
    borders.back().cidr = row.text(0);
  }
  return borders;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAcl.html
CreateNetworkAclResult create_network_acl(Service& service, Call& call,
                                          const CreateNetworkAclRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  if (request.client_token) {
    auto known = call.transaction.find(
        "SELECT id FROM ec2_network_acl WHERE account = ?1 AND region = ?2 AND client_token = ?3",
        {call.account, call.region, *request.client_token});
    if (known) {
      return {.network_acl = describe(call, require_acl(call, known->text(0))),
              .client_token = request.client_token};
    }
  }
  end_dry_run(request.dry_run);
  const AclRow row{.id = new_id(service.random(), "acl"), .vpc = vpc.id};
  call.transaction.run(
      "INSERT INTO ec2_network_acl (account, region, id, vpc, is_default, client_token, created)"
      " VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)",
      {call.account, call.region, row.id, vpc.id, sql::optional_value(request.client_token),
       to_milliseconds(call.now)});
  write_tags(call, row.id, "network-acl", request.tag_specifications);
  return {.network_acl = describe(call, row), .client_token = request.client_token};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkAcl.html
aws::Nothing delete_network_acl(Service&, Call& call, const DeleteNetworkAclRequest& request) {
  const AclRow row = require_acl(call, request.network_acl_id);
  if (row.is_default) throw_invalid(fmt::format("cannot delete default network ACL {}", row.id));
  if (call.transaction.find("SELECT 1 FROM ec2_network_acl_association WHERE acl = ?1", {row.id})) {
    throw_dependency(fmt::format("The networkAcl '{}' has dependencies and cannot be deleted.", row.id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_network_acl WHERE id = ?1", {row.id});
  delete_tags_of(call, row.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html
DescribeNetworkAclsResult describe_network_acls(Service& service, Call& call,
                                                const DescribeNetworkAclsRequest& request) {
  check_filters("DescribeNetworkAcls", request.filters);
  find_default_vpc(service, call);
  for (const std::string& id : request.network_acl_ids) require_acl(call, id);
  DescribeNetworkAclsResult result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT id FROM ec2_network_acl WHERE account = ?1 AND region = ?2 ORDER BY created, id",
           {call.account, call.region})) {
    if (!is_asked_for(request.network_acl_ids, row.text(0))) continue;
    NetworkAcl acl = describe(call, require_acl(call, row.text(0)));
    FilterValues values = [&](std::string_view name) { return filter_values(acl, name); };
    if (passes(request.filters, acl.tags, values, described_as(acl)))
      result.network_acls.push_back(std::move(acl));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.network_acls, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceNetworkAclAssociation.html
ReplaceNetworkAclAssociationResult replace_network_acl_association(
    Service& service, Call& call, const ReplaceNetworkAclAssociationRequest& request) {
  auto known = call.transaction.find(
      "SELECT s.vpc, s.id FROM ec2_network_acl_association a JOIN ec2_subnet s ON s.id = a.subnet"
      " WHERE a.id = ?1 AND s.account = ?2 AND s.region = ?3",
      {request.association_id, call.account, call.region});
  if (!known) throw_not_found("InvalidAssociationID.NotFound", "association", request.association_id);
  const AclRow acl = require_acl(call, request.network_acl_id);
  if (acl.vpc != known->text(0)) {
    throw_invalid(
        fmt::format("Network ACL {} and subnet {} belong to different networks.", acl.id, known->text(1)));
  }
  end_dry_run(request.dry_run);
  const std::string id = new_id(service.random(), "aclassoc");
  call.transaction.run("UPDATE ec2_network_acl_association SET id = ?2, acl = ?3 WHERE id = ?1",
                       {request.association_id, id, acl.id});
  service.network_changed(call, acl.vpc);
  return {.new_association_id = id};
}

}  // namespace holm::ec2

// Security groups.

#include "services/ec2/security_groups.h"

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "sandbox/network.h"
#include "services/ec2/filters.h"
#include "services/ec2/security_group_rules.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

namespace {

constexpr char kColumns[] = "id, vpc, name, description";
constexpr size_t kNameMax = 255;

GroupRow read_row(const sql::Row& row) { return {row.text(0), row.text(1), row.text(2), row.text(3)}; }

void insert_group(Call& call, const GroupRow& group) {
  call.transaction.run(
      "INSERT INTO ec2_security_group (account, region, id, vpc, name, description, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {call.account, call.region, group.id, group.vpc, group.name, group.description,
       to_milliseconds(call.now)});
}

SecurityGroup describe(Call& call, const GroupRow& row) {
  SecurityGroup group{.group_id = row.id,
                      .tags = tags_of(call, row.id),
                      .vpc_id = row.vpc,
                      .security_group_arn = aws::arn("ec2", call, "security-group/" + row.id),
                      .owner_id = call.account,
                      .group_name = row.name,
                      .description = row.description};
  for (const RuleRow& rule : rules_of(call.transaction, row.id)) {
    add_permission(rule.is_egress ? group.ip_permissions_egress : group.ip_permissions, rule, call.account);
  }
  return group;
}

// Those on rules, whose names are not those of what is described.
std::optional<std::vector<std::string>> filter_values(const SecurityGroup& group, std::string_view name) {
  constexpr std::string_view kIngress = "ip-permission.", kEgress = "egress.ip-permission.";
  const bool is_egress = name.starts_with(kEgress);
  if (!is_egress && !name.starts_with(kIngress)) return std::nullopt;
  const std::string_view what = name.substr(is_egress ? kEgress.size() : kIngress.size());
  std::string path(what);
  if (what == "cidr") path = "ip-range.cidr-ip";
  if (what == "ipv6-cidr") path = "ipv6-range.cidr-ipv6";
  if (what == "protocol") path = "ip-protocol";
  if (what == "prefix-list-id") path = "prefix-list-id.prefix-list-id";
  if (what == "group-id" || what == "group-name" || what == "user-id") {
    path = fmt::format("user-id-group-pair.{}", what);
  }
  return described_values(described_as(group),
                          fmt::format("ip-permissions{}.{}", is_egress ? "-egress" : "", path));
}

sandbox::SecurityRule to_network(const RuleRow& rule) {
  sandbox::SecurityRule result{
      .protocol = protocol_number(rule.protocol), .from_port = rule.from_port, .to_port = rule.to_port};
  if (!rule.cidr.empty()) result.cidrs = {rule.cidr};
  result.group_id = rule.peer_group;
  return result;
}

}  // namespace

GroupRow require_group(Call& call, std::string_view id) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM ec2_security_group WHERE account = ?1 AND region = ?2 AND id = ?3",
                  kColumns),
      {call.account, call.region, std::string(id)});
  if (!row) {
    throw aws::ServiceError("InvalidGroup.NotFound", 400,
                            fmt::format("The security group '{}' does not exist", id));
  }
  return read_row(*row);
}

GroupRow require_group_named(Call& call, std::string_view vpc, std::string_view name) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM ec2_security_group WHERE vpc = ?1 AND name = ?2", kColumns),
      {std::string(vpc), std::string(name)});
  if (!row) {
    throw aws::ServiceError("InvalidGroup.NotFound", 400,
                            fmt::format("The security group '{}' does not exist in VPC '{}'", name, vpc));
  }
  return read_row(*row);
}

void make_default_group(Service& service, Call& call, const std::string& vpc, const std::string& id) {
  insert_group(call, {id, vpc, "default", "default VPC security group"});
  insert_rule(call, {.id = new_id(service.random(), "sgr"), .group = id, .protocol = "-1", .peer_group = id});
  insert_rule(call, {.id = new_id(service.random(), "sgr"),
                     .group = id,
                     .is_egress = true,
                     .protocol = "-1",
                     .cidr = "0.0.0.0/0"});
}

std::vector<sandbox::SecurityGroup> groups_of_vpc(sql::Transaction& transaction, const std::string& vpc) {
  std::vector<sandbox::SecurityGroup> groups;
  for (const sql::Row& row :
       transaction.run("SELECT id FROM ec2_security_group WHERE vpc = ?1 ORDER BY id", {vpc})) {
    sandbox::SecurityGroup& group = groups.emplace_back();
    group.id = row.text(0);
    for (const RuleRow& rule : rules_of(transaction, group.id)) {
      // Guests have no IPv6, so rules about it say nothing to the network.
      if (rule.cidr.empty() && rule.peer_group.empty()) continue;
      (rule.is_egress ? group.egress : group.ingress).push_back(to_network(rule));
    }
  }
  return groups;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
CreateSecurityGroupResult create_security_group(Service& service, Call& call,
                                                const CreateSecurityGroupRequest& request) {
  const std::string vpc =
      request.vpc_id ? require_vpc(call, *request.vpc_id).id : require_default_vpc(service, call).id;
  const std::string& name = request.group_name;
  if (name.empty() || name.size() > kNameMax || name.starts_with("sg-")) {
    throw_invalid(
        fmt::format("Value ({}) for parameter GroupName is invalid. Character sets beyond ASCII are not "
                    "supported, and names do not start with sg-.",
                    name));
  }
  if (request.description.empty() || request.description.size() > kNameMax) throw_missing("GroupDescription");
  if (call.transaction.find("SELECT 1 FROM ec2_security_group WHERE vpc = ?1 AND name = ?2", {vpc, name})) {
    throw aws::ServiceError("InvalidGroup.Duplicate", 400,
                            fmt::format("The security group '{}' already exists for VPC '{}'", name, vpc));
  }
  end_dry_run(request.dry_run);
  const GroupRow group{new_id(service.random(), "sg"), vpc, name, request.description};
  insert_group(call, group);
  // What is inside may reach everything, until that rule is revoked.
  insert_rule(call, {.id = new_id(service.random(), "sgr"),
                     .group = group.id,
                     .is_egress = true,
                     .protocol = "-1",
                     .cidr = "0.0.0.0/0"});
  write_tags(call, group.id, "security-group", request.tag_specifications);
  service.network_changed(call, vpc);
  return {.group_id = group.id,
          .tags = tags_of(call, group.id),
          .security_group_arn = aws::arn("ec2", call, "security-group/" + group.id)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
DeleteSecurityGroupResult delete_security_group(Service& service, Call& call,
                                                const DeleteSecurityGroupRequest& request) {
  if (!request.group_id && !request.group_name) throw_missing("GroupId");
  const GroupRow group = request.group_id ? require_group(call, *request.group_id)
                                          : require_group_named(call, require_default_vpc(service, call).id,
                                                                *request.group_name);
  if (group.name == "default") {
    throw aws::ServiceError(
        "CannotDelete", 400,
        fmt::format("the specified group: \"{}\" name: \"default\" cannot be deleted by a user", group.id));
  }
  const bool is_used =
      call.transaction.find("SELECT 1 FROM ec2_interface_group WHERE security_group = ?1", {group.id}) ||
      call.transaction.find(
          "SELECT 1 FROM ec2_security_group_rule WHERE peer_group = ?1 AND security_group <> ?1", {group.id});
  if (is_used) throw_dependency(fmt::format("resource {} has a dependent object", group.id));
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_security_group WHERE id = ?1", {group.id});
  delete_tags_of(call, group.id);
  service.network_changed(call, group.vpc);
  return {.return_ = true, .group_id = group.id};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
DescribeSecurityGroupsResult describe_security_groups(Service& service, Call& call,
                                                      const DescribeSecurityGroupsRequest& request) {
  check_filters("DescribeSecurityGroups", request.filters);
  auto default_vpc = find_default_vpc(service, call);
  for (const std::string& id : request.group_ids) require_group(call, id);
  for (const std::string& name : request.group_names) {
    require_group_named(call, default_vpc ? default_vpc->id : "", name);
  }
  DescribeSecurityGroupsResult result;
  Selection selection(call);
  selection.among("id", request.group_ids)
      .among("name", request.group_names)
      .filtered("id", request.filters, "group-id")
      .filtered("name", request.filters, "group-name")
      .filtered("vpc", request.filters, "vpc-id");
  for (const sql::Row& each : call.transaction.run(
           fmt::format("SELECT {} FROM ec2_security_group WHERE {} ORDER BY created, id", kColumns,
                       selection.where()),
           selection.arguments())) {
    const GroupRow row = read_row(each);
    if (!is_asked_for(request.group_ids, row.id) || !is_asked_for(request.group_names, row.name)) continue;
    SecurityGroup group = describe(call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(group, name); };
    if (passes(request.filters, group.tags, values, described_as(group)))
      result.security_groups.push_back(std::move(group));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.security_groups, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2

// The rules of security groups.

#include "services/ec2/security_group_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"
#include "ec2/handlers.h"
#include "services/ec2/cidr.h"
#include "services/ec2/filters.h"
#include "services/ec2/security_groups.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

namespace {

enum class Direction { Ingress, Egress };
constexpr size_t kRulesMax = 120;  // 60 inbound and 60 outbound.

// "6" and "TCP" are "tcp".
std::string normal_protocol(const std::string& given) {
  const std::string protocol = to_lower(given);
  if (protocol == "6") return "tcp";
  if (protocol == "17") return "udp";
  if (protocol == "1") return "icmp";
  if (protocol == "58") return "icmpv6";
  if (protocol == "tcp" || protocol == "udp" || protocol == "icmp" || protocol == "icmpv6" ||
      protocol == "-1") {
    return protocol;
  }
  auto number = parse_integer(protocol);
  if (!number || *number < 0 || *number > 255) {
    throw_invalid(fmt::format("Invalid value '{}' for IP protocol. Unknown protocol.", given));
  }
  return protocol;
}

void check_ports(const RuleRow& rule) {
  const bool has_ports = rule.protocol == "tcp" || rule.protocol == "udp";
  if (!has_ports) return;
  if (rule.from_port < 0 || rule.to_port > 65535 || rule.from_port > rule.to_port) {
    throw_invalid(fmt::format("Invalid value '{}-{}' for portRange.", rule.from_port, rule.to_port));
  }
}

std::string normal_cidr(const std::string& text) {
  auto cidr = parse_cidr(text);
  if (!cidr) throw_invalid(fmt::format("CIDR block {} is malformed", text));
  return cidr->text();
}

std::string peer_of(Call& call, const GroupRow& group, const UserIdGroupPair& pair) {
  if (pair.group_id) return require_group(call, *pair.group_id).id;
  if (!pair.group_name) throw_missing("GroupId");
  return require_group_named(call, group.vpc, *pair.group_name).id;
}

// Each source of each permission is a rule of its own.
std::vector<RuleRow> rules_from(Call& call, const GroupRow& group, Direction direction,
                                const std::vector<IpPermission>& permissions) {
  std::vector<RuleRow> rules;
  for (const IpPermission& permission : permissions) {
    if (!permission.prefix_list_ids.empty()) throw aws::NotImplemented("IpPermission: PrefixListIds");
    if (!permission.ip_protocol) throw_missing("IpProtocol");
    RuleRow rule{.group = group.id,
                 .is_egress = direction == Direction::Egress,
                 .protocol = normal_protocol(*permission.ip_protocol),
                 .from_port = permission.from_port.value_or(-1),
                 .to_port = permission.to_port.value_or(-1)};
    if (rule.protocol == "-1") rule.from_port = rule.to_port = -1;
    check_ports(rule);
    auto add = [&](const RuleRow& each) { rules.push_back(each); };
    for (const IpRange& range : permission.ip_ranges) {
      RuleRow each = rule;
      each.cidr = normal_cidr(range.cidr_ip.value_or(""));
      each.description = range.description.value_or("");
      add(each);
    }
    for (const Ipv6Range& range : permission.ipv6_ranges) {
      RuleRow each = rule;
      each.cidr6 = range.cidr_ipv6.value_or("");
      each.description = range.description.value_or("");
      add(each);
    }
    for (const UserIdGroupPair& pair : permission.user_id_group_pairs) {
      RuleRow each = rule;
      each.peer_group = peer_of(call, group, pair);
      each.description = pair.description.value_or("");
      add(each);
    }
  }
  if (rules.empty()) throw_missing("ipPermissions");
  return rules;
}

bool is_same(const RuleRow& a, const RuleRow& b) {
  return a.is_egress == b.is_egress && a.protocol == b.protocol && a.from_port == b.from_port &&
         a.to_port == b.to_port && a.cidr == b.cidr && a.cidr6 == b.cidr6 && a.peer_group == b.peer_group;
}

std::string words_of(const RuleRow& rule) {
  const std::string peer = !rule.cidr.empty()    ? rule.cidr
                           : !rule.cidr6.empty() ? rule.cidr6
                                                 : rule.peer_group;
  return fmt::format("peer: {}, {}, from port: {}, to port: {}, ALLOW", peer, rule.protocol, rule.from_port,
                     rule.to_port);
}

SecurityGroupRule describe(Call& call, const RuleRow& rule) {
  SecurityGroupRule result{
      .security_group_rule_id = rule.id,
      .group_id = rule.group,
      .group_owner_id = call.account,
      .is_egress = rule.is_egress,
      .ip_protocol = rule.protocol,
      .from_port = rule.from_port,
      .to_port = rule.to_port,
      .tags = tags_of(call, rule.id),
      .security_group_rule_arn = aws::arn("ec2", call, "security-group-rule/" + rule.id)};
  if (!rule.cidr.empty()) result.cidr_ipv4 = rule.cidr;
  if (!rule.cidr6.empty()) result.cidr_ipv6 = rule.cidr6;
  if (!rule.description.empty()) result.description = rule.description;
  if (!rule.peer_group.empty()) {
    result.referenced_group_info =
        ReferencedSecurityGroup{.group_id = rule.peer_group, .user_id = call.account};
  }
  return result;
}

std::vector<SecurityGroupRule> authorize(Service& service, Call& call, const GroupRow& group,
                                         std::vector<RuleRow> wanted,
                                         const std::vector<TagSpecification>& tags) {
  const std::vector<RuleRow> have = rules_of(call.transaction, group.id);
  if (have.size() + wanted.size() > kRulesMax) {
    throw aws::ServiceError("RulesPerSecurityGroupLimitExceeded", 400,
                            "The maximum number of rules per security group has been reached.");
  }
  std::vector<SecurityGroupRule> made;
  for (RuleRow& rule : wanted) {
    if (std::ranges::any_of(have, [&](const RuleRow& other) { return is_same(other, rule); })) {
      throw aws::ServiceError("InvalidPermission.Duplicate", 400,
                              fmt::format("the specified rule \"{}\" already exists", words_of(rule)));
    }
    rule.id = new_id(service.random(), "sgr");
    insert_rule(call, rule);
    write_tags(call, rule.id, "security-group-rule", tags);
    made.push_back(describe(call, rule));
  }
  service.network_changed(call, group.vpc);
  return made;
}

struct Revocation {
  Direction direction;
  const std::vector<std::string>& rule_ids;
  std::vector<RuleRow> rules;  // Without ids.
};

std::vector<RevokedSecurityGroupRule> revoke(Service& service, Call& call, const GroupRow& group,
                                             const Revocation& revocation) {
  std::vector<RevokedSecurityGroupRule> revoked;
  const std::vector<RuleRow> have = rules_of(call.transaction, group.id);
  auto remove = [&](auto condition, const std::string& words) {
    auto found = std::ranges::find_if(have, condition);
    if (found == have.end()) {
      throw aws::ServiceError(
          "InvalidPermission.NotFound", 400,
          fmt::format("The specified rule does not exist in this security group: {}", words));
    }
    call.transaction.run("DELETE FROM ec2_security_group_rule WHERE id = ?1", {found->id});
    delete_tags_of(call, found->id);
    revoked.push_back({.security_group_rule_id = found->id,
                       .group_id = group.id,
                       .is_egress = found->is_egress,
                       .ip_protocol = found->protocol,
                       .from_port = found->from_port,
                       .to_port = found->to_port});
  };
  const bool is_egress = revocation.direction == Direction::Egress;
  for (const std::string& id : revocation.rule_ids) {
    remove([&](const RuleRow& rule) { return rule.id == id && rule.is_egress == is_egress; }, id);
  }
  for (const RuleRow& wanted : revocation.rules) {
    remove([&](const RuleRow& rule) { return is_same(rule, wanted); }, words_of(wanted));
  }
  service.network_changed(call, group.vpc);
  return revoked;
}

// The older form of a request: one rule in the request itself.
std::vector<IpPermission> permissions_of(const AuthorizeSecurityGroupIngressRequest& request) {
  std::vector<IpPermission> permissions = request.ip_permissions;
  if (request.ip_protocol) {
    IpPermission& one = permissions.emplace_back();
    one.ip_protocol = request.ip_protocol;
    one.from_port = request.from_port;
    one.to_port = request.to_port;
    if (request.cidr_ip) one.ip_ranges.push_back({.cidr_ip = request.cidr_ip});
    if (request.source_security_group_name) {
      one.user_id_group_pairs.push_back({.group_name = request.source_security_group_name});
    }
  }
  return permissions;
}

GroupRow group_of(Service& service, Call& call, const std::optional<std::string>& id,
                  const std::optional<std::string>& name) {
  if (id) return require_group(call, *id);
  if (!name) throw_missing("GroupId");
  return require_group_named(call, require_default_vpc(service, call).id, *name);
}

[[noreturn]] void throw_no_rule(const std::string& id) {
  throw aws::ServiceError("InvalidSecurityGroupRuleId.NotFound", 400,
                          fmt::format("The security group rule ID '{}' does not exist", id));
}

struct Descriptions {
  Direction direction;
  const std::vector<SecurityGroupRuleDescription>& by_id;
  const std::vector<IpPermission>& by_rule;
};

// A description that is not given takes away the one that was there.
void update_descriptions(Call& call, const GroupRow& group, const Descriptions& wanted) {
  const std::vector<RuleRow> have = rules_of(call.transaction, group.id);
  auto write = [&](auto found, const std::string& description) {
    const sql::Value value = description.empty() ? sql::Value() : sql::Value(description);
    call.transaction.run("UPDATE ec2_security_group_rule SET description = ?2 WHERE id = ?1",
                         {found->id, value});
  };
  const bool is_egress = wanted.direction == Direction::Egress;
  for (const SecurityGroupRuleDescription& each : wanted.by_id) {
    if (!each.security_group_rule_id) throw_missing("SecurityGroupRuleId");
    const std::string& id = *each.security_group_rule_id;
    auto found = std::ranges::find_if(
        have, [&](const RuleRow& rule) { return rule.id == id && rule.is_egress == is_egress; });
    if (found == have.end()) throw_no_rule(id);
    write(found, each.description.value_or(""));
  }
  if (wanted.by_rule.empty() && !wanted.by_id.empty()) return;
  for (const RuleRow& rule : rules_from(call, group, wanted.direction, wanted.by_rule)) {
    auto found = std::ranges::find_if(have, [&](const RuleRow& other) { return is_same(other, rule); });
    if (found == have.end()) {
      throw aws::ServiceError("InvalidPermission.NotFound", 400,
                              fmt::format("The specified rule does not exist in this security group: {}",
                                          words_of(rule)));
    }
    write(found, rule.description);
  }
}

// A rule keeps its id and its kind of source; whatever else it says is replaced.
RuleRow changed_rule(Call& call, const GroupRow& group, const RuleRow& old,
                     const SecurityGroupRuleRequest& wanted) {
  if (wanted.prefix_list_id) throw aws::NotImplemented("ModifySecurityGroupRules: PrefixListId");
  if (!wanted.ip_protocol) throw_missing("IpProtocol");
  RuleRow rule{.id = old.id,
               .group = group.id,
               .is_egress = old.is_egress,
               .protocol = normal_protocol(*wanted.ip_protocol),
               .from_port = wanted.from_port.value_or(-1),
               .to_port = wanted.to_port.value_or(-1),
               .cidr6 = wanted.cidr_ipv6.value_or(""),
               .description = wanted.description.value_or("")};
  if (rule.protocol == "-1") rule.from_port = rule.to_port = -1;
  check_ports(rule);
  if (wanted.cidr_ipv4) rule.cidr = normal_cidr(*wanted.cidr_ipv4);
  if (wanted.referenced_group_id) rule.peer_group = require_group(call, *wanted.referenced_group_id).id;
  const int sources = int{!rule.cidr.empty()} + int{!rule.cidr6.empty()} + int{!rule.peer_group.empty()};
  if (sources != 1) throw_invalid("A rule has exactly one of CidrIpv4, CidrIpv6 and ReferencedGroupId.");
  if (rule.cidr.empty() != old.cidr.empty() || rule.cidr6.empty() != old.cidr6.empty()) {
    throw_invalid("You may not change the source or destination type of a security group rule.");
  }
  return rule;
}

}  // namespace

int protocol_number(std::string_view protocol) {
  if (protocol == "tcp") return 6;
  if (protocol == "udp") return 17;
  if (protocol == "icmp") return 1;
  if (protocol == "icmpv6") return 58;
  return static_cast<int>(parse_integer(protocol).value_or(-1));
}

std::vector<RuleRow> rules_of(sql::Transaction& transaction, const std::string& group) {
  std::vector<RuleRow> rules;
  for (const sql::Row& row :
       transaction.run("SELECT id, security_group, is_egress, protocol, from_port, to_port, cidr, cidr6, "
                       "peer_group, description"
                       " FROM ec2_security_group_rule WHERE security_group = ?1 ORDER BY rowid",
                       {group})) {
    rules.push_back({.id = row.text(0),
                     .group = row.text(1),
                     .is_egress = row.integer(2) != 0,
                     .protocol = row.text(3),
                     .from_port = static_cast<int>(row.integer(4)),
                     .to_port = static_cast<int>(row.integer(5)),
                     .cidr = row.optional_text(6).value_or(""),
                     .cidr6 = row.optional_text(7).value_or(""),
                     .peer_group = row.optional_text(8).value_or(""),
                     .description = row.optional_text(9).value_or("")});
  }
  return rules;
}

void insert_rule(Call& call, const RuleRow& rule) {
  auto or_null = [](const std::string& text) { return text.empty() ? sql::Value() : sql::Value(text); };
  call.transaction.run(
      "INSERT INTO ec2_security_group_rule (id, security_group, is_egress, protocol, from_port, to_port, "
      "cidr, cidr6,"
      " peer_group, description) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      {rule.id, rule.group, int64_t{rule.is_egress}, rule.protocol, int64_t{rule.from_port},
       int64_t{rule.to_port}, or_null(rule.cidr), or_null(rule.cidr6), or_null(rule.peer_group),
       or_null(rule.description)});
}

void add_permission(std::vector<IpPermission>& permissions, const RuleRow& rule, const std::string& account) {
  const bool has_ports = rule.protocol != "-1";
  auto found = std::ranges::find_if(permissions, [&](const IpPermission& each) {
    return each.ip_protocol == rule.protocol && each.from_port.value_or(-1) == rule.from_port &&
           each.to_port.value_or(-1) == rule.to_port;
  });
  if (found == permissions.end()) {
    IpPermission permission{.ip_protocol = rule.protocol};
    if (has_ports) permission.from_port = rule.from_port;
    if (has_ports) permission.to_port = rule.to_port;
    found = permissions.insert(permissions.end(), std::move(permission));
  }
  const std::optional<std::string> description =
      rule.description.empty() ? std::nullopt : std::optional(rule.description);
  if (!rule.cidr.empty()) found->ip_ranges.push_back({.description = description, .cidr_ip = rule.cidr});
  if (!rule.cidr6.empty())
    found->ipv6_ranges.push_back({.description = description, .cidr_ipv6 = rule.cidr6});
  if (!rule.peer_group.empty()) {
    found->user_id_group_pairs.push_back(
        {.description = description, .user_id = account, .group_id = rule.peer_group});
  }
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
AuthorizeSecurityGroupIngressResult authorize_security_group_ingress(
    Service& service, Call& call, const AuthorizeSecurityGroupIngressRequest& request) {
  const GroupRow group = group_of(service, call, request.group_id, request.group_name);
  auto rules = rules_from(call, group, Direction::Ingress, permissions_of(request));
  end_dry_run(request.dry_run);
  return {
      .return_ = true,
      .security_group_rules = authorize(service, call, group, std::move(rules), request.tag_specifications)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html
AuthorizeSecurityGroupEgressResult authorize_security_group_egress(
    Service& service, Call& call, const AuthorizeSecurityGroupEgressRequest& request) {
  const GroupRow group = require_group(call, request.group_id);
  auto rules = rules_from(call, group, Direction::Egress, request.ip_permissions);
  end_dry_run(request.dry_run);
  return {
      .return_ = true,
      .security_group_rules = authorize(service, call, group, std::move(rules), request.tag_specifications)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
RevokeSecurityGroupIngressResult revoke_security_group_ingress(
    Service& service, Call& call, const RevokeSecurityGroupIngressRequest& request) {
  const GroupRow group = group_of(service, call, request.group_id, request.group_name);
  Revocation revocation{Direction::Ingress, request.security_group_rule_ids, {}};
  const auto permissions = permissions_of({.cidr_ip = request.cidr_ip,
                                           .from_port = request.from_port,
                                           .ip_permissions = request.ip_permissions,
                                           .ip_protocol = request.ip_protocol,
                                           .source_security_group_name = request.source_security_group_name,
                                           .to_port = request.to_port});
  if (!permissions.empty()) revocation.rules = rules_from(call, group, Direction::Ingress, permissions);
  end_dry_run(request.dry_run);
  return {.return_ = true, .revoked_security_group_rules = revoke(service, call, group, revocation)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupEgress.html
RevokeSecurityGroupEgressResult revoke_security_group_egress(
    Service& service, Call& call, const RevokeSecurityGroupEgressRequest& request) {
  const GroupRow group = require_group(call, request.group_id);
  Revocation revocation{Direction::Egress, request.security_group_rule_ids, {}};
  if (!request.ip_permissions.empty()) {
    revocation.rules = rules_from(call, group, Direction::Egress, request.ip_permissions);
  }
  end_dry_run(request.dry_run);
  return {.return_ = true, .revoked_security_group_rules = revoke(service, call, group, revocation)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html
ModifySecurityGroupRulesResult modify_security_group_rules(Service& service, Call& call,
                                                           const ModifySecurityGroupRulesRequest& request) {
  const GroupRow group = require_group(call, request.group_id);
  if (request.security_group_rules.empty()) throw_missing("SecurityGroupRule");
  for (const SecurityGroupRuleUpdate& update : request.security_group_rules) {
    const std::vector<RuleRow> have = rules_of(call.transaction, group.id);
    auto old = std::ranges::find(have, update.security_group_rule_id, &RuleRow::id);
    if (old == have.end()) throw_no_rule(update.security_group_rule_id);
    if (!update.security_group_rule) throw_missing("SecurityGroupRule");
    const RuleRow rule = changed_rule(call, group, *old, *update.security_group_rule);
    auto clashes = [&](const RuleRow& other) { return other.id != rule.id && is_same(other, rule); };
    if (std::ranges::any_of(have, clashes)) {
      throw aws::ServiceError("InvalidPermission.Duplicate", 400,
                              fmt::format("the specified rule \"{}\" already exists", words_of(rule)));
    }
    call.transaction.run("DELETE FROM ec2_security_group_rule WHERE id = ?1", {rule.id});
    insert_rule(call, rule);
  }
  end_dry_run(request.dry_run);
  service.network_changed(call, group.vpc);
  return {.return_ = true};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html
UpdateSecurityGroupRuleDescriptionsIngressResult update_security_group_rule_descriptions_ingress(
    Service& service, Call& call, const UpdateSecurityGroupRuleDescriptionsIngressRequest& request) {
  const GroupRow group = group_of(service, call, request.group_id, request.group_name);
  update_descriptions(
      call, group, {Direction::Ingress, request.security_group_rule_descriptions, request.ip_permissions});
  end_dry_run(request.dry_run);
  return {.return_ = true};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsEgress.html
UpdateSecurityGroupRuleDescriptionsEgressResult update_security_group_rule_descriptions_egress(
    Service& service, Call& call, const UpdateSecurityGroupRuleDescriptionsEgressRequest& request) {
  const GroupRow group = group_of(service, call, request.group_id, request.group_name);
  update_descriptions(
      call, group, {Direction::Egress, request.security_group_rule_descriptions, request.ip_permissions});
  end_dry_run(request.dry_run);
  return {.return_ = true};
}

namespace {

// Of rules, each of which has to be there.
std::vector<std::string> groups_of(Call& call, const std::vector<std::string>& rules) {
  std::vector<std::string> groups;
  for (const std::string& id : rules) {
    auto found = call.transaction.find(
        "SELECT of_it.id FROM ec2_security_group_rule AS rule JOIN ec2_security_group AS of_it"
        " ON of_it.id = rule.security_group WHERE rule.id = ?1 AND of_it.account = ?2 AND of_it.region = ?3",
        {id, call.account, call.region});
    if (!found) throw_no_rule(id);
    groups.push_back(found->text(0));
  }
  return groups;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupRules.html
DescribeSecurityGroupRulesResult describe_security_group_rules(
    Service&, Call& call, const DescribeSecurityGroupRulesRequest& request) {
  check_filters("DescribeSecurityGroupRules", request.filters);
  DescribeSecurityGroupRulesResult result;
  Selection selection(call);
  selection.among("id", groups_of(call, request.security_group_rule_ids))
      .filtered("id", request.filters, "group-id");
  for (const sql::Row& group : call.transaction.run(
           fmt::format("SELECT id FROM ec2_security_group WHERE {} ORDER BY created, id", selection.where()),
           selection.arguments())) {
    for (const RuleRow& rule : rules_of(call.transaction, group.text(0))) {
      if (!is_asked_for(request.security_group_rule_ids, rule.id)) continue;
      FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
        if (name == "group-id") return {{rule.group}};
        if (name == "security-group-rule-id") return {{rule.id}};
        return std::nullopt;
      };
      SecurityGroupRule described = describe(call, rule);
      if (passes(request.filters, described.tags, values, described_as(described)))
        result.security_group_rules.push_back(std::move(described));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.security_group_rules, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2

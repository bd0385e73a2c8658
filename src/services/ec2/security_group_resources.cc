// CloudFormation's types for security groups.

#include <algorithm>

#include "ec2/operations.h"
#include "services/ec2/resources.h"

namespace holm::ec2 {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

// The rules inside a group. What else AWS has (prefix lists) is refused by name because it is not here.
constexpr PropertySchema kRuleMembers[] = {
    {.name = "IpProtocol", .presence = Presence::Required},
    {.name = "FromPort", .kind = PropertyKind::Integer},
    {.name = "ToPort", .kind = PropertyKind::Integer},
    {.name = "CidrIp"},
    {.name = "CidrIpv6"},
    {.name = "SourceSecurityGroupId"},
    {.name = "SourceSecurityGroupName"},
    {.name = "DestinationSecurityGroupId"},
    {.name = "Description"},
};

IpPermission permission_of(const Properties& rule) {
  IpPermission permission{.ip_protocol = rule.text("IpProtocol")};
  if (auto port = rule.find_integer("FromPort")) permission.from_port = static_cast<int32_t>(*port);
  if (auto port = rule.find_integer("ToPort")) permission.to_port = static_cast<int32_t>(*port);
  const auto description = rule.find_text("Description");
  if (auto cidr = rule.find_text("CidrIp"))
    permission.ip_ranges.push_back({.description = description, .cidr_ip = cidr});
  if (auto cidr = rule.find_text("CidrIpv6")) {
    permission.ipv6_ranges.push_back({.description = description, .cidr_ipv6 = cidr});
  }
  for (std::string_view name : {"SourceSecurityGroupId", "DestinationSecurityGroupId"}) {
    if (auto group = rule.find_text(name)) {
      permission.user_id_group_pairs.push_back({.description = description, .group_id = group});
    }
  }
  if (auto group = rule.find_text("SourceSecurityGroupName")) {
    permission.user_id_group_pairs.push_back({.description = description, .group_name = group});
  }
  return permission;
}

bool group_exists(Context& context, const std::string& id) {
  return context.call.transaction.find("SELECT 1 FROM ec2_security_group WHERE id = ?1", {id}).has_value();
}

class SecurityGroupType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::SecurityGroup"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "GroupDescription", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "GroupName", .update = Update::Replacement},
        {.name = "VpcId", .update = Update::Replacement},
        {.name = "SecurityGroupIngress",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = kRuleMembers},
        {.name = "SecurityGroupEgress",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = kRuleMembers},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"GroupId", "Id", "VpcId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateSecurityGroup>(
        {.description = wanted.text("GroupDescription"),
         .group_name = wanted.find_text("GroupName").value_or(context.name(255)),
         .vpc_id = wanted.find_text("VpcId"),
         .tag_specifications = tag_specifications(context, wanted, "security-group")});
    const std::string id = *made.group_id;
    set_ingress(context, id, {}, wanted.objects("SecurityGroupIngress"));
    if (wanted.has("SecurityGroupEgress")) {
      // Rules of its own take the place of the one that lets everything out.
      context.invoke<RevokeSecurityGroupEgress>(
          {.group_id = id,
           .ip_permissions = {{.ip_protocol = "-1", .ip_ranges = {{.cidr_ip = "0.0.0.0/0"}}}}});
      set_egress(context, id, {}, wanted.objects("SecurityGroupEgress"));
    }
    formats::Object attributes;
    attributes.set("GroupId", id);
    attributes.set("Id", id);
    auto row = context.call.transaction.find("SELECT vpc FROM ec2_security_group WHERE id = ?1", {id});
    attributes.set("VpcId", row->text(0));
    return {id, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (stacks::differs(was.properties, wanted, "SecurityGroupIngress")) {
      set_ingress(context, was.physical_id, was.properties.objects("SecurityGroupIngress"),
                  wanted.objects("SecurityGroupIngress"));
    }
    if (stacks::differs(was.properties, wanted, "SecurityGroupEgress")) {
      set_egress(context, was.physical_id, was.properties.objects("SecurityGroupEgress"),
                 wanted.objects("SecurityGroupEgress"));
    }
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (group_exists(context, resource.physical_id)) {
      context.invoke<DeleteSecurityGroup>({.group_id = resource.physical_id});
    }
  }

 private:
  static void set_ingress(Context& context, const std::string& id, const std::vector<Properties>& was,
                          const std::vector<Properties>& wanted) {
    for (const Properties& rule : was) {
      context.invoke<RevokeSecurityGroupIngress>({.group_id = id, .ip_permissions = {permission_of(rule)}});
    }
    for (const Properties& rule : wanted) {
      context.invoke<AuthorizeSecurityGroupIngress>(
          {.group_id = id, .ip_permissions = {permission_of(rule)}});
    }
  }
  static void set_egress(Context& context, const std::string& id, const std::vector<Properties>& was,
                         const std::vector<Properties>& wanted) {
    for (const Properties& rule : was) {
      context.invoke<RevokeSecurityGroupEgress>({.group_id = id, .ip_permissions = {permission_of(rule)}});
    }
    for (const Properties& rule : wanted) {
      context.invoke<AuthorizeSecurityGroupEgress>({.group_id = id, .ip_permissions = {permission_of(rule)}});
    }
  }
};

// AWS::EC2::SecurityGroupIngress and …Egress: a rule that lives beside its group, for groups that name each
// other.
template <bool is_egress>
class RuleType final : public stacks::ResourceType {
 public:
  std::string_view name() const override {
    return is_egress ? "AWS::EC2::SecurityGroupEgress" : "AWS::EC2::SecurityGroupIngress";
  }
  std::span<const PropertySchema> properties() const override {
    static const std::vector<PropertySchema> all = [] {
      std::vector<PropertySchema> members(std::begin(kRuleMembers), std::end(kRuleMembers));
      members.push_back({.name = "GroupId", .presence = Presence::Required});
      for (PropertySchema& each : members) each.update = Update::Replacement;
      return members;
    }();
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Id"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    std::vector<SecurityGroupRule> rules;
    if constexpr (is_egress) {
      rules = context
                  .invoke<AuthorizeSecurityGroupEgress>(
                      {.group_id = wanted.text("GroupId"), .ip_permissions = {permission_of(wanted)}})
                  .security_group_rules;
    } else {
      rules = context
                  .invoke<AuthorizeSecurityGroupIngress>(
                      {.group_id = wanted.text("GroupId"), .ip_permissions = {permission_of(wanted)}})
                  .security_group_rules;
    }
    const std::string id = *rules.front().security_group_rule_id;
    formats::Object attributes;
    attributes.set("Id", id);
    return {id, std::move(attributes)};
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (!context.call.transaction.find("SELECT 1 FROM ec2_security_group_rule WHERE id = ?1",
                                       {resource.physical_id}))
      return;
    const std::string group = resource.properties.text("GroupId");
    if constexpr (is_egress) {
      context.invoke<RevokeSecurityGroupEgress>(
          {.security_group_rule_ids = {resource.physical_id}, .group_id = group});
    } else {
      context.invoke<RevokeSecurityGroupIngress>(
          {.group_id = group, .security_group_rule_ids = {resource.physical_id}});
    }
  }
};

}  // namespace

void add_security_group_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<SecurityGroupType>());
  types.push_back(std::make_unique<RuleType<false>>());
  types.push_back(std::make_unique<RuleType<true>>());
}

}  // namespace holm::ec2

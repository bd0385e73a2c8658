// CloudFormation's types for network ACLs.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-networkacl.html

#include <fmt/format.h>

#include "ec2/operations.h"
#include "services/ec2/resources.h"
#include "stacks/numbers.h"

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

constexpr PropertySchema kIcmpMembers[] = {{.name = "Code", .kind = PropertyKind::Integer},
                                           {.name = "Type", .kind = PropertyKind::Integer}};
constexpr PropertySchema kPortMembers[] = {{.name = "From", .kind = PropertyKind::Integer},
                                           {.name = "To", .kind = PropertyKind::Integer}};

class NetworkAclType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::NetworkAcl"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "VpcId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Id"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateNetworkAcl>(
        {.tag_specifications = tag_specifications(context, wanted, "network-acl"),
         .vpc_id = wanted.text("VpcId")});
    formats::Object attributes;
    attributes.set("Id", *made.network_acl->network_acl_id);
    return {*made.network_acl->network_acl_id, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (context.call.transaction.find("SELECT 1 FROM ec2_network_acl WHERE id = ?1",
                                      {resource.physical_id})) {
      context.invoke<DeleteNetworkAcl>({.network_acl_id = resource.physical_id});
    }
  }
};

class NetworkAclEntryType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::NetworkAclEntry"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "NetworkAclId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "RuleNumber",
         .kind = PropertyKind::Integer,
         .presence = Presence::Required,
         .update = Update::Replacement},
        {.name = "Egress", .kind = PropertyKind::Boolean, .update = Update::Replacement},
        {.name = "Protocol", .kind = PropertyKind::Integer, .presence = Presence::Required},
        {.name = "RuleAction", .presence = Presence::Required},
        {.name = "CidrBlock"},
        {.name = "Ipv6CidrBlock"},
        {.name = "Icmp", .kind = PropertyKind::Object, .members = kIcmpMembers},
        {.name = "PortRange", .kind = PropertyKind::Object, .members = kPortMembers}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Id"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    context.invoke<CreateNetworkAclEntry>(request<CreateNetworkAclEntryRequest>(wanted));
    const std::string id =
        fmt::format("{}|{}|{}", wanted.text("NetworkAclId"), wanted.integer("RuleNumber", 0),
                    wanted.boolean("Egress", false) ? "egress" : "ingress");
    formats::Object attributes;
    attributes.set("Id", id);
    return {id, std::move(attributes)};
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    context.invoke<ReplaceNetworkAclEntry>(request<ReplaceNetworkAclEntryRequest>(wanted));
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    const Properties& was = resource.properties;
    const std::string acl = was.text("NetworkAclId");
    const int64_t rule = was.integer("RuleNumber", 0);
    const bool is_egress = was.boolean("Egress", false);
    auto row = context.call.transaction.find(
        "SELECT 1 FROM ec2_network_acl_entry WHERE acl = ?1 AND is_egress = ?2 AND number = ?3",
        {acl, int64_t{is_egress}, rule});
    if (!row) return;
    context.invoke<DeleteNetworkAclEntry>(
        {.network_acl_id = acl, .rule_number = static_cast<int32_t>(rule), .egress = is_egress});
  }

 private:
  template <class Request>
  static Request request(const Properties& wanted) {
    Request made;
    made.network_acl_id = wanted.text("NetworkAclId");
    made.rule_number = stacks::number(wanted, "RuleNumber").value_or(0);
    made.protocol = std::to_string(wanted.integer("Protocol", -1));
    made.rule_action = wanted.text("RuleAction");
    made.egress = wanted.boolean("Egress", false);
    made.cidr_block = wanted.find_text("CidrBlock");
    made.ipv6_cidr_block = wanted.find_text("Ipv6CidrBlock");
    if (auto icmp = wanted.find_object("Icmp")) {
      made.icmp_type_code =
          IcmpTypeCode{.code = stacks::number(*icmp, "Code"), .type = stacks::number(*icmp, "Type")};
    }
    if (auto ports = wanted.find_object("PortRange")) {
      made.port_range = PortRange{.from = stacks::number(*ports, "From"), .to = stacks::number(*ports, "To")};
    }
    return made;
  }
};

// Without it a subnet has its VPC's default network ACL again.
class AclAssociationType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::SubnetNetworkAclAssociation"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "SubnetId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "NetworkAclId", .presence = Presence::Required, .update = Update::Replacement}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"AssociationId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto row = context.call.transaction.find("SELECT id FROM ec2_network_acl_association WHERE subnet = ?1",
                                             {wanted.text("SubnetId")});
    // Of a subnet that does not exist the operation says so.
    auto made = context.invoke<ReplaceNetworkAclAssociation>(
        {.association_id = row ? row->text(0) : wanted.text("SubnetId"),
         .network_acl_id = wanted.text("NetworkAclId")});
    formats::Object attributes;
    attributes.set("AssociationId", *made.new_association_id);
    return {*made.new_association_id, std::move(attributes)};
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, Removal) const override {
    auto row = context.call.transaction.find(
        "SELECT v.network_acl FROM ec2_network_acl_association a JOIN ec2_subnet s ON s.id = a.subnet"
        " JOIN ec2_vpc v ON v.id = s.vpc WHERE a.id = ?1",
        {resource.physical_id});
    if (!row) return;
    context.invoke<ReplaceNetworkAclAssociation>(
        {.association_id = resource.physical_id, .network_acl_id = row->text(0)});
  }
};

}  // namespace

void add_network_acl_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<NetworkAclType>());
  types.push_back(std::make_unique<NetworkAclEntryType>());
  types.push_back(std::make_unique<AclAssociationType>());
}

}  // namespace holm::ec2

// AWS::EC2::DHCPOptions and AWS::EC2::VPCDHCPOptionsAssociation.

#include "ec2/operations.h"
#include "services/ec2/dhcp_options.h"
#include "services/ec2/resources.h"

namespace holm::ec2 {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Update;

class DhcpOptionsType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::DHCPOptions"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "DomainName", .update = Update::Replacement},
        {.name = "DomainNameServers", .kind = PropertyKind::List, .update = Update::Replacement},
        {.name = "NtpServers", .kind = PropertyKind::List, .update = Update::Replacement},
        {.name = "NetbiosNameServers", .kind = PropertyKind::List, .update = Update::Replacement},
        {.name = "NetbiosNodeType", .update = Update::Replacement},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"DhcpOptionsId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    CreateDhcpOptionsRequest request{.tag_specifications =
                                         tag_specifications(context, wanted, "dhcp-options")};
    auto add = [&](std::string key, std::vector<std::string> values) {
      if (!values.empty()) request.dhcp_configurations.push_back({.key = std::move(key), .values = values});
    };
    if (auto domain = wanted.find_text("DomainName")) add("domain-name", {*domain});
    add("domain-name-servers", wanted.texts("DomainNameServers"));
    add("ntp-servers", wanted.texts("NtpServers"));
    add("netbios-name-servers", wanted.texts("NetbiosNameServers"));
    if (auto node = wanted.find_text("NetbiosNodeType")) add("netbios-node-type", {*node});
    const std::string id = *context.invoke<CreateDhcpOptions>(request).dhcp_options->dhcp_options_id;
    formats::Object attributes;
    attributes.set("DhcpOptionsId", id);
    return {id, std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    if (exists(context, resource)) return stacks::ready();
    return stacks::failed("The DHCP options are gone.");
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    if (exists(context, resource)) context.invoke<DeleteDhcpOptions>({.dhcp_options_id = resource.physical_id});
  }

 private:
  static bool exists(Context& context, const Existing& resource) {
    auto found = context.invoke<DescribeDhcpOptions>(
        {.filters = {{.name = "dhcp-options-id", .values = {resource.physical_id}}}});
    return !found.dhcp_options.empty();
  }
};

class DhcpOptionsAssociationType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::VPCDHCPOptionsAssociation"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "DhcpOptionsId", .presence = Presence::Required},
        {.name = "VpcId", .presence = Presence::Required, .update = Update::Replacement}};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    associate(context, wanted);
    return {wanted.text("DhcpOptionsId") + "|" + wanted.text("VpcId")};
  }
  Progress check(Context& context, const Existing& resource) const override {
    if (!find_vpc(context, resource)) return stacks::failed("The VPC is gone.");
    return {.physical_id = resource.properties.text("DhcpOptionsId") + "|" + resource.properties.text("VpcId")};
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    associate(context, wanted);
  }
  // The VPC has what it began with again, unless it was given others meanwhile.
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const auto vpc = find_vpc(context, resource);
    if (!vpc || vpc->dhcp_options_id != resource.properties.text("DhcpOptionsId")) return;
    context.invoke<AssociateDhcpOptions>(
        {.dhcp_options_id = default_dhcp_options(context.call.account, context.call.region),
         .vpc_id = *vpc->vpc_id});
  }

 private:
  static void associate(Context& context, const Properties& wanted) {
    context.invoke<AssociateDhcpOptions>(
        {.dhcp_options_id = wanted.text("DhcpOptionsId"), .vpc_id = wanted.text("VpcId")});
  }
  static std::optional<Vpc> find_vpc(Context& context, const Existing& resource) {
    auto found = context.invoke<DescribeVpcs>(
        {.filters = {{.name = "vpc-id", .values = {resource.properties.text("VpcId")}}}});
    return found.vpcs.empty() ? std::nullopt : std::optional(found.vpcs.front());
  }
};

}  // namespace

void add_dhcp_options_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<DhcpOptionsType>());
  types.push_back(std::make_unique<DhcpOptionsAssociationType>());
}

}  // namespace holm::ec2

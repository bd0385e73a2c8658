// AWS::EC2::EIP and AWS::EC2::EIPAssociation.

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

std::optional<Address> find_address(Context& context, const std::string& public_ip) {
  auto found = context.invoke<DescribeAddresses>(
      {.filters = {{.name = "public-ip", .values = {public_ip}}}});
  return found.addresses.empty() ? std::nullopt : std::optional(found.addresses.front());
}

void disassociate(Context& context, const std::optional<std::string>& association) {
  if (association) context.invoke<DisassociateAddress>({.association_id = association});
}

class AddressType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::EIP"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {{.name = "Domain"},
                                         {.name = "InstanceId"},
                                         {.name = "NetworkBorderGroup", .update = Update::Replacement},
                                         {.name = "PublicIpv4Pool", .update = Update::Replacement},
                                         {.name = "Tags",
                                          .kind = PropertyKind::List,
                                          .element = PropertyKind::Object,
                                          .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"AllocationId", "PublicIp"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<AllocateAddress>(
        {.domain = wanted.find_text("Domain"),
         .public_ipv4_pool = wanted.find_text("PublicIpv4Pool"),
         .network_border_group = wanted.find_text("NetworkBorderGroup"),
         .tag_specifications = tag_specifications(context, wanted, "elastic-ip")});
    associate(context, *made.allocation_id, wanted);
    formats::Object attributes;
    attributes.set("AllocationId", *made.allocation_id);
    attributes.set("PublicIp", *made.public_ip);
    return {*made.public_ip, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const std::string id = *was.attributes.find("AllocationId")->as_string();
    if (stacks::differs(was.properties, wanted, "InstanceId")) {
      const auto address = find_address(context, was.physical_id);
      if (address) disassociate(context, address->association_id);
      associate(context, id, wanted);
    }
    // Tags hang on the allocation, which is not what Ref gives.
    update_tags(context, {id, was.attributes, was.properties}, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    const auto address = find_address(context, resource.physical_id);
    if (!address) return;
    disassociate(context, address->association_id);
    context.invoke<ReleaseAddress>({.allocation_id = address->allocation_id});
  }

 private:
  static void associate(Context& context, const std::string& id, const Properties& wanted) {
    auto instance = wanted.find_text("InstanceId");
    if (instance) context.invoke<AssociateAddress>({.allocation_id = id, .instance_id = instance});
  }
};

class AddressAssociationType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::EIPAssociation"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {{.name = "AllocationId", .update = Update::Replacement},
                                         {.name = "EIP", .update = Update::Replacement},
                                         {.name = "InstanceId", .update = Update::Replacement},
                                         {.name = "NetworkInterfaceId", .update = Update::Replacement},
                                         {.name = "PrivateIpAddress", .update = Update::Replacement}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Id"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<AssociateAddress>(
        {.allocation_id = wanted.find_text("AllocationId"),
         .instance_id = wanted.find_text("InstanceId"),
         .public_ip = wanted.find_text("EIP"),
         .network_interface_id = wanted.find_text("NetworkInterfaceId"),
         .private_ip_address = wanted.find_text("PrivateIpAddress")});
    formats::Object attributes;
    attributes.set("Id", *made.association_id);
    return {*made.association_id, std::move(attributes)};
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, Removal) const override {
    auto found = context.invoke<DescribeAddresses>(
        {.filters = {{.name = "association-id", .values = {resource.physical_id}}}});
    if (!found.addresses.empty()) disassociate(context, resource.physical_id);
  }
};

}  // namespace

void add_address_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<AddressType>());
  types.push_back(std::make_unique<AddressAssociationType>());
}

}  // namespace holm::ec2

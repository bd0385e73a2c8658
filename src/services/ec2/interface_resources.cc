// AWS::EC2::NetworkInterface.

#include "ec2/operations.h"
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

std::optional<NetworkInterface> find_interface(Context& context, const std::string& id) {
  auto found = context.invoke<DescribeNetworkInterfaces>(
      {.filters = {{.name = "network-interface-id", .values = {id}}}});
  return found.network_interfaces.empty() ? std::nullopt : std::optional(found.network_interfaces.front());
}

class NetworkInterfaceType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::NetworkInterface"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "SubnetId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "PrivateIpAddress", .update = Update::Replacement},
        {.name = "InterfaceType", .update = Update::Replacement},
        {.name = "Description"},
        {.name = "GroupSet", .kind = PropertyKind::List},
        {.name = "SourceDestCheck", .kind = PropertyKind::Boolean},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Id", "PrimaryPrivateIpAddress", "VpcId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    const auto made = context.invoke<CreateNetworkInterface>(
        {.interface_type = wanted.find_text("InterfaceType"),
         .tag_specifications = tag_specifications(context, wanted, "network-interface"),
         .subnet_id = wanted.text("SubnetId"),
         .description = wanted.find_text("Description"),
         .private_ip_address = wanted.find_text("PrivateIpAddress"),
         .groups = wanted.texts("GroupSet")});
    const NetworkInterface& interface = *made.network_interface;
    check_source(context, *interface.network_interface_id, wanted);
    formats::Object attributes;
    attributes.set("Id", *interface.network_interface_id);
    attributes.set("PrimaryPrivateIpAddress", interface.private_ip_address.value_or(""));
    attributes.set("VpcId", interface.vpc_id.value_or(""));
    return {*interface.network_interface_id, std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    if (find_interface(context, resource.physical_id)) return stacks::ready();
    return stacks::failed("The network interface is gone.");
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    check_source(context, was.physical_id, wanted);
    context.invoke<ModifyNetworkInterfaceAttribute>(
        {.network_interface_id = was.physical_id,
         .description = AttributeValue{.value = wanted.text("Description")},
         .groups = wanted.texts("GroupSet")});
    update_tags(context, was, wanted);
  }
  // Its instance lets go of it first.
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    auto interface = find_interface(context, resource.physical_id);
    if (interface && *interface->status == "available") {
      context.invoke<DeleteNetworkInterface>({.network_interface_id = resource.physical_id});
    }
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    auto interface = find_interface(context, resource.physical_id);
    if (!interface) return stacks::ready();
    if (*interface->status != "available") return stacks::in_progress();
    context.invoke<DeleteNetworkInterface>({.network_interface_id = resource.physical_id});
    return stacks::ready();
  }

 private:
  static void check_source(Context& context, const std::string& id, const Properties& wanted) {
    auto checks = wanted.find_boolean("SourceDestCheck");
    if (!checks) return;
    context.invoke<ModifyNetworkInterfaceAttribute>(
        {.network_interface_id = id, .source_dest_check = AttributeBooleanValue{.value = *checks}});
  }
};

}  // namespace

void add_interface_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<NetworkInterfaceType>());
}

}  // namespace holm::ec2

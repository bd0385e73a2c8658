// AWS::EC2::VPCPeeringConnection.

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

std::string status_of(Context& context, const std::string& id) {
  auto found = context.invoke<DescribeVpcPeeringConnections>(
      {.filters = {{.name = "vpc-peering-connection-id", .values = {id}}}});
  return found.vpc_peering_connections.empty() ? "" : *found.vpc_peering_connections.front().status->code;
}

// What is asked of the own account is accepted at once; another one is waited for.
class PeeringType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::VPCPeeringConnection"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "VpcId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "PeerVpcId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "PeerOwnerId", .update = Update::Replacement},
        {.name = "PeerRegion", .update = Update::Replacement},
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
    auto made = context.invoke<CreateVpcPeeringConnection>(
        {.peer_region = wanted.find_text("PeerRegion"),
         .tag_specifications = tag_specifications(context, wanted, "vpc-peering-connection"),
         .vpc_id = wanted.text("VpcId"),
         .peer_vpc_id = wanted.text("PeerVpcId"),
         .peer_owner_id = wanted.find_text("PeerOwnerId")});
    const std::string id = *made.vpc_peering_connection->vpc_peering_connection_id;
    const bool is_own = wanted.find_text("PeerOwnerId").value_or(context.call.account) == context.call.account;
    if (is_own && status_of(context, id) == "pending-acceptance") {
      context.invoke<AcceptVpcPeeringConnection>({.vpc_peering_connection_id = id});
    }
    formats::Object attributes;
    attributes.set("Id", id);
    return {id, std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    const std::string status = status_of(context, resource.physical_id);
    if (status == "active") return stacks::ready();
    if (status == "pending-acceptance") return stacks::in_progress();
    return stacks::failed("VpcPeeringConnection failed to stabilize: it is " +
                          (status.empty() ? "gone" : status) + ".");
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    const std::string status = status_of(context, resource.physical_id);
    if (status != "active" && status != "pending-acceptance") return;
    context.invoke<DeleteVpcPeeringConnection>({.vpc_peering_connection_id = resource.physical_id});
  }
};

}  // namespace

void add_peering_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<PeeringType>());
}

}  // namespace holm::ec2

// CloudFormation's types for networks.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_EC2.html

#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.h"
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
using stacks::Removal;
using stacks::Update;

PropertySchema tags() {
  return {.name = "Tags",
          .kind = PropertyKind::List,
          .element = PropertyKind::Object,
          .members = stacks::kTagSchema};
}

// Whether the account still has the resource: removing what is gone is no error.
bool row_exists(Context& context, std::string_view table, const std::string& id) {
  return context.call.transaction.find(fmt::format("SELECT 1 FROM {} WHERE id = ?1", table), {id})
      .has_value();
}

class VpcType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::VPC"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "CidrBlock", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "EnableDnsSupport", .kind = PropertyKind::Boolean},
        {.name = "EnableDnsHostnames", .kind = PropertyKind::Boolean},
        {.name = "InstanceTenancy", .update = Update::Conditional},
        tags()};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"VpcId", "CidrBlock", "DefaultSecurityGroup",
                                               "DefaultNetworkAcl"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateVpc>({.cidr_block = wanted.text("CidrBlock"),
                                           .tag_specifications = tag_specifications(context, wanted, "vpc"),
                                           .instance_tenancy = wanted.find_text("InstanceTenancy")});
    const std::string id = *made.vpc->vpc_id;
    set_attributes(context, id, wanted);
    formats::Object attributes;
    attributes.set("VpcId", id);
    attributes.set("CidrBlock", wanted.text("CidrBlock"));
    auto row =
        context.call.transaction.find("SELECT default_group, network_acl FROM ec2_vpc WHERE id = ?1", {id});
    attributes.set("DefaultSecurityGroup", row->text(0));
    attributes.set("DefaultNetworkAcl", row->text(1));
    return {id, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    set_attributes(context, was.physical_id, wanted);
    if (stacks::differs(was.properties, wanted, "InstanceTenancy")) {
      context.invoke<ModifyVpcTenancy>({.vpc_id = was.physical_id, .instance_tenancy = "default"});
    }
    update_tags(context, was, wanted);
  }
  // Only the way from dedicated to default leaves the VPC as it is.
  bool replaces(const Properties&, const Properties& wanted, std::string_view) const override {
    return wanted.find_text("InstanceTenancy").value_or("default") != "default";
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (row_exists(context, "ec2_vpc", resource.physical_id))
      context.invoke<DeleteVpc>({.vpc_id = resource.physical_id});
  }

 private:
  static void set_attributes(Context& context, const std::string& id, const Properties& wanted) {
    context.invoke<ModifyVpcAttribute>(
        {.enable_dns_support = AttributeBooleanValue{.value = wanted.boolean("EnableDnsSupport", true)},
         .vpc_id = id});
    context.invoke<ModifyVpcAttribute>(
        {.enable_dns_hostnames = AttributeBooleanValue{.value = wanted.boolean("EnableDnsHostnames", false)},
         .vpc_id = id});
  }
};

class SubnetType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::Subnet"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "VpcId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "CidrBlock", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "AvailabilityZone", .update = Update::Replacement},
        {.name = "MapPublicIpOnLaunch", .kind = PropertyKind::Boolean},
        tags()};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"SubnetId", "AvailabilityZone", "VpcId", "CidrBlock"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made =
        context.invoke<CreateSubnet>({.tag_specifications = tag_specifications(context, wanted, "subnet"),
                                      .availability_zone = wanted.find_text("AvailabilityZone"),
                                      .cidr_block = wanted.text("CidrBlock"),
                                      .vpc_id = wanted.text("VpcId")});
    const Subnet& subnet = *made.subnet;
    map_public_ip(context, *subnet.subnet_id, wanted);
    formats::Object attributes;
    attributes.set("SubnetId", *subnet.subnet_id);
    attributes.set("AvailabilityZone", *subnet.availability_zone);
    attributes.set("VpcId", *subnet.vpc_id);
    attributes.set("CidrBlock", *subnet.cidr_block);
    return {*subnet.subnet_id, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    map_public_ip(context, was.physical_id, wanted);
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (row_exists(context, "ec2_subnet", resource.physical_id)) {
      context.invoke<DeleteSubnet>({.subnet_id = resource.physical_id});
    }
  }

 private:
  static void map_public_ip(Context& context, const std::string& id, const Properties& wanted) {
    context.invoke<ModifySubnetAttribute>(
        {.map_public_ip_on_launch =
             AttributeBooleanValue{.value = wanted.boolean("MapPublicIpOnLaunch", false)},
         .subnet_id = id});
  }
};

class InternetGatewayType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::InternetGateway"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {tags()};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"InternetGatewayId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateInternetGateway>(
        {.tag_specifications = tag_specifications(context, wanted, "internet-gateway")});
    formats::Object attributes;
    attributes.set("InternetGatewayId", *made.internet_gateway->internet_gateway_id);
    return {*made.internet_gateway->internet_gateway_id, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (row_exists(context, "ec2_internet_gateway", resource.physical_id)) {
      context.invoke<DeleteInternetGateway>({.internet_gateway_id = resource.physical_id});
    }
  }
};

class GatewayAttachmentType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::VPCGatewayAttachment"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "VpcId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "InternetGatewayId", .presence = Presence::Required, .update = Update::Replacement}};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    context.invoke<AttachInternetGateway>(
        {.internet_gateway_id = wanted.text("InternetGatewayId"), .vpc_id = wanted.text("VpcId")});
    return {fmt::format("IGW|{}", wanted.text("VpcId"))};
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, Removal) const override {
    const std::string gateway = resource.properties.text("InternetGatewayId"),
                      vpc = resource.properties.text("VpcId");
    auto row = context.call.transaction.find("SELECT 1 FROM ec2_internet_gateway WHERE id = ?1 AND vpc = ?2",
                                             {gateway, vpc});
    if (row) context.invoke<DetachInternetGateway>({.internet_gateway_id = gateway, .vpc_id = vpc});
  }
};

class NatGatewayType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::NatGateway"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "SubnetId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "AllocationId", .update = Update::Replacement},
        {.name = "ConnectivityType", .update = Update::Replacement},
        {.name = "PrivateIpAddress", .update = Update::Replacement},
        tags()};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"NatGatewayId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateNatGateway>(
        {.allocation_id = wanted.find_text("AllocationId"),
         .subnet_id = wanted.text("SubnetId"),
         .tag_specifications = tag_specifications(context, wanted, "natgateway"),
         .connectivity_type = wanted.find_text("ConnectivityType"),
         .private_ip_address = wanted.find_text("PrivateIpAddress")});
    formats::Object attributes;
    attributes.set("NatGatewayId", *made.nat_gateway->nat_gateway_id);
    return {*made.nat_gateway->nat_gateway_id, std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    auto found = context.invoke<DescribeNatGateways>({.nat_gateway_ids = {resource.physical_id}});
    const NatGateway& gateway = found.nat_gateways.front();
    if (gateway.state == "failed") return stacks::failed(gateway.failure_message.value_or(""));
    return stacks::ready();
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    auto row = context.call.transaction.find(
        "SELECT 1 FROM ec2_nat_gateway WHERE id = ?1 AND state <> 'deleted'", {resource.physical_id});
    if (row) context.invoke<DeleteNatGateway>({.nat_gateway_id = resource.physical_id});
  }
};

class RouteTableType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::RouteTable"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "VpcId", .presence = Presence::Required, .update = Update::Replacement}, tags()};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"RouteTableId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateRouteTable>(
        {.tag_specifications = tag_specifications(context, wanted, "route-table"),
         .vpc_id = wanted.text("VpcId")});
    formats::Object attributes;
    attributes.set("RouteTableId", *made.route_table->route_table_id);
    return {*made.route_table->route_table_id, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (row_exists(context, "ec2_route_table", resource.physical_id)) {
      context.invoke<DeleteRouteTable>({.route_table_id = resource.physical_id});
    }
  }
};

class RouteType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::Route"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "RouteTableId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "DestinationCidrBlock", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "GatewayId"},
        {.name = "NatGatewayId"},
        {.name = "VpcPeeringConnectionId"}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"CidrBlock"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    context.invoke<CreateRoute>({.route_table_id = wanted.text("RouteTableId"),
                                 .destination_cidr_block = wanted.text("DestinationCidrBlock"),
                                 .gateway_id = wanted.find_text("GatewayId"),
                                 .vpc_peering_connection_id = wanted.find_text("VpcPeeringConnectionId"),
                                 .nat_gateway_id = wanted.find_text("NatGatewayId")});
    formats::Object attributes;
    attributes.set("CidrBlock", wanted.text("DestinationCidrBlock"));
    return {fmt::format("{}|{}", wanted.text("RouteTableId"), wanted.text("DestinationCidrBlock")),
            std::move(attributes)};
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    context.invoke<ReplaceRoute>({.route_table_id = wanted.text("RouteTableId"),
                                  .destination_cidr_block = wanted.text("DestinationCidrBlock"),
                                  .gateway_id = wanted.find_text("GatewayId"),
                                  .vpc_peering_connection_id = wanted.find_text("VpcPeeringConnectionId"),
                                  .nat_gateway_id = wanted.find_text("NatGatewayId")});
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    const std::string table = resource.properties.text("RouteTableId");
    const std::string destination = resource.properties.text("DestinationCidrBlock");
    auto row = context.call.transaction.find(
        "SELECT 1 FROM ec2_route WHERE route_table = ?1 AND destination = ?2", {table, destination});
    if (row) context.invoke<DeleteRoute>({.route_table_id = table, .destination_cidr_block = destination});
  }
};

class SubnetAssociationType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::SubnetRouteTableAssociation"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "SubnetId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "RouteTableId", .presence = Presence::Required}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Id"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<AssociateRouteTable>(
        {.subnet_id = wanted.text("SubnetId"), .route_table_id = wanted.text("RouteTableId")});
    formats::Object attributes;
    attributes.set("Id", *made.association_id);
    return {*made.association_id, std::move(attributes)};
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    auto row = context.call.transaction.find("SELECT id FROM ec2_route_table_association WHERE subnet = ?1",
                                             {wanted.text("SubnetId")});
    if (row) {
      context.invoke<ReplaceRouteTableAssociation>(
          {.association_id = row->text(0), .route_table_id = wanted.text("RouteTableId")});
    }
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    auto row = context.call.transaction.find(
        "SELECT id FROM ec2_route_table_association WHERE subnet = ?1 AND"
        " route_table = ?2",
        {resource.properties.text("SubnetId"), resource.properties.text("RouteTableId")});
    if (row) context.invoke<DisassociateRouteTable>({.association_id = row->text(0)});
  }
};

class EndpointType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::VPCEndpoint"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "ServiceName", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "VpcId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "VpcEndpointType", .update = Update::Replacement},
        {.name = "RouteTableIds", .kind = PropertyKind::List},
        {.name = "PolicyDocument", .kind = PropertyKind::Json},
        tags()};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Id", "CreationTimestamp"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made = context.invoke<CreateVpcEndpoint>(
        {.vpc_endpoint_type = wanted.find_text("VpcEndpointType"),
         .vpc_id = wanted.text("VpcId"),
         .service_name = wanted.find_text("ServiceName"),
         .policy_document = policy_of(wanted),
         .route_table_ids = wanted.texts("RouteTableIds"),
         .tag_specifications = tag_specifications(context, wanted, "vpc-endpoint")});
    formats::Object attributes;
    attributes.set("Id", *made.vpc_endpoint->vpc_endpoint_id);
    attributes.set("CreationTimestamp", iso8601_milliseconds(*made.vpc_endpoint->creation_timestamp));
    return {*made.vpc_endpoint->vpc_endpoint_id, std::move(attributes)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const auto had = was.properties.texts("RouteTableIds"), has = wanted.texts("RouteTableIds");
    auto without = [](std::vector<std::string> from, const std::vector<std::string>& these) {
      std::erase_if(from,
                    [&](const std::string& each) { return std::ranges::find(these, each) != these.end(); });
      return from;
    };
    context.invoke<ModifyVpcEndpoint>({.vpc_endpoint_id = was.physical_id,
                                       .policy_document = policy_of(wanted),
                                       .add_route_table_ids = without(has, had),
                                       .remove_route_table_ids = without(had, has)});
    update_tags(context, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteVpcEndpoints>({.vpc_endpoint_ids = {resource.physical_id}});
  }

 private:
  static std::optional<std::string> policy_of(const Properties& wanted) {
    return wanted.has("PolicyDocument") ? std::optional(wanted.json("PolicyDocument")) : std::nullopt;
  }
};

}  // namespace

void add_network_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<VpcType>());
  types.push_back(std::make_unique<SubnetType>());
  types.push_back(std::make_unique<InternetGatewayType>());
  types.push_back(std::make_unique<GatewayAttachmentType>());
  types.push_back(std::make_unique<NatGatewayType>());
  types.push_back(std::make_unique<RouteTableType>());
  types.push_back(std::make_unique<RouteType>());
  types.push_back(std::make_unique<SubnetAssociationType>());
  types.push_back(std::make_unique<EndpointType>());
}

}  // namespace holm::ec2

// CloudFormation's types for instances and launch templates.

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/strings.h"
#include "ec2/operations.h"
#include "ec2/schema.h"
#include "formats/json.h"
#include "services/ec2/resources.h"
#include "stacks/numbers.h"

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

constexpr PropertySchema kProfileMembers[] = {{.name = "Arn"}, {.name = "Name"}};
constexpr PropertySchema kMetadataMembers[] = {
    {.name = "HttpTokens"},
    {.name = "HttpEndpoint"},
    {.name = "HttpPutResponseHopLimit", .kind = PropertyKind::Integer},
    {.name = "InstanceMetadataTags"}};
constexpr PropertySchema kEbsMembers[] = {{.name = "VolumeSize", .kind = PropertyKind::Integer},
                                          {.name = "VolumeType"},
                                          {.name = "Iops", .kind = PropertyKind::Integer},
                                          {.name = "Throughput", .kind = PropertyKind::Integer},
                                          {.name = "Encrypted", .kind = PropertyKind::Boolean},
                                          {.name = "KmsKeyId"},
                                          {.name = "SnapshotId"},
                                          {.name = "DeleteOnTermination", .kind = PropertyKind::Boolean}};
constexpr PropertySchema kMappingMembers[] = {
    {.name = "DeviceName"},
    {.name = "NoDevice"},
    {.name = "VirtualName"},
    {.name = "Ebs", .kind = PropertyKind::Object, .members = kEbsMembers}};
constexpr PropertySchema kPlacementMembers[] = {{.name = "AvailabilityZone"}};
constexpr PropertySchema kMonitoringMembers[] = {{.name = "Enabled", .kind = PropertyKind::Boolean}};
constexpr PropertySchema kInterfaceMembers[] = {
    {.name = "DeviceIndex", .kind = PropertyKind::Integer},
    {.name = "SubnetId"},
    {.name = "Groups", .kind = PropertyKind::List},
    {.name = "AssociatePublicIpAddress", .kind = PropertyKind::Boolean},
    {.name = "DeleteOnTermination", .kind = PropertyKind::Boolean},
    {.name = "Description"},
    {.name = "NetworkInterfaceId"},
    {.name = "PrivateIpAddress"}};

std::span<const PropertySchema> tag_specification_members() {
  static const PropertySchema all[] = {{.name = "ResourceType"},
                                       {.name = "Tags",
                                        .kind = PropertyKind::List,
                                        .element = PropertyKind::Object,
                                        .members = stacks::kTagSchema}};
  return all;
}

std::span<const PropertySchema> template_data_members() {
  static const PropertySchema all[] = {
      {.name = "ImageId"},
      {.name = "InstanceType"},
      {.name = "KeyName"},
      {.name = "UserData"},
      {.name = "SecurityGroupIds", .kind = PropertyKind::List},
      {.name = "SecurityGroups", .kind = PropertyKind::List},
      {.name = "IamInstanceProfile", .kind = PropertyKind::Object, .members = kProfileMembers},
      {.name = "MetadataOptions", .kind = PropertyKind::Object, .members = kMetadataMembers},
      {.name = "Placement", .kind = PropertyKind::Object, .members = kPlacementMembers},
      {.name = "NetworkInterfaces",
       .kind = PropertyKind::List,
       .element = PropertyKind::Object,
       .members = kInterfaceMembers},
      {.name = "Monitoring", .kind = PropertyKind::Object, .members = kMonitoringMembers},
      {.name = "BlockDeviceMappings",
       .kind = PropertyKind::List,
       .element = PropertyKind::Object,
       .members = kMappingMembers},
      {.name = "DisableApiTermination", .kind = PropertyKind::Boolean},
      {.name = "EbsOptimized", .kind = PropertyKind::Boolean},
      {.name = "InstanceInitiatedShutdownBehavior"},
      {.name = "TagSpecifications",
       .kind = PropertyKind::List,
       .element = PropertyKind::Object,
       .members = tag_specification_members()}};
  return all;
}

InstanceNetworkInterfaceSpecification interface_of(const Properties& wanted) {
  InstanceNetworkInterfaceSpecification result;
  result.associate_public_ip_address = wanted.find_boolean("AssociatePublicIpAddress");
  result.delete_on_termination = wanted.find_boolean("DeleteOnTermination");
  result.description = wanted.find_text("Description");
  result.device_index = static_cast<int32_t>(wanted.integer("DeviceIndex", 0));
  result.groups = wanted.texts("GroupSet");
  result.network_interface_id = wanted.find_text("NetworkInterfaceId");
  result.private_ip_address = wanted.find_text("PrivateIpAddress");
  result.subnet_id = wanted.find_text("SubnetId");
  return result;
}

BlockDeviceMapping mapping_of(const Properties& wanted) {
  BlockDeviceMapping result{.no_device = wanted.find_text("NoDevice"),
                            .device_name = wanted.find_text("DeviceName"),
                            .virtual_name = wanted.find_text("VirtualName")};
  auto ebs = wanted.find_object("Ebs");
  if (!ebs) return result;
  result.ebs = EbsBlockDevice{.delete_on_termination = ebs->find_boolean("DeleteOnTermination"),
                              .iops = stacks::number(*ebs, "Iops"),
                              .snapshot_id = ebs->find_text("SnapshotId"),
                              .volume_size = stacks::number(*ebs, "VolumeSize"),
                              .volume_type = ebs->find_text("VolumeType"),
                              .kms_key_id = ebs->find_text("KmsKeyId"),
                              .throughput = stacks::number(*ebs, "Throughput"),
                              .encrypted = ebs->find_boolean("Encrypted")};
  return result;
}

// The template's names are those of the API's model.
RequestLaunchTemplateData data_of(const Properties& wanted) {
  RequestLaunchTemplateData result;
  const std::string text = formats::write_json(wanted.find_object("LaunchTemplateData")->value());
  CHECK(aws::read_kept_json(text, shape_of(result), &result).has_value());
  return result;
}

class LaunchTemplateType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::LaunchTemplate"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {{.name = "LaunchTemplateName", .update = Update::Replacement},
                                         {.name = "LaunchTemplateData",
                                          .kind = PropertyKind::Object,
                                          .presence = Presence::Required,
                                          .members = template_data_members()},
                                         {.name = "VersionDescription"},
                                         {.name = "TagSpecifications",
                                          .kind = PropertyKind::List,
                                          .update = Update::Replacement,
                                          .element = PropertyKind::Object,
                                          .members = tag_specification_members()}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"LaunchTemplateId", "LatestVersionNumber",
                                               "DefaultVersionNumber"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    CreateLaunchTemplateRequest request{
        .launch_template_name = wanted.find_text("LaunchTemplateName").value_or(context.name(125)),
        .version_description = wanted.find_text("VersionDescription"),
        .launch_template_data = data_of(wanted)};
    for (const Properties& each : wanted.objects("TagSpecifications")) {
      TagSpecification& tags = request.tag_specifications.emplace_back();
      tags.resource_type = each.find_text("ResourceType");
      for (const stacks::Tag& tag : each.tags()) tags.tags.push_back({.key = tag.key, .value = tag.value});
    }
    auto made = context.invoke<CreateLaunchTemplate>(request);
    return {*made.launch_template->launch_template_id, versions(*made.launch_template)};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    context.invoke<CreateLaunchTemplateVersion>(
        {.launch_template_id = was.physical_id,
         .version_description = wanted.find_text("VersionDescription"),
         .launch_template_data = data_of(wanted)});
  }
  Progress check(Context& context, const Existing& resource) const override {
    auto found = context.invoke<DescribeLaunchTemplates>({.launch_template_ids = {resource.physical_id}});
    return stacks::ready(versions(found.launch_templates.front()));
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (context.call.transaction.find("SELECT 1 FROM ec2_launch_template WHERE id = ?1",
                                      {resource.physical_id})) {
      context.invoke<DeleteLaunchTemplate>({.launch_template_id = resource.physical_id});
    }
  }

 private:
  static formats::Object versions(const LaunchTemplate& row) {
    formats::Object attributes;
    attributes.set("LaunchTemplateId", *row.launch_template_id);
    attributes.set("LatestVersionNumber", std::to_string(*row.latest_version_number));
    attributes.set("DefaultVersionNumber", std::to_string(*row.default_version_number));
    return attributes;
  }
};

constexpr PropertySchema kInstanceInterfaceMembers[] = {
    {.name = "AssociatePublicIpAddress", .kind = PropertyKind::Boolean},
    {.name = "DeleteOnTermination", .kind = PropertyKind::Boolean},
    {.name = "Description"},
    {.name = "DeviceIndex", .kind = PropertyKind::Integer, .presence = Presence::Required},
    {.name = "GroupSet", .kind = PropertyKind::List},
    {.name = "NetworkInterfaceId"},
    {.name = "PrivateIpAddress"},
    {.name = "SubnetId"}};
constexpr PropertySchema kTemplateReference[] = {
    {.name = "LaunchTemplateId"}, {.name = "LaunchTemplateName"}, {.name = "Version"}};

class InstanceResource final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::Instance"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "ImageId", .update = Update::Replacement},
        {.name = "InstanceType", .update = Update::SomeInterruption},
        {.name = "KeyName", .update = Update::Replacement},
        {.name = "SubnetId", .update = Update::Replacement},
        {.name = "AvailabilityZone", .update = Update::Replacement},
        {.name = "PrivateIpAddress", .update = Update::Replacement},
        {.name = "SecurityGroupIds", .kind = PropertyKind::List},
        {.name = "SecurityGroups", .kind = PropertyKind::List, .update = Update::Replacement},
        {.name = "UserData", .update = Update::SomeInterruption},
        {.name = "IamInstanceProfile"},
        {.name = "LaunchTemplate",
         .kind = PropertyKind::Object,
         .update = Update::Replacement,
         .members = kTemplateReference},
        {.name = "BlockDeviceMappings",
         .kind = PropertyKind::List,
         .update = Update::Replacement,
         .element = PropertyKind::Object,
         .members = kMappingMembers},
        {.name = "NetworkInterfaces",
         .kind = PropertyKind::List,
         .update = Update::Replacement,
         .element = PropertyKind::Object,
         .members = kInstanceInterfaceMembers},
        {.name = "DisableApiTermination", .kind = PropertyKind::Boolean},
        {.name = "EbsOptimized", .kind = PropertyKind::Boolean, .update = Update::SomeInterruption},
        {.name = "InstanceInitiatedShutdownBehavior"},
        {.name = "Monitoring", .kind = PropertyKind::Boolean},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"InstanceId", "AvailabilityZone", "PrivateDnsName",
                                               "PrivateIp",  "PublicDnsName",    "PublicIp",
                                               "VpcId"};
    return all;
  }
  std::span<const std::string_view> policies() const override {
    static constexpr std::string_view all[] = {"CreationPolicy"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    RunInstancesRequest request{
        .image_id = wanted.find_text("ImageId"),
        .instance_type = wanted.find_text("InstanceType"),
        .key_name = wanted.find_text("KeyName"),
        .max_count = 1,
        .min_count = 1,
        .security_group_ids = wanted.texts("SecurityGroupIds"),
        .security_groups = wanted.texts("SecurityGroups"),
        .subnet_id = wanted.find_text("SubnetId"),
        .user_data = wanted.find_text("UserData"),
        .tag_specifications = tag_specifications(context, wanted, "instance"),
        .disable_api_termination = wanted.find_boolean("DisableApiTermination"),
        .instance_initiated_shutdown_behavior = wanted.find_text("InstanceInitiatedShutdownBehavior"),
        .private_ip_address = wanted.find_text("PrivateIpAddress"),
        .ebs_optimized = wanted.find_boolean("EbsOptimized")};
    if (auto detailed = wanted.find_boolean("Monitoring"))
      request.monitoring = RunInstancesMonitoringEnabled{.enabled = *detailed};
    for (const Properties& mapping : wanted.objects("BlockDeviceMappings")) {
      request.block_device_mappings.push_back(mapping_of(mapping));
    }
    for (const Properties& interface : wanted.objects("NetworkInterfaces")) {
      request.network_interfaces.push_back(interface_of(interface));
    }
    if (auto zone = wanted.find_text("AvailabilityZone"))
      request.placement = Placement{.availability_zone = zone};
    if (auto profile = wanted.find_text("IamInstanceProfile")) {
      request.iam_instance_profile = IamInstanceProfileSpecification{.name = profile};
    }
    if (auto reference = wanted.find_object("LaunchTemplate")) {
      request.launch_template =
          LaunchTemplateSpecification{.launch_template_id = reference->find_text("LaunchTemplateId"),
                                      .launch_template_name = reference->find_text("LaunchTemplateName"),
                                      .version = reference->find_text("Version")};
    }
    const Reservation made = context.invoke<RunInstances>(request);
    return {*made.instances.front().instance_id};
  }
  Progress check(Context& context, const Existing& resource) const override {
    auto found = context.invoke<DescribeInstances>({.instance_ids = {resource.physical_id}});
    const Instance& instance = found.reservations.front().instances.front();
    const std::string& state = *instance.state->name;
    if (state == "pending" || state == "stopping") return stacks::in_progress();
    if (state == "stopped" && change_at_rest(context, instance, resource.properties)) {
      context.invoke<StartInstances>({.instance_ids = {resource.physical_id}});
      return stacks::in_progress();
    }
    const bool was_stopped = instance.state_reason &&
                             instance.state_reason->code == "Client.UserInitiatedShutdown" &&
                             state == "stopped";
    if (state != "running" && !was_stopped) {
      return stacks::failed(instance.state_reason ? instance.state_reason->message.value_or(state)
                                                  : "The instance is " + state);
    }
    formats::Object attributes;
    attributes.set("InstanceId", resource.physical_id);
    attributes.set("AvailabilityZone", *instance.placement->availability_zone);
    attributes.set("PrivateDnsName", *instance.private_dns_name);
    attributes.set("PrivateIp", *instance.private_ip_address);
    attributes.set("PublicDnsName", instance.public_dns_name.value_or(""));
    attributes.set("PublicIp", instance.public_ip_address.value_or(""));
    attributes.set("VpcId", *instance.vpc_id);
    return stacks::ready(std::move(attributes));
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (auto protect = wanted.find_boolean("DisableApiTermination")) {
      context.invoke<ModifyInstanceAttribute>(
          {.instance_id = was.physical_id,
           .disable_api_termination = AttributeBooleanValue{.value = *protect}});
    }
    if (auto behavior = wanted.find_text("InstanceInitiatedShutdownBehavior")) {
      context.invoke<ModifyInstanceAttribute>(
          {.instance_id = was.physical_id,
           .instance_initiated_shutdown_behavior = AttributeValue{.value = *behavior}});
    }
    if (wanted.boolean("Monitoring", false)) {
      context.invoke<MonitorInstances>({.instance_ids = {was.physical_id}});
    } else {
      context.invoke<UnmonitorInstances>({.instance_ids = {was.physical_id}});
    }
    if (stacks::differs(was.properties, wanted, "SecurityGroupIds")) {
      context.invoke<ModifyInstanceAttribute>(
          {.instance_id = was.physical_id, .groups = wanted.texts("SecurityGroupIds")});
    }
    if (stacks::differs(was.properties, wanted, "IamInstanceProfile"))
      change_profile(context, was.physical_id, wanted.find_text("IamInstanceProfile"));
    update_tags(context, was, wanted);
    change_or_stop(context, was.physical_id, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    if (exists(context, resource.physical_id))
      context.invoke<TerminateInstances>({.instance_ids = {resource.physical_id}});
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    return exists(context, resource.physical_id) ? stacks::in_progress() : stacks::ready();
  }

 private:
  static void change_profile(Context& context, const std::string& id,
                             const std::optional<std::string>& profile) {
    const auto known = context.invoke<DescribeIamInstanceProfileAssociations>(
        {.filters = {{.name = "instance-id", .values = {id}}}});
    for (const IamInstanceProfileAssociation& each : known.iam_instance_profile_associations)
      context.invoke<DisassociateIamInstanceProfile>({.association_id = *each.association_id});
    if (!profile) return;
    context.invoke<AssociateIamInstanceProfile>(
        {.iam_instance_profile = {.name = *profile}, .instance_id = id});
  }

  // What can be changed only while the instance rests, and is not yet as it is wanted.
  static std::vector<ModifyInstanceAttributeRequest> changes_at_rest(Context& context,
                                                                     const Instance& instance,
                                                                     const Properties& wanted) {
    const std::string& id = *instance.instance_id;
    std::vector<ModifyInstanceAttributeRequest> changes;
    const auto type = wanted.find_text("InstanceType");
    if (type && type != instance.instance_type)
      changes.push_back({.instance_id = id, .instance_type = AttributeValue{.value = *type}});
    const auto is_optimized = wanted.find_boolean("EbsOptimized");
    if (is_optimized && is_optimized != instance.ebs_optimized)
      changes.push_back({.instance_id = id, .ebs_optimized = AttributeBooleanValue{.value = *is_optimized}});
    const auto told =
        context.invoke<DescribeInstanceAttribute>({.instance_id = id, .attribute = "userData"}).user_data;
    const std::string user_data = wanted.text("UserData");
    // What a launch template says is not the instance's own to change.
    const bool is_own = !wanted.find_object("LaunchTemplate") || !user_data.empty();
    if (is_own && user_data != (told ? told->value.value_or("") : "")) {
      changes.push_back(
          {.instance_id = id,
           .user_data = SecureBlobAttributeValue{.value = base64_decode(user_data).value_or("")}});
    }
    return changes;
  }

  // Whether there was anything to change.
  static bool change_at_rest(Context& context, const Instance& instance, const Properties& wanted) {
    const auto changes = changes_at_rest(context, instance, wanted);
    for (const ModifyInstanceAttributeRequest& each : changes) context.invoke<ModifyInstanceAttribute>(each);
    return !changes.empty();
  }

  // One that runs is stopped, and started by check() once it is changed.
  static void change_or_stop(Context& context, const std::string& id, const Properties& wanted) {
    const auto found = context.invoke<DescribeInstances>({.instance_ids = {id}});
    const Instance& instance = found.reservations.front().instances.front();
    if (instance.state->name == "stopped") (void)change_at_rest(context, instance, wanted);
    else if (!changes_at_rest(context, instance, wanted).empty())
      context.invoke<StopInstances>({.instance_ids = {id}});
  }

  static bool exists(Context& context, const std::string& id) {
    return context.call.transaction
        .find("SELECT 1 FROM ec2_instance WHERE id = ?1 AND state <> 'terminated'", {id})
        .has_value();
  }
};

}  // namespace

void add_instance_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<LaunchTemplateType>());
  types.push_back(std::make_unique<InstanceResource>());
}

}  // namespace holm::ec2

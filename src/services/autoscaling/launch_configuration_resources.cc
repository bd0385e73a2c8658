// AWS::AutoScaling::LaunchConfiguration. Nothing of it can be changed: another one takes its place.

#include "autoscaling/operations.h"
#include "autoscaling/schema.h"
#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "formats/json.h"
#include "services/autoscaling/launch_configurations.h"
#include "services/autoscaling/resources.h"

namespace holm::autoscaling {

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

constexpr size_t kNameMax = 255;

constexpr PropertySchema kEbsMembers[] = {{.name = "SnapshotId"},
                                          {.name = "VolumeSize", .kind = PropertyKind::Integer},
                                          {.name = "VolumeType"},
                                          {.name = "DeleteOnTermination", .kind = PropertyKind::Boolean},
                                          {.name = "Iops", .kind = PropertyKind::Integer},
                                          {.name = "Encrypted", .kind = PropertyKind::Boolean},
                                          {.name = "Throughput", .kind = PropertyKind::Integer}};
constexpr PropertySchema kMappingMembers[] = {
    {.name = "DeviceName", .presence = Presence::Required},
    {.name = "VirtualName"},
    {.name = "NoDevice", .kind = PropertyKind::Boolean},
    {.name = "Ebs", .kind = PropertyKind::Object, .members = kEbsMembers}};
constexpr PropertySchema kMetadataMembers[] = {
    {.name = "HttpTokens"},
    {.name = "HttpPutResponseHopLimit", .kind = PropertyKind::Integer},
    {.name = "HttpEndpoint"}};

class LaunchConfigurationType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::AutoScaling::LaunchConfiguration"; }
  std::span<const PropertySchema> properties() const override {
    constexpr Update kNew = Update::Replacement;
    static const PropertySchema all[] = {
        {.name = "LaunchConfigurationName", .update = kNew},
        {.name = "ImageId", .update = kNew},
        {.name = "InstanceType", .update = kNew},
        {.name = "InstanceId", .update = kNew},
        {.name = "KeyName", .update = kNew},
        {.name = "SecurityGroups", .kind = PropertyKind::List, .update = kNew},
        {.name = "UserData", .update = kNew},
        {.name = "IamInstanceProfile", .update = kNew},
        {.name = "AssociatePublicIpAddress", .kind = PropertyKind::Boolean, .update = kNew},
        {.name = "EbsOptimized", .kind = PropertyKind::Boolean, .update = kNew},
        {.name = "InstanceMonitoring", .kind = PropertyKind::Boolean, .update = kNew},
        {.name = "PlacementTenancy", .update = kNew},
        {.name = "BlockDeviceMappings",
         .kind = PropertyKind::List,
         .update = kNew,
         .element = PropertyKind::Object,
         .members = kMappingMembers},
        {.name = "MetadataOptions", .kind = PropertyKind::Object, .update = kNew, .members = kMetadataMembers}};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    CreateLaunchConfigurationType request;
    const std::string name = wanted.find_text("LaunchConfigurationName").value_or(context.name(kNameMax));
    // The template's names are those of the API's model, but for one.
    formats::Object properties;
    for (const auto& [key, value] : *wanted.value().as_object()) {
      if (key != "InstanceMonitoring") properties.set(key, value);
    }
    properties.set("LaunchConfigurationName", name);
    const std::string text = formats::write_json(formats::Value(std::move(properties)));
    CHECK(aws::read_kept_json(text, shape_of(request), &request).has_value());
    if (auto detailed = wanted.find_boolean("InstanceMonitoring")) {
      request.instance_monitoring = InstanceMonitoring{.enabled = *detailed};
    }
    context.invoke<CreateLaunchConfiguration>(request);
    return {name, {}};
  }
  Progress check(Context& context, const Existing& resource) const override {
    if (exists(context, resource)) return stacks::ready();
    return stacks::failed("The launch configuration is gone.");
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    if (!exists(context, resource)) return;
    DeleteLaunchConfiguration::Input request;
    request.launch_configuration_name = resource.physical_id;
    context.invoke<DeleteLaunchConfiguration>(request);
  }

 private:
  static bool exists(Context& context, const Existing& resource) {
    return find_launch_configuration(context.call, resource.physical_id).has_value();
  }
};

}  // namespace

std::unique_ptr<stacks::ResourceType> launch_configuration_type() {
  return std::make_unique<LaunchConfigurationType>();
}

}  // namespace holm::autoscaling

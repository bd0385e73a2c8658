// AWS::EC2::Volume and AWS::EC2::VolumeAttachment.

#include "ec2/operations.h"
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

std::optional<Volume> find_volume(Context& context, const std::string& id) {
  auto found = context.invoke<DescribeVolumes>({.filters = {{.name = "volume-id", .values = {id}}}});
  return found.volumes.empty() ? std::nullopt : std::optional(found.volumes.front());
}

void enable_io(Context& context, const std::string& volume, const Properties& wanted) {
  auto enables = wanted.find_boolean("AutoEnableIO");
  if (!enables) return;
  context.invoke<ModifyVolumeAttribute>(
      {.auto_enable_io = AttributeBooleanValue{.value = *enables}, .volume_id = volume});
}

class VolumeType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::Volume"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "AvailabilityZone", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "Size", .kind = PropertyKind::Integer},
        {.name = "SnapshotId", .update = Update::Replacement},
        {.name = "VolumeType"},
        {.name = "AutoEnableIO", .kind = PropertyKind::Boolean},
        {.name = "Iops", .kind = PropertyKind::Integer},
        {.name = "Throughput", .kind = PropertyKind::Integer},
        {.name = "Encrypted", .kind = PropertyKind::Boolean, .update = Update::Replacement},
        {.name = "KmsKeyId", .update = Update::Replacement},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .element = PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"VolumeId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto made =
        context.invoke<CreateVolume>({.availability_zone = wanted.find_text("AvailabilityZone"),
                                      .encrypted = wanted.find_boolean("Encrypted"),
                                      .iops = stacks::number(wanted, "Iops"),
                                      .kms_key_id = wanted.find_text("KmsKeyId"),
                                      .size = stacks::number(wanted, "Size"),
                                      .snapshot_id = wanted.find_text("SnapshotId"),
                                      .volume_type = wanted.find_text("VolumeType"),
                                      .tag_specifications = tag_specifications(context, wanted, "volume"),
                                      .throughput = stacks::number(wanted, "Throughput")});
    formats::Object attributes;
    attributes.set("VolumeId", *made.volume_id);
    enable_io(context, *made.volume_id, wanted);
    return {*made.volume_id, std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    auto volume = find_volume(context, resource.physical_id);
    if (!volume) return stacks::failed("The volume is gone.");
    if (*volume->state == "creating") return stacks::in_progress();
    auto changes = context.invoke<DescribeVolumesModifications>(
        {.filters = {{.name = "volume-id", .values = {resource.physical_id}}}});
    for (const VolumeModification& change : changes.volumes_modifications) {
      if (change.modification_state == "modifying") return stacks::in_progress();
      if (change.modification_state == "failed") {
        return stacks::failed(change.status_message.value_or("The volume could not be modified."));
      }
    }
    formats::Object attributes;
    attributes.set("VolumeId", resource.physical_id);
    return stacks::ready(std::move(attributes));
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    bool is_other = false;
    for (const char* name : {"Size", "VolumeType", "Iops", "Throughput"}) {
      is_other = is_other || (wanted.has(name) && stacks::differs(was.properties, wanted, name));
    }
    if (is_other) {
      context.invoke<ModifyVolume>({.volume_id = was.physical_id,
                                    .size = stacks::number(wanted, "Size"),
                                    .volume_type = wanted.find_text("VolumeType"),
                                    .iops = stacks::number(wanted, "Iops"),
                                    .throughput = stacks::number(wanted, "Throughput")});
    }
    enable_io(context, was.physical_id, wanted);
    update_tags(context, was, wanted);
  }
  bool takes_snapshots() const override { return true; }
  void remove(Context& context, const Existing& resource, Removal removal) const override {
    auto volume = find_volume(context, resource.physical_id);
    if (!volume) return;
    if (removal == Removal::Snapshot) {
      context.invoke<CreateSnapshot>({.volume_id = resource.physical_id});
    }
    // An instance that is being terminated lets go of it first.
    if (*volume->state == "available") context.invoke<DeleteVolume>({.volume_id = resource.physical_id});
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    auto volume = find_volume(context, resource.physical_id);
    if (!volume) return stacks::ready();
    if (*volume->state == "available") {
      context.invoke<DeleteVolume>({.volume_id = resource.physical_id});
      return stacks::ready();
    }
    return stacks::in_progress();
  }
};

class VolumeAttachmentType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::VolumeAttachment"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "Device", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "InstanceId", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "VolumeId", .presence = Presence::Required, .update = Update::Replacement}};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    const std::string volume = wanted.text("VolumeId"), instance = wanted.text("InstanceId");
    context.invoke<AttachVolume>(
        {.device = wanted.text("Device"), .instance_id = instance, .volume_id = volume});
    return {volume + "|" + instance};
  }
  Progress check(Context& context, const Existing& resource) const override {
    const auto attachment = find_attachment(context, resource);
    if (!attachment) return stacks::failed("The volume is not attached to the instance any more.");
    return *attachment->state == "attached" ? stacks::ready() : stacks::in_progress();
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, Removal) const override {
    const auto attachment = find_attachment(context, resource);
    if (!attachment || *attachment->state == "detaching" || *attachment->state == "busy") return;
    context.invoke<DetachVolume>({.instance_id = attachment->instance_id, .volume_id = volume_of(resource)});
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    return find_attachment(context, resource) ? stacks::in_progress() : stacks::ready();
  }

 private:
  static std::string volume_of(const Existing& resource) {
    return resource.physical_id.substr(0, resource.physical_id.find('|'));
  }
  static std::optional<VolumeAttachment> find_attachment(Context& context, const Existing& resource) {
    const auto volume = find_volume(context, volume_of(resource));
    if (!volume || volume->attachments.empty()) return std::nullopt;
    const VolumeAttachment& attachment = volume->attachments.front();
    const std::string instance = resource.physical_id.substr(resource.physical_id.find('|') + 1);
    return attachment.instance_id == instance ? std::optional(attachment) : std::nullopt;
  }
};

}  // namespace

void add_volume_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<VolumeType>());
  types.push_back(std::make_unique<VolumeAttachmentType>());
}

}  // namespace holm::ec2

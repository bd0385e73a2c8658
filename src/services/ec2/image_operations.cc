// Making, copying and forgetting machine images.

#include <fmt/format.h>

#include <algorithm>

#include "ec2/handlers.h"
#include "services/ec2/image_controller.h"
#include "services/ec2/images.h"
#include "services/ec2/instances.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

ImageDevice device_of(const VolumeWish& wish) {
  ImageDevice device{.device = wish.device,
                     .gib = wish.gib,
                     .type = wish.type,
                     .iops = wish.iops,
                     .throughput = wish.throughput,
                     .delete_on_termination = wish.delete_on_termination};
  if (wish.snapshot) device.snapshot = wish.snapshot->id;
  return device;
}

// What an image of the instance would have, the snapshots still to be taken.
std::vector<VolumeWish> wishes_of_instance(Service& service, Call& call, const InstanceRow& instance,
                                           const ImageRow& image) {
  std::vector<VolumeWish> wishes;
  for (const VolumeRow& volume : volumes_of_instance(call.transaction, instance.id)) {
    SnapshotRow snapshot = snapshot_of(
        service, call, volume, fmt::format("Created by CreateImage({}) for {}", instance.id, image.id));
    snapshot.image = image.id;
    snapshot.is_held = true;
    wishes.push_back({.device = *volume.device,
                      .gib = volume.gib,
                      .snapshot = snapshot,
                      .type = volume.type,
                      .iops = volume.iops,
                      .throughput = volume.throughput,
                      .delete_on_termination = volume.delete_on_termination});
  }
  return wishes;
}

void require_imageable(const InstanceRow& row) {
  if (row.state == "running" || row.state == "stopped") return;
  throw aws::ServiceError(
      "IncorrectInstanceState", 400,
      fmt::format("The instance '{}' is not in the 'running' or 'stopped' state.", row.id));
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
CreateImageResult create_image(Service& service, Call& call, const CreateImageRequest& request) {
  const InstanceRow instance = require_instance(call, request.instance_id);
  require_imageable(instance);
  check_image_name(call, request.name);
  ImageRow image{.account = call.account,
                 .region = call.region,
                 .id = new_id(service.random(), "ami"),
                 .name = request.name,
                 .description = request.description.value_or(""),
                 .state = "pending",
                 .instance = instance.id,
                 .reboots = instance.state == "running" && !request.no_reboot.value_or(false),
                 .created = to_milliseconds(call.now)};
  if (!is_host_image(instance.image)) {
    image.source = instance.image;
    image.source_region = instance.region;
  }
  const auto wishes =
      volume_wishes(call, wishes_of_instance(service, call, instance, image), request.block_device_mappings);
  refuse_new_encryption(wishes, "CreateImage");
  const std::vector<Tag> image_tags = tags_for_image(request.tag_specifications, "image");
  const std::vector<Tag> snapshot_tags = tags_for_image(request.tag_specifications, "snapshot");
  end_dry_run(request.dry_run);
  std::vector<ImageDevice> devices;
  for (const VolumeWish& wish : wishes) {
    devices.push_back(device_of(wish));
    if (!wish.snapshot || wish.snapshot->image != image.id) continue;
    insert_snapshot(call, *wish.snapshot);
    write_tags(call, wish.snapshot->id, "snapshot", snapshot_tags);
  }
  insert_image(call, image, devices);
  write_tags(call, image.id, "image", image_tags);
  schedule_image(service.use().jobs, call.transaction, image.id, call.now);
  return {.image_id = image.id};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html
RegisterImageResult register_image(Service& service, Call& call, const RegisterImageRequest& request) {
  if (request.architecture.value_or("x86_64") != "x86_64") {
    throw aws::NotImplemented("RegisterImage: Architecture " + *request.architecture);
  }
  if (request.virtualization_type.value_or("hvm") != "hvm") {
    throw aws::NotImplemented("RegisterImage: VirtualizationType " + *request.virtualization_type);
  }
  const std::string root = request.root_device_name.value_or("");
  if (root.empty()) throw_missing("rootDeviceName");
  if (root != kRootDevice) {
    throw aws::NotImplemented(
        fmt::format("RegisterImage: RootDeviceName {}, other than {}", root, kRootDevice));
  }
  check_image_name(call, request.name);
  const auto wishes = volume_wishes(call, {}, request.block_device_mappings);
  refuse_new_encryption(wishes, "RegisterImage");
  const auto& snapshot = wishes.front().snapshot;
  if (!snapshot || !snapshot->holds_root) {
    throw aws::ServiceError(
        "InvalidBlockDeviceMapping", 400,
        fmt::format("The device {} must be the snapshot of an instance's root volume.", root));
  }
  const std::vector<Tag> tags = tags_for_image(request.tag_specifications, "image");
  end_dry_run(request.dry_run);
  const ImageRow image{.account = call.account,
                       .region = call.region,
                       .id = new_id(service.random(), "ami"),
                       .name = request.name,
                       .description = request.description.value_or(""),
                       .state = "available",
                       .created = to_milliseconds(call.now)};
  std::vector<ImageDevice> devices;
  for (const VolumeWish& wish : wishes) devices.push_back(device_of(wish));
  insert_image(call, image, devices);
  write_tags(call, image.id, "image", tags);
  return {.image_id = image.id};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
CopyImageResult copy_image(Service& service, Call& call, const CopyImageRequest& request) {
  if (request.client_token) {
    auto known = images_where(call.transaction, "account = ?1 AND region = ?2 AND client_token = ?3",
                              {call.account, call.region, *request.client_token});
    if (!known.empty()) return {.image_id = known.front().id};
  }
  auto found = images_where(call.transaction, "account = ?1 AND region = ?2 AND id = ?3",
                            {call.account, request.source_region, request.source_image_id});
  if (found.empty() || found.front().state != "available") {
    throw aws::ServiceError("InvalidAMIID.NotFound", 400,
                            fmt::format("The image id '[{}]' does not exist", request.source_image_id));
  }
  check_image_name(call, request.name);
  const std::vector<Tag> image_tags = tags_for_image(request.tag_specifications, "image");
  const std::vector<Tag> snapshot_tags = tags_for_image(request.tag_specifications, "snapshot");
  end_dry_run(request.dry_run);
  const ImageRow image{.account = call.account,
                       .region = call.region,
                       .id = new_id(service.random(), "ami"),
                       .name = request.name,
                       .description = request.description.value_or(found.front().description),
                       .state = "pending",
                       .source = found.front().id,
                       .source_region = request.source_region,
                       .created = to_milliseconds(call.now)};
  std::vector<ImageDevice> devices = devices_of_image(call.transaction, found.front().id);
  for (ImageDevice& device : devices) {
    if (!device.snapshot) continue;
    SnapshotRow copy =
        copy_of(service, call, snapshots_where(call.transaction, "id = ?1", {*device.snapshot}).front(),
                fmt::format("Copied for DestinationAmi {} from SourceAmi {} for SourceSnapshot {}.", image.id,
                            found.front().id, *device.snapshot),
                {.encrypted = request.encrypted, .kms_key = request.kms_key_id});
    copy.image = image.id;
    device.snapshot = copy.id;
    insert_snapshot(call, copy);
    write_tags(call, copy.id, "snapshot", snapshot_tags);
    service.snapshots().schedule(call.transaction, copy);
  }
  insert_image(call, image, devices);
  call.transaction.run("UPDATE ec2_image SET client_token = ?2 WHERE id = ?1",
                       {image.id, sql::optional_value(request.client_token)});
  if (request.copy_image_tags.value_or(false)) {
    std::vector<Tag> tags = tags_of(call, found.front().id);
    std::erase_if(tags, [](const Tag& tag) { return tag.key->starts_with("aws:"); });
    write_tags(call, image.id, "image", tags);
  }
  write_tags(call, image.id, "image", image_tags);
  return {.image_id = image.id};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html
DeregisterImageResult deregister_image(Service& service, Call& call, const DeregisterImageRequest& request) {
  const ImageRow image = require_own_image(call, request.image_id);
  end_dry_run(request.dry_run);
  const std::vector<ImageDevice> devices = devices_of_image(call.transaction, image.id);
  delete_tags_of(call, image.id);
  // Nobody would take those that it still waited for.
  call.transaction.run(
      "UPDATE ec2_snapshot SET state = 'deleted' WHERE image = ?1 AND (is_held = 1 OR id IN"
      " (SELECT snapshot FROM ec2_image_restoration WHERE image = ?1))",
      {image.id});
  call.transaction.run("DELETE FROM ec2_image WHERE id = ?1", {image.id});
  if (image.reboots && image.instance) service.instances().schedule(call.transaction, *image.instance);
  DeregisterImageResult result{.return_ = true};
  for (const ImageDevice& device : devices) {
    if (!device.snapshot || !request.delete_associated_snapshots.value_or(false)) continue;
    const bool is_used =
        call.transaction.find("SELECT 1 FROM ec2_image_device WHERE snapshot = ?1", {*device.snapshot})
            .has_value();
    if (!is_used) {
      delete_tags_of(call, *device.snapshot);
      call.transaction.run("UPDATE ec2_snapshot SET state = 'deleted' WHERE id = ?1", {*device.snapshot});
    }
    result.delete_snapshot_results.push_back(
        {.snapshot_id = *device.snapshot, .return_code = is_used ? "skipped" : "success"});
  }
  forget_unused_snapshots(call, service.use().data_directory);
  return result;
}

}  // namespace holm::ec2

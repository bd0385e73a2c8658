// Volumes as the API shows and changes them.

#include <fmt/format.h>

#include <filesystem>

#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/instances.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/volumes.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

Volume describe_volume(Service& service, Call& call, const VolumeRow& row) {
  Volume volume{.tags = tags_of(call, row.id),
                .volume_type = row.type,
                .multi_attach_enabled = false,
                .volume_id = row.id,
                .snapshot_id = row.snapshot.value_or(""),
                .availability_zone = row.zone,
                .state = row.state,
                .create_time = from_milliseconds(row.created),
                .encrypted = row.encryption.is_on()};
  if (row.encryption.is_on()) volume.kms_key_id = row.encryption.kms_key;
  volume.size = static_cast<int32_t>(row.gib ? *row.gib : machine_gib(service.use().data_directory));
  // What gp3 comes with; told because clients compare it with what they wished for.
  const bool is_gp3 = row.type == "gp3";
  if (row.iops || is_gp3) volume.iops = static_cast<int32_t>(row.iops.value_or(3000));
  if (row.throughput || is_gp3) volume.throughput = static_cast<int32_t>(row.throughput.value_or(125));
  if (row.instance) {
    volume.attachments.push_back({.delete_on_termination = row.delete_on_termination,
                                  .volume_id = row.id,
                                  .instance_id = row.instance,
                                  .device = row.device,
                                  .state = row.attachment,
                                  .attach_time = from_milliseconds(row.attached)});
  }
  return volume;
}

std::optional<std::vector<std::string>> filter_values(const Volume& volume, std::string_view name) {
  if (name == "status") return {{*volume.state}};
  if (name == "attachment.status") return described_values(described_as(volume), "attachment.state");
  if (name == "availability-zone-id") return {{zone_id_of(*volume.availability_zone)}};
  if (name == "operator.managed") return {{"false"}};
  return std::nullopt;
}

void require_attachable(const VolumeRow& volume, const InstanceRow& instance) {
  if (volume.instance) {
    throw aws::ServiceError("VolumeInUse", 400,
                            fmt::format("{} is already attached to an instance", volume.id));
  }
  if (volume.state != "available") {
    throw aws::ServiceError("IncorrectState", 400, fmt::format("{} is '{}'", volume.id, volume.state));
  }
  if (instance.state != "running" && instance.state != "stopped") {
    throw aws::ServiceError("IncorrectState", 400,
                            fmt::format("Instance '{}' is not 'running'", instance.id));
  }
  if (volume.zone == instance.zone) return;
  throw aws::ServiceError("InvalidVolume.ZoneMismatch", 400,
                          fmt::format("The volume '{}' is not in the same availability zone as instance '{}'",
                                      volume.id, instance.id));
}

// A volume that has what the snapshot holds. Returns how that is encrypted.
Encryption make_of_snapshot(Call& call, VolumeRow& row, const std::string& id) {
  const SnapshotRow snapshot = require_snapshot(call, id);
  require_completed(snapshot);
  if (!snapshot.is_disk) {
    throw aws::NotImplemented("CreateVolume: the snapshot of a root volume whose size nobody gave");
  }
  if (row.gib && *row.gib < snapshot.gib) {
    throw_invalid(fmt::format("Volume of {}GiB is smaller than snapshot '{}', which has {}GiB.", *row.gib, id,
                              snapshot.gib));
  }
  row.gib = row.gib.value_or(snapshot.gib);
  row.snapshot = row.origin = id;
  row.base = snapshot.base;
  row.holds_root = snapshot.holds_root;
  return snapshot.encryption;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html
DescribeVolumesResult describe_volumes(Service& service, Call& call, const DescribeVolumesRequest& request) {
  check_filters("DescribeVolumes", request.filters);
  check_page(request.max_results, !request.volume_ids.empty(), "volumeIds");
  for (const std::string& id : request.volume_ids) require_volume(call, id);
  DescribeVolumesResult result;
  Selection selection(call);
  selection.among("id", request.volume_ids)
      .filtered("id", request.filters, "volume-id")
      .filtered("instance", request.filters, "attachment.instance-id");
  for (const VolumeRow& row : volumes_where(call.transaction, selection.where(), selection.arguments())) {
    if (!is_asked_for(request.volume_ids, row.id)) continue;
    Volume volume = describe_volume(service, call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(volume, name); };
    if (passes(request.filters, volume.tags, values, described_as(volume)))
      result.volumes.push_back(std::move(volume));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.volumes, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
Volume create_volume(Service& service, Call& call, const CreateVolumeRequest& request) {
  if (!request.availability_zone) throw_missing("AvailabilityZone");
  require_zone(call.region, *request.availability_zone);
  if (request.multi_attach_enabled.value_or(false)) {
    throw aws::NotImplemented("CreateVolume: MultiAttachEnabled");
  }
  VolumeRow row{.account = call.account,
                .region = call.region,
                .id = new_id(service.random(), "vol"),
                .zone = *request.availability_zone,
                .gib = request.size,
                .type = request.volume_type.value_or("gp2"),
                .iops = request.iops,
                .throughput = request.throughput,
                .state = "creating",
                .created = to_milliseconds(call.now)};
  Encryption source;
  if (request.snapshot_id) source = make_of_snapshot(call, row, *request.snapshot_id);
  if (!row.gib) throw_missing("size/snapshot");
  check_volume({.gib = row.gib, .type = row.type});
  if (request.client_token) {
    auto known = volumes_where(call.transaction, "account = ?1 AND region = ?2 AND client_token = ?3",
                               {call.account, call.region, *request.client_token});
    if (!known.empty()) return describe_volume(service, call, known.front());
  }
  const auto key =
      key_for(call, {.encrypted = request.encrypted, .kms_key = request.kms_key_id}, source);
  row.encryption = encryption_of(call, row.id, key, source);
  end_dry_run(request.dry_run);
  call.transaction.run(
      "INSERT INTO ec2_volume (account, region, id, zone, gib, type, iops, throughput, state, client_token,"
      " created, snapshot, origin, base, holds_root)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13, ?14)",
      {row.account, row.region, row.id, row.zone, *row.gib, row.type, sql::optional_value(row.iops),
       sql::optional_value(row.throughput), row.state, sql::optional_value(request.client_token), row.created,
       sql::optional_value(row.snapshot), sql::optional_value(row.base), int64_t{row.holds_root}});
  write_encryption(call, "ec2_volume", row.id, row.encryption);
  write_tags(call, row.id, "volume", request.tag_specifications);
  service.volumes().schedule(call.transaction, row.id);
  return describe_volume(service, call, row);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVolume.html
aws::Nothing delete_volume(Service& service, Call& call, const DeleteVolumeRequest& request) {
  const VolumeRow row = require_volume(call, request.volume_id);
  if (row.instance) {
    throw aws::ServiceError("VolumeInUse", 400,
                            fmt::format("Volume {} is currently attached to {}", row.id, *row.instance));
  }
  if (row.state != "available") {
    throw aws::ServiceError("IncorrectState", 400, fmt::format("The volume '{}' is '{}'", row.id, row.state));
  }
  end_dry_run(request.dry_run);
  delete_volume_row(call, service.use().data_directory, row);
  forget_unused_snapshots(call, service.use().data_directory);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html
VolumeAttachment attach_volume(Service& service, Call& call, const AttachVolumeRequest& request) {
  const VolumeRow row = require_volume(call, request.volume_id);
  const InstanceRow instance = require_instance(call, request.instance_id);
  require_attachable(row, instance);
  const std::string& device = request.device;
  if (!is_device_name(device)) {
    throw_invalid(fmt::format("Value ({}) for parameter device is invalid.", device));
  }
  for (const VolumeRow& other : volumes_of_instance(call.transaction, instance.id)) {
    if (other.device != device) continue;
    throw_invalid(fmt::format("Invalid value '{}' for unixDevice. Attachment point {} is already in use",
                              device, device));
  }
  require_openable(call, {row});
  end_dry_run(request.dry_run);
  call.transaction.run(
      "UPDATE ec2_volume SET state = 'in-use', instance = ?2, device = ?3, attachment = 'attaching',"
      " attached = ?4, delete_on_termination = 0 WHERE id = ?1",
      {row.id, instance.id, device, to_milliseconds(call.now)});
  service.volumes().schedule(call.transaction, row.id);
  return describe_volume(service, call, require_volume(call, row.id)).attachments.front();
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachVolume.html
VolumeAttachment detach_volume(Service& service, Call& call, const DetachVolumeRequest& request) {
  const VolumeRow row = require_volume(call, request.volume_id);
  const bool is_other = (request.instance_id && request.instance_id != row.instance) ||
                        (request.device && request.device != row.device);
  if (!row.instance || is_other) {
    throw aws::ServiceError("IncorrectState", 400,
                            fmt::format("Volume '{}' is in the '{}' state.", row.id, row.state));
  }
  if (row.is_root()) throw aws::NotImplemented("DetachVolume: the root volume of an instance");
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_volume SET attachment = 'detaching', is_forced = ?2 WHERE id = ?1",
                       {row.id, int64_t{request.force.value_or(false)}});
  service.volumes().schedule(call.transaction, row.id);
  return describe_volume(service, call, require_volume(call, row.id)).attachments.front();
}

}  // namespace holm::ec2

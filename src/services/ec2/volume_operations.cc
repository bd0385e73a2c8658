// Volumes as the API shows and changes them.

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/instances.h"
#include "services/ec2/service.h"
#include "services/ec2/volumes.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

// What bounds a root that is a folder of the host, in whole GiB.
int64_t machine_gib(const std::string& data_directory) {
  struct statvfs status{};
  if (::statvfs(data_directory.c_str(), &status) != 0) return 0;
  return static_cast<int64_t>((status.f_blocks * status.f_frsize) >> 30);
}

Volume describe_volume(Service& service, Call& call, const VolumeRow& row) {
  Volume volume{.tags = tags_of(call, row.id),
                .volume_type = row.type,
                .multi_attach_enabled = false,
                .volume_id = row.id,
                .snapshot_id = "",
                .availability_zone = row.zone,
                .state = row.state,
                .create_time = from_milliseconds(row.created),
                .encrypted = false};
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
  auto truth = [](bool value) { return std::string(value ? "true" : "false"); };
  if (name == "volume-id") return {{*volume.volume_id}};
  if (name == "volume-type") return {{*volume.volume_type}};
  if (name == "availability-zone") return {{*volume.availability_zone}};
  if (name == "status") return {{*volume.state}};
  if (name == "size") return {{std::to_string(*volume.size)}};
  if (name == "encrypted") return {{truth(*volume.encrypted)}};
  if (name == "multi-attach-enabled") return {{truth(false)}};
  if (name == "snapshot-id") return {{*volume.snapshot_id}};
  if (name == "create-time") return {{iso8601_milliseconds(*volume.create_time)}};
  if (!name.starts_with("attachment.")) return std::nullopt;
  if (volume.attachments.empty()) return std::vector<std::string>{};
  const VolumeAttachment& attachment = volume.attachments.front();
  if (name == "attachment.instance-id") return {{*attachment.instance_id}};
  if (name == "attachment.device") return {{*attachment.device}};
  if (name == "attachment.status") return {{*attachment.state}};
  if (name == "attachment.delete-on-termination") return {{truth(*attachment.delete_on_termination)}};
  if (name == "attachment.attach-time") return {{iso8601_milliseconds(*attachment.attach_time)}};
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

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html
DescribeVolumesResult describe_volumes(Service& service, Call& call, const DescribeVolumesRequest& request) {
  for (const std::string& id : request.volume_ids) require_volume(call, id);
  DescribeVolumesResult result;
  for (const VolumeRow& row :
       volumes_where(call.transaction, "account = ?1 AND region = ?2", {call.account, call.region})) {
    if (!is_asked_for(request.volume_ids, row.id)) continue;
    Volume volume = describe_volume(service, call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(volume, name); };
    if (passes(request.filters, volume.tags, values)) result.volumes.push_back(std::move(volume));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.volumes, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
Volume create_volume(Service& service, Call& call, const CreateVolumeRequest& request) {
  if (!request.availability_zone) throw_missing("AvailabilityZone");
  require_zone(call.region, *request.availability_zone);
  if (!request.size) throw_missing("size/snapshot");
  if (request.encrypted.value_or(false)) throw aws::NotImplemented("CreateVolume: Encrypted");
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
  check_volume({.gib = row.gib, .type = row.type});
  if (request.client_token) {
    auto known = volumes_where(call.transaction, "account = ?1 AND region = ?2 AND client_token = ?3",
                               {call.account, call.region, *request.client_token});
    if (!known.empty()) return describe_volume(service, call, known.front());
  }
  end_dry_run(request.dry_run);
  call.transaction.run(
      "INSERT INTO ec2_volume (account, region, id, zone, gib, type, iops, throughput, state, client_token,"
      " created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
      {row.account, row.region, row.id, row.zone, *row.gib, row.type, sql::optional_value(row.iops),
       sql::optional_value(row.throughput), row.state, sql::optional_value(request.client_token),
       row.created});
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
  delete_volume_row(call.transaction, row.id);
  call.after_commit([path = disk_path(service.use().data_directory, row.id)] {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  });
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

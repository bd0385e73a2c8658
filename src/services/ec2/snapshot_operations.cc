// Snapshots as the API shows and changes them.

#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/instances.h"
#include "services/ec2/service.h"
#include "services/ec2/snapshots.h"
#include "services/ec2/volumes.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr size_t kDescriptionMax = 255;

std::string progress_of(const SnapshotRow& row) { return row.state == "completed" ? "100%" : "0%"; }

Snapshot describe(Call& call, const SnapshotRow& row) {
  Snapshot result{.tags = tags_of(call, row.id),
                  .storage_tier = "standard",
                  .snapshot_id = row.id,
                  .volume_id = row.source ? kNoVolume : row.volume,
                  .state = row.state,
                  .state_message = row.message,
                  .start_time = from_milliseconds(row.started),
                  .progress = progress_of(row),
                  .owner_id = row.account,
                  .description = row.description,
                  .volume_size = static_cast<int32_t>(row.gib),
                  .encrypted = row.encryption.is_on()};
  if (row.encryption.is_on()) result.kms_key_id = row.encryption.kms_key;
  if (row.completed) result.completion_time = from_milliseconds(*row.completed);
  return result;
}

SnapshotInfo describe_info(Call& call, const SnapshotRow& row) {
  return {.description = row.description,
          .tags = tags_of(call, row.id),
          .encrypted = row.encryption.is_on(),
          .volume_id = row.volume,
          .state = row.state,
          .volume_size = static_cast<int32_t>(row.gib),
          .start_time = from_milliseconds(row.started),
          .progress = progress_of(row),
          .owner_id = row.account,
          .snapshot_id = row.id};
}

std::optional<std::vector<std::string>> filter_values(const Snapshot& each, std::string_view name) {
  if (name == "status") return {{*each.state}};
  return std::nullopt;
}

void check_description(const std::string& description) {
  if (description.size() > kDescriptionMax) {
    throw_invalid(
        fmt::format("Character sets beyond {} characters are not allowed for description.", kDescriptionMax));
  }
}

void require_settled(const VolumeRow& volume) {
  if (volume.state == "available" || volume.state == "in-use") return;
  throw aws::ServiceError("IncorrectState", 400,
                          fmt::format("The volume '{}' is '{}'", volume.id, volume.state));
}

// Owners are accounts; "self" is the caller's.
bool is_owner_asked_for(const Call& call, const std::vector<std::string>& owners, const std::string& owner) {
  if (owners.empty() || is_asked_for(owners, owner)) return true;
  return owner == call.account && is_asked_for(owners, "self");
}

std::vector<Tag> own_tags(Call& call, const std::string& resource) {
  std::vector<Tag> tags = tags_of(call, resource);
  std::erase_if(tags, [](const Tag& tag) { return tag.key->starts_with("aws:"); });
  return tags;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html
Snapshot create_snapshot(Service& service, Call& call, const CreateSnapshotRequest& request) {
  const VolumeRow volume = require_volume(call, request.volume_id);
  require_settled(volume);
  check_description(request.description.value_or(""));
  end_dry_run(request.dry_run);
  const SnapshotRow row = snapshot_of(service, call, volume, request.description.value_or(""));
  insert_snapshot(call, row);
  write_tags(call, row.id, "snapshot", request.tag_specifications);
  service.snapshots().schedule(call.transaction, row);
  return describe(call, row);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html
CreateSnapshotsResult create_snapshots(Service& service, Call& call, const CreateSnapshotsRequest& request) {
  const InstanceSpecification& which = request.instance_specification;
  const InstanceRow instance = require_instance(call, which.instance_id);
  check_description(request.description.value_or(""));
  const std::string copies = request.copy_tags_from_source.value_or("");
  end_dry_run(request.dry_run);
  CreateSnapshotsResult result;
  for (const VolumeRow& volume : volumes_of_instance(call.transaction, instance.id)) {
    if (volume.is_root() && which.exclude_boot_volume.value_or(false)) continue;
    if (std::ranges::find(which.exclude_data_volume_ids, volume.id) != which.exclude_data_volume_ids.end()) {
      if (volume.is_root()) throw_invalid(fmt::format("{} is the boot volume.", volume.id));
      continue;
    }
    const SnapshotRow row = snapshot_of(service, call, volume, request.description.value_or(""));
    insert_snapshot(call, row);
    if (copies == "volume") write_tags(call, row.id, "snapshot", own_tags(call, volume.id));
    write_tags(call, row.id, "snapshot", request.tag_specifications);
    service.snapshots().schedule(call.transaction, row);
    result.snapshots.push_back(describe_info(call, row));
  }
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
DescribeSnapshotsResult describe_snapshots(Service&, Call& call, const DescribeSnapshotsRequest& request) {
  check_filters("DescribeSnapshots", request.filters);
  check_page(request.max_results, !request.snapshot_ids.empty(), "snapshotIds");
  for (const std::string& id : request.snapshot_ids) require_snapshot(call, id);
  DescribeSnapshotsResult result;
  for (const SnapshotRow& row :
       snapshots_where(call.transaction, "account = ?1 AND region = ?2 AND state <> 'deleted'",
                       {call.account, call.region})) {
    if (!is_asked_for(request.snapshot_ids, row.id)) continue;
    if (!is_owner_asked_for(call, request.owner_ids, row.account)) continue;
    if (!is_owner_asked_for(call, request.restorable_by_user_ids, row.account)) continue;
    Snapshot snapshot = describe(call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(snapshot, name); };
    if (passes(request.filters, snapshot.tags, values, described_as(snapshot)))
      result.snapshots.push_back(std::move(snapshot));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.snapshots, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSnapshot.html
aws::Nothing delete_snapshot(Service& service, Call& call, const DeleteSnapshotRequest& request) {
  const SnapshotRow row = require_snapshot(call, request.snapshot_id);
  auto used = call.transaction.find("SELECT image FROM ec2_image_device WHERE snapshot = ?1", {row.id});
  if (used) {
    throw aws::ServiceError("InvalidSnapshot.InUse", 400,
                            fmt::format("The snapshot {} is currently in use by {}", row.id, used->text(0)));
  }
  end_dry_run(request.dry_run);
  delete_tags_of(call, row.id);
  call.transaction.run("UPDATE ec2_snapshot SET state = 'deleted' WHERE id = ?1", {row.id});
  forget_unused_snapshots(call, service.use().data_directory);
  return {};
}

SnapshotRow copy_of(Service& service, Call& call, const SnapshotRow& source, const std::string& description,
                    const AskedEncryption& asked) {
  SnapshotRow row = source;
  row.account = call.account;
  row.region = call.region;
  row.id = new_id(service.random(), "snap");
  row.source = source.id;
  // A folder lies below its copies.
  if (!source.is_disk) row.base = source.id;
  row.image = std::nullopt;
  row.description = description;
  row.state = "pending";
  row.started = to_milliseconds(call.now);
  row.completed = std::nullopt;
  auto key = key_for(call, asked, source.encryption);
  if (key && !source.is_disk) {
    throw aws::NotImplemented("An encrypted copy of the snapshot of a root volume whose size nobody gave");
  }
  if (!key && source.encryption.is_on()) key = default_key(call);
  row.encryption = encryption_of(call, row.id, key, source.encryption);
  return row;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html
CopySnapshotResult copy_snapshot(Service& service, Call& call, const CopySnapshotRequest& request) {
  const std::string target = request.destination_region.value_or(call.region);
  if (target != call.region) {
    throw_invalid(fmt::format("The destination region {} is not that of the request.", target));
  }
  auto found =
      snapshots_where(call.transaction, "account = ?1 AND region = ?2 AND id = ?3 AND state <> 'deleted'",
                      {call.account, request.source_region, request.source_snapshot_id});
  if (found.empty()) {
    throw aws::ServiceError("InvalidSnapshot.NotFound", 400,
                            fmt::format("The snapshot '{}' does not exist.", request.source_snapshot_id));
  }
  require_completed(found.front());
  check_description(request.description.value_or(""));
  end_dry_run(request.dry_run);
  const SnapshotRow row = copy_of(service, call, found.front(), request.description.value_or(""),
                                  {.encrypted = request.encrypted, .kms_key = request.kms_key_id});
  insert_snapshot(call, row);
  write_tags(call, row.id, "snapshot", request.tag_specifications);
  service.snapshots().schedule(call.transaction, row);
  return {.tags = tags_of(call, row.id), .snapshot_id = row.id};
}

}  // namespace holm::ec2

// Rows of volumes, what mappings of block devices ask for, and a job a volume that makes its disk, shows it
// in an instance that runs, or takes it away.

#include "services/ec2/volumes.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "aws/service/region.h"
#include "base/files.h"
#include "base/log.h"
#include "sandbox/disks.h"
#include "sandbox/snapshots.h"
#include "services/ec2/instances.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr int64_t kGibMax = 16384;
constexpr size_t kMappingsMax = 28;

constexpr char kJob[] = "ec2.volume";
constexpr std::chrono::milliseconds kInstanceInterval{200};  // While an instance boots or stops.
constexpr std::chrono::seconds kBusyInterval{1};             // While a guest uses what is to be taken away.
constexpr char kFree[] =
    "state = 'available', instance = NULL, device = NULL, attachment = NULL, is_forced = 0";

[[noreturn]] void throw_failure(const VolumeRow& row, const Error& error) {
  throw aws::ServiceError("InternalError", 500, fmt::format("volume {}: {}", row.id, error.message));
}

constexpr char kColumns[] =
    "account, region, id, zone, gib, type, iops, throughput, state, instance, device, attachment, attached,"
    " delete_on_termination, created, is_forced, snapshot, origin, base, holds_root, kms_key, data_key,"
    " key_bound_to, (SELECT count(*) FROM ec2_snapshot s WHERE s.id = origin AND s.kms_key IS NULL)";

VolumeRow read_row(const sql::Row& row) {
  return {.account = row.text(0),
          .region = row.text(1),
          .id = row.text(2),
          .zone = row.text(3),
          .gib = row.optional_integer(4),
          .type = row.text(5),
          .iops = row.optional_integer(6),
          .throughput = row.optional_integer(7),
          .state = row.text(8),
          .instance = row.optional_text(9),
          .device = row.optional_text(10),
          .attachment = row.optional_text(11).value_or(""),
          .attached = row.optional_integer(12).value_or(0),
          .delete_on_termination = row.integer(13) != 0,
          .is_forced = row.integer(15) != 0,
          .snapshot = row.optional_text(16),
          .origin = row.optional_text(17),
          .base = row.optional_text(18),
          .holds_root = row.integer(19) != 0,
          .encryption = {.kms_key = row.optional_text(20).value_or(""),
                         .data_key = row.optional_text(21).value_or(""),
                         .bound_to = row.optional_text(22).value_or("")},
          .encrypts_origin = row.optional_text(20) && row.integer(23) > 0,
          .created = row.integer(14)};
}

[[noreturn]] void throw_mapping(const std::string& message) {
  throw aws::ServiceError("InvalidBlockDeviceMapping", 400, message);
}

// What the mapping says about a volume of an image, or about a new one.
VolumeWish wish_of(Call& call, const BlockDeviceMapping& mapping, const VolumeWish* known) {
  const std::string device = mapping.device_name.value_or("");
  if (!is_device_name(device)) throw_mapping(fmt::format("Invalid device name {}", device));
  if (!mapping.ebs) throw_mapping(fmt::format("The device {} has neither a volume nor a snapshot.", device));
  const EbsBlockDevice& ebs = *mapping.ebs;
  VolumeWish wish = known ? *known : VolumeWish{.device = device};
  if (known && known->snapshot && ebs.snapshot_id && ebs.snapshot_id != known->snapshot->id) {
    throw_mapping(fmt::format("snapshotId can not be modified on device {}", device));
  }
  if (ebs.snapshot_id && !wish.snapshot) {
    wish.snapshot = require_snapshot(call, *ebs.snapshot_id);
    require_completed(*wish.snapshot);
  }
  wish.asked = {.encrypted = ebs.encrypted, .kms_key = ebs.kms_key_id};
  if (ebs.volume_type) wish.type = *ebs.volume_type;
  if (ebs.iops) wish.iops = ebs.iops;
  if (ebs.throughput) wish.throughput = ebs.throughput;
  wish.delete_on_termination = ebs.delete_on_termination.value_or(wish.delete_on_termination);
  const std::optional<int64_t> gib = ebs.volume_size;
  if (wish.snapshot && wish.snapshot->is_disk) wish.gib = size_of_copy(*wish.snapshot, gib ? gib : wish.gib);
  else if (gib) wish.gib = gib;
  else if (!known && !wish.snapshot && device == kRootDevice) wish.gib = kRootGibDefault;
  const bool is_folder = wish.snapshot && !wish.snapshot->is_disk;
  if (is_folder && device != kRootDevice) {
    throw aws::NotImplemented("A volume of the snapshot of a root volume whose size nobody gave");
  }
  if (!wish.gib && device != kRootDevice) {
    throw aws::ServiceError("MissingParameter", 400,
                            "The request must contain the size or the snapshot of " + device);
  }
  check_volume(wish);
  return wish;
}

}  // namespace

// /dev/sdf, /dev/xvdba: the last part becomes a folder's name in the instance.
bool is_device_name(std::string_view name) {
  if (!name.starts_with("/dev/") || name.size() > 40) return false;
  return name.size() > 5 && std::ranges::all_of(name.substr(5), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
void check_volume(const VolumeWish& wish) {
  constexpr std::array kTypes = {"gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"};
  if (std::ranges::find(kTypes, wish.type) == kTypes.end()) {
    throw_invalid(fmt::format("Invalid value '{}' for VolumeType.", wish.type));
  }
  if (wish.gib && (*wish.gib < 1 || *wish.gib > kGibMax)) {
    throw_invalid(fmt::format("Volume of {}GiB is invalid: it lies between 1 and {}.", *wish.gib, kGibMax));
  }
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
std::vector<VolumeWish> volume_wishes(Call& call, std::vector<VolumeWish> image,
                                      const std::vector<BlockDeviceMapping>& mappings) {
  if (mappings.size() > kMappingsMax) throw_mapping("An instance has at most 28 volumes.");
  std::vector<VolumeWish> wishes = std::move(image);
  if (wishes.empty()) wishes.push_back({.device = kRootDevice});
  const VolumeWish plain_root = wishes.front();
  std::set<std::string> devices;
  for (const BlockDeviceMapping& mapping : mappings) {
    const std::string device = mapping.device_name.value_or("");
    // No type of instance has an instance store here, and such mappings are passed over, as for AWS's without.
    if (mapping.virtual_name && mapping.virtual_name->starts_with("ephemeral")) continue;
    if (!devices.insert(device).second) {
      throw_mapping(fmt::format("The device '{}' is used in more than one block-device mapping", device));
    }
    auto known = std::ranges::find(wishes, device, &VolumeWish::device);
    // Other words than the empty one leave nothing out.
    if (mapping.no_device && mapping.no_device->empty()) {
      if (device == kRootDevice) throw_mapping("The root device cannot be left out.");
      if (known != wishes.end()) wishes.erase(known);
      continue;
    }
    // A root that no image describes is a new volume.
    const bool is_known = known != wishes.end() && (device != kRootDevice || plain_root.snapshot);
    VolumeWish wish = wish_of(call, mapping, is_known ? &*known : nullptr);
    if (known != wishes.end()) *known = std::move(wish);
    else wishes.push_back(std::move(wish));
  }
  return wishes;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html
int64_t size_of_copy(const SnapshotRow& snapshot, const std::optional<int64_t>& gib) {
  if (gib && *gib < snapshot.gib) {
    throw_mapping(fmt::format("Volume of size {}GB is smaller than snapshot '{}', expect size>= {}GB", *gib,
                              snapshot.id, snapshot.gib));
  }
  return gib.value_or(snapshot.gib);
}

int64_t machine_gib(const std::string& data_directory) {
  struct statvfs status{};
  if (::statvfs(data_directory.c_str(), &status) != 0) return 0;
  return static_cast<int64_t>((status.f_blocks * status.f_frsize) >> 30);
}

void insert_volumes(Service& service, Call& call, const InstanceRow& instance,
                    const std::vector<VolumeWish>& wishes, const std::vector<Tag>& tags) {
  for (const VolumeWish& wish : wishes) {
    const std::string id = new_id(service.random(), "vol");
    std::optional<std::string> snapshot, origin, base;
    if (wish.snapshot) snapshot = wish.snapshot->id;
    if (wish.snapshot && wish.snapshot->is_disk) origin = snapshot;
    if (wish.snapshot) base = origin ? wish.snapshot->base : snapshot;
    const bool holds_root = wish.device == kRootDevice || (wish.snapshot && wish.snapshot->holds_root);
    const Encryption encryption =
        encryption_of(call, id, wish.key, wish.snapshot ? wish.snapshot->encryption : Encryption());
    call.transaction.run(
        "INSERT INTO ec2_volume (account, region, id, zone, gib, type, iops, throughput, state, instance, "
        "device, attachment, attached, delete_on_termination, created, snapshot, origin, base, holds_root)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'in-use', ?9, ?10, 'attaching', ?11, ?12, ?11, ?13, ?14, "
        "?15,"
        " ?16)",
        {call.account, call.region, id, instance.zone, sql::optional_value(wish.gib), wish.type,
         sql::optional_value(wish.iops), sql::optional_value(wish.throughput), instance.id, wish.device,
         to_milliseconds(call.now), int64_t{wish.delete_on_termination}, sql::optional_value(snapshot),
         sql::optional_value(origin), sql::optional_value(base), int64_t{holds_root}});
    write_encryption(call, "ec2_volume", id, encryption);
    write_tags(call, id, "volume", tags);
  }
}

std::vector<VolumeRow> volumes_where(sql::Transaction& transaction, std::string_view condition,
                                     std::vector<sql::Value> arguments) {
  std::vector<VolumeRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM ec2_volume WHERE {} ORDER BY created, id", kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

std::vector<VolumeRow> volumes_of_instance(sql::Transaction& transaction, const std::string& instance) {
  std::vector<VolumeRow> rows = volumes_where(transaction, "instance = ?1", {instance});
  std::ranges::sort(rows, {}, [](const VolumeRow& row) { return std::pair(!row.is_root(), *row.device); });
  return rows;
}

VolumeRow require_volume(Call& call, const std::string& id) {
  auto rows = volumes_where(call.transaction, "account = ?1 AND region = ?2 AND id = ?3",
                            {call.account, call.region, id});
  if (rows.empty()) {
    throw aws::ServiceError("InvalidVolume.NotFound", 400,
                            fmt::format("The volume '{}' does not exist.", id));
  }
  return rows.front();
}

std::vector<InstanceBlockDeviceMapping> describe_mappings(sql::Transaction& transaction,
                                                          const std::string& instance) {
  std::vector<InstanceBlockDeviceMapping> mappings;
  for (const VolumeRow& row : volumes_of_instance(transaction, instance)) {
    mappings.push_back({.device_name = row.device,
                        .ebs = EbsInstanceBlockDevice{.attach_time = from_milliseconds(row.attached),
                                                      .delete_on_termination = row.delete_on_termination,
                                                      .status = row.attachment,
                                                      .volume_id = row.id}});
  }
  return mappings;
}

std::string disk_path(const std::string& data_directory, const std::string& volume) {
  return fmt::format("{}/volumes/{}", data_directory, volume);
}

std::string mount_point_of(const std::string& device) {
  return "/mnt/" + device.substr(device.rfind('/') + 1);
}

Result<void> make_disks(const std::string& data_directory, const std::vector<VolumeRow>& volumes) {
  for (const VolumeRow& row : volumes) {
    if (!row.is_disk()) continue;
    if (auto made = make_directories(data_directory + "/volumes"); !made) return made;
    const std::string path = disk_path(data_directory, row.id);
    const uint64_t bytes = static_cast<uint64_t>(*row.gib) << 30;
    const std::string origin = row.origin ? snapshot_path(data_directory, *row.origin) : "";
    const auto kind = row.encryption.is_on() ? sandbox::DiskKind::Encrypted : sandbox::DiskKind::Plain;
    auto made = !row.origin           ? sandbox::make_disk(path, bytes, kind)
                : row.encrypts_origin ? sandbox::encrypt_disk(origin, path, bytes, row.key)
                                      : sandbox::copy_disk_larger(origin, path, bytes);
    if (!made) return made;
    // What could not grow while it was mounted.
    if (auto grown = sandbox::grow_disk(path, bytes); !grown) return std::unexpected(grown.error());
  }
  return {};
}

void delete_volume_row(Call& call, const std::string& data_directory, const VolumeRow& volume) {
  call.transaction.run("DELETE FROM ec2_tag WHERE resource = ?1", {volume.id});
  call.transaction.run("DELETE FROM ec2_volume WHERE id = ?1", {volume.id});
  if (!volume.is_disk() || is_disk_wanted(call.transaction, volume.id)) return;
  call.after_commit([path = disk_path(data_directory, volume.id)] {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  });
}

void release_volumes(Call& call, const std::string& data_directory, const std::vector<VolumeRow>& volumes) {
  for (const VolumeRow& row : volumes) {
    if (row.delete_on_termination || !row.is_disk()) {
      delete_volume_row(call, data_directory, row);
    } else {
      call.transaction.run(fmt::format("UPDATE ec2_volume SET {} WHERE id = ?1", kFree), {row.id});
    }
  }
}

Volumes::Volumes(Dependencies& use) : use_(use) {}

void Volumes::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) { return run(job); });
  remove_strays();
}

void Volumes::remove_strays() {
  std::set<std::string> known;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    for (const VolumeRow& row : volumes_where(call.transaction, "id <> ''", {})) known.insert(row.id);
    for (const SnapshotRow& row : snapshots_where(call.transaction, "state = 'pending'", {})) {
      known.insert(row.volume);
    }
  });
  std::error_code ignored;
  std::vector<std::filesystem::path> strays;
  for (const auto& item : std::filesystem::directory_iterator(use_.data_directory + "/volumes", ignored)) {
    if (!known.contains(item.path().filename().string())) strays.push_back(item.path());
  }
  for (const std::filesystem::path& path : strays) std::filesystem::remove(path, ignored);
}

void Volumes::schedule(sql::Transaction& transaction, const std::string& id) {
  use_.jobs.schedule(transaction, {.kind = kJob, .key = id}, use_.clock.now());
}

void Volumes::write(const VolumeRow& row, std::string_view change) {
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    // Only what this job began: meanwhile somebody may have wanted something else.
    call.transaction.run(
        fmt::format("UPDATE ec2_volume SET {} WHERE id = ?1 AND state = ?2 AND coalesce(attachment, '') = ?3",
                    change),
        {row.id, row.state, row.attachment});
    if (row.origin) forget_unused_snapshots(call, use_.data_directory);
    auto now = volumes_where(call.transaction, "id = ?1", {row.id});
    if (!now.empty() && now.front().attachment == "detaching") schedule(call.transaction, row.id);
  });
}

jobs::Outcome Volumes::run(const jobs::Job& job) {
  std::vector<VolumeRow> rows;
  std::optional<InstanceRow> instance;
  bool is_modifying = false;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    rows = volumes_where(call.transaction, "id = ?1", {job.key});
    const auto last = find_modification(call.transaction, job.key);
    is_modifying = last && last->state == "modifying";
    if (!rows.empty() && rows.front().instance) {
      instance = find_instance(call.transaction, *rows.front().instance);
    }
  });
  if (rows.empty()) return jobs::done();
  const VolumeRow& row = rows.front();
  if (row.state == "creating") return create(row);
  if (is_modifying) {
    modify(row, job.attempt);
    return jobs::again_at(use_.clock.now());
  }
  const bool is_wanted =
      row.attachment == "attaching" || row.attachment == "detaching" || row.attachment == "busy";
  if (!instance || !is_wanted) return jobs::done();
  const bool is_settled = instance->state == "running" || instance->state == "stopped";
  if (!is_settled) return jobs::again_at(use_.clock.now() + kInstanceInterval);
  if (instance->state == "stopped") {
    write(row, row.attachment == "attaching" ? "attachment = 'attached'" : kFree);
    return jobs::done();
  }
  return row.attachment == "attaching" ? attach(row) : detach(row);
}

jobs::Outcome Volumes::create(const VolumeRow& row) {
  std::vector<VolumeRow> rows = {row};
  if (auto opened = open_data_keys(use_, rows); !opened) {
    log::error(opened.error().message);
    write(row, "state = 'error', origin = NULL");
    return jobs::done();
  }
  if (auto made = make_disks(use_.data_directory, rows); !made) throw_failure(row, made.error());
  write(row, "state = 'available', origin = NULL");
  return jobs::done();
}

jobs::Outcome Volumes::attach(const VolumeRow& row) {
  auto key = open_data_key(use_, row.account, row.region, row.encryption);
  if (!key) {
    log::error(fmt::format("volume {}: {}", row.id, key.error().message));
    write(row, kFree);
    return jobs::done();
  }
  if (auto made = make_disks(use_.data_directory, {row}); !made) throw_failure(row, made.error());
  auto shown = use_.runtime.attach_disk(*row.instance, {.path = disk_path(use_.data_directory, row.id),
                                                        .destination = mount_point_of(*row.device),
                                                        .key = *key});
  if (!shown) throw_failure(row, shown.error());
  write(row, "attachment = 'attached'");
  return jobs::done();
}

jobs::Outcome Volumes::detach(const VolumeRow& row) {
  using sandbox::Runtime;
  const auto how = row.is_forced ? Runtime::Detach::ByForce : Runtime::Detach::Gently;
  auto detached = use_.runtime.detach_disk(*row.instance, mount_point_of(*row.device), how);
  if (!detached) throw_failure(row, detached.error());
  if (*detached == Runtime::Detached::Done) {
    write(row, kFree);
    return jobs::done();
  }
  if (row.attachment != "busy") write(row, "attachment = 'busy'");
  return jobs::again_at(use_.clock.now() + kBusyInterval);
}

}  // namespace holm::ec2

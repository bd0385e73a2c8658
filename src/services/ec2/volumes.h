// Volumes: what instances have for disks; their rows, and the controller that makes disks of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/jobs.h"
#include "services/ec2/encryption.h"
#include "services/ec2/resource.h"
#include "services/ec2/snapshots.h"

namespace holm::ec2 {

class Service;
struct Dependencies;
struct InstanceRow;

// The device that the writable layer of an instance is on.
inline constexpr char kRootDevice[] = "/dev/xvda";
inline constexpr int64_t kRootGibDefault = 8;

// A volume that an instance is to have from its launch.
struct VolumeWish {
  std::string device;
  std::optional<int64_t> gib;  // Empty: a root volume that only the machine's own disk bounds.
  std::optional<SnapshotRow> snapshot;
  std::string type = "gp3";
  std::optional<int64_t> iops, throughput;
  bool delete_on_termination = true;
  AskedEncryption asked;
  std::optional<std::string> key;  // What decide_encryption() made of that.
};

struct VolumeRow {
  std::string account, region, id, zone;
  std::optional<int64_t> gib;
  std::string type;
  std::optional<int64_t> iops, throughput;
  std::string state;  // creating, available, in-use
  std::optional<std::string> instance, device;
  std::string attachment;  // attaching, attached, detaching, busy; empty without an instance
  int64_t attached = 0;
  bool delete_on_termination = false;
  bool is_forced = false;               // To be taken away even while a guest uses it.
  std::optional<std::string> snapshot;  // What it was made of, for those who ask.
  std::optional<std::string> origin;    // The snapshot that is still to be copied to its disk.
  std::optional<std::string> base;      // The snapshot whose folder lies below a root's own layer.
  bool holds_root = false;
  Encryption encryption;
  bool encrypts_origin = false;  // The snapshot to be copied is not encrypted, unlike the volume.
  std::string key;               // Of its disk; only while a controller works with it.
  int64_t created = 0;

  // A folder of the host otherwise: the root of an instance whose launch named no size.
  bool is_disk() const { return gib.has_value(); }
  bool is_root() const { return device == kRootDevice; }
};

// The size and the type of a volume are possible; throws otherwise.
void check_volume(const VolumeWish& wish);
bool is_device_name(std::string_view name);
// The volumes that mappings ask for beside those of an image, the root volume first and always; what is wrong
// with them ends the request.
std::vector<VolumeWish> volume_wishes(Call& call, std::vector<VolumeWish> image,
                                      const std::vector<BlockDeviceMapping>& mappings);
// The size of a volume made of the snapshot, when `gib` is asked for; throws where it does not fit.
int64_t size_of_copy(const SnapshotRow& snapshot, const std::optional<int64_t>& gib);
// What bounds a root that is a folder of the host, in whole GiB.
int64_t machine_gib(const std::string& data_directory);
void insert_volumes(Service& service, Call& call, const InstanceRow& instance,
                    const std::vector<VolumeWish>& wishes, const std::vector<Tag>& tags);

std::vector<VolumeRow> volumes_where(sql::Transaction& transaction, std::string_view condition,
                                     std::vector<sql::Value> arguments);
std::vector<VolumeRow> volumes_of_instance(sql::Transaction& transaction, const std::string& instance);
VolumeRow require_volume(Call& call, const std::string& id);

// Of an instance, as Describe operations show them.
std::vector<InstanceBlockDeviceMapping> describe_mappings(sql::Transaction& transaction,
                                                          const std::string& instance);

// Where a volume's disk lies below the data directory, and where a guest finds it.
std::string disk_path(const std::string& data_directory, const std::string& volume);
std::string mount_point_of(const std::string& device);

// Makes the disks that `volumes`, with their keys, have none of yet. Blocks.
Result<void> make_disks(const std::string& data_directory, const std::vector<VolumeRow>& volumes);
// An instance is gone: its volumes go with it, or are free again.
void release_volumes(Call& call, const std::string& data_directory, const std::vector<VolumeRow>& volumes);
// Its disk goes after the commit, or once the last snapshot of it is taken.
void delete_volume_row(Call& call, const std::string& data_directory, const VolumeRow& volume);

// What ModifyVolume asked for last.
struct ModificationRow {
  std::string volume;
  VolumeWish before, after;  // Size, type, IOPS and throughput.
  std::string state;         // modifying, completed, failed
  std::optional<std::string> message;
  int64_t started = 0;
  std::optional<int64_t> ended;
};
std::optional<ModificationRow> find_modification(sql::Transaction& transaction, const std::string& volume);

// Brings each volume from the state it is in to the one that is wanted. Any thread.
class Volumes final {
 public:
  explicit Volumes(Dependencies& use);

  // Runs its jobs from now on.
  void start();
  void schedule(sql::Transaction& transaction, const std::string& id);

 private:
  jobs::Outcome run(const jobs::Job& job);
  // What was being made or deleted when an earlier daemon ended.
  void remove_strays();
  jobs::Outcome create(const VolumeRow& row);
  jobs::Outcome attach(const VolumeRow& row);
  jobs::Outcome detach(const VolumeRow& row);
  void modify(const VolumeRow& row, int attempt);
  void write(const VolumeRow& row, std::string_view change);

  Dependencies& use_;
};

}  // namespace holm::ec2

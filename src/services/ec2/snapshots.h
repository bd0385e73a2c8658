// Snapshots: what volumes held at one moment; their rows, and the controller that takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/jobs.h"
#include "sandbox/images.h"
#include "services/ec2/encryption.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

class Service;
struct Dependencies;
struct VolumeRow;

// What snapshots that were made of no volume tell.
inline constexpr char kNoVolume[] = "vol-ffffffff";

struct SnapshotRow {
  std::string account, region, id;
  std::string volume;  // Told only: it may be gone.
  int64_t gib = 0;
  bool is_disk = false;               // A folder otherwise: of a root whose launch named no size.
  bool holds_root = false;            // An instance can boot from it.
  bool is_whole = false;              // That needs nothing of the machine's own image below it.
  std::optional<std::string> base;    // The snapshot whose folder lies below what this one holds.
  std::optional<std::string> source;  // The snapshot it is a copy of.
  std::optional<std::string> image;   // The image it is taken for.
  Encryption encryption;
  bool is_held = false;               // Not to be taken yet.
  std::string description;
  std::string state;  // pending, completed, error, deleted
  std::optional<std::string> message;
  int64_t started = 0;
  std::optional<int64_t> completed;
};

std::vector<SnapshotRow> snapshots_where(sql::Transaction& transaction, std::string_view condition,
                                         std::vector<sql::Value> arguments);
// One of the account's in the region of the call, or InvalidSnapshot.NotFound.
SnapshotRow require_snapshot(Call& call, const std::string& id);
// One that volumes can be made of.
void require_completed(const SnapshotRow& row);
void insert_snapshot(Call& call, const SnapshotRow& row);
// A snapshot to be taken of a volume; the caller writes it and schedules it.
SnapshotRow snapshot_of(Service& service, Call& call, const VolumeRow& volume,
                        const std::string& description);

// A copy to be made in the account and region of the call; the caller writes it and schedules it. That of an
// encrypted snapshot is encrypted with the region's key when none is asked for.
SnapshotRow copy_of(Service& service, Call& call, const SnapshotRow& source, const std::string& description,
                    const AskedEncryption& asked);

// What lies below a root volume's own writable layer, which is based on this snapshot or on the machine.
sandbox::Image image_below(sql::Transaction& transaction, const std::string& data_directory,
                           const std::optional<std::string>& base);
// Whether something is still to be copied of the instance's folder, which must rest meanwhile.
bool is_being_copied(sql::Transaction& transaction, const std::string& instance);
// Whether a snapshot that is not taken yet needs the volume's disk.
bool is_disk_wanted(sql::Transaction& transaction, const std::string& volume);
// Forgets snapshots that were deleted and that nothing is based on any more; their files go after the commit.
void forget_unused_snapshots(Call& call, const std::string& data_directory);

std::string snapshot_path(const std::string& data_directory, const std::string& id);

// Takes snapshots. Any thread.
class Snapshots final {
 public:
  explicit Snapshots(Dependencies& use);

  // Runs its jobs from now on.
  void start();
  void schedule(sql::Transaction& transaction, const SnapshotRow& row);

 private:
  jobs::Outcome run(const jobs::Job& job);
  Result<void> take(const SnapshotRow& row);
  Result<void> copy(const SnapshotRow& row);
  void finish(const SnapshotRow& row, const std::optional<std::string>& problem);
  void remove_strays();

  Dependencies& use_;
};

}  // namespace holm::ec2

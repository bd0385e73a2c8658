// Rows of snapshots, and a job a volume that takes what is to be taken of it.

#include "services/ec2/snapshots.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "aws/service/region.h"
#include "base/files.h"
#include "sandbox/disks.h"
#include "sandbox/runtime.h"
#include "sandbox/snapshots.h"
#include "services/ec2/image_controller.h"
#include "services/ec2/service.h"
#include "services/ec2/volumes.h"

namespace holm::ec2 {

namespace {

namespace fs = std::filesystem;

// Its key is the volume, so that one is taken after the other; of a copy the copy itself.
constexpr char kJob[] = "ec2.snapshot";
constexpr int kAttemptsMax = 4;

constexpr char kColumns[] =
    "account, region, id, volume, gib, is_disk, holds_root, base, source, image, is_held, description, state,"
    " message, started, completed, kms_key, data_key, key_bound_to, is_whole";

SnapshotRow read_row(const sql::Row& row) {
  return {.account = row.text(0),
          .region = row.text(1),
          .id = row.text(2),
          .volume = row.text(3),
          .gib = row.integer(4),
          .is_disk = row.integer(5) != 0,
          .holds_root = row.integer(6) != 0,
          .is_whole = row.integer(19) != 0,
          .base = row.optional_text(7),
          .source = row.optional_text(8),
          .image = row.optional_text(9),
          .encryption = {.kms_key = row.optional_text(16).value_or(""),
                         .data_key = row.optional_text(17).value_or(""),
                         .bound_to = row.optional_text(18).value_or("")},
          .is_held = row.integer(10) != 0,
          .description = row.text(11),
          .state = row.text(12),
          .message = row.optional_text(13),
          .started = row.integer(14),
          .completed = row.optional_integer(15)};
}

Result<void> link_disk(const std::string& from, const std::string& to) {
  std::error_code error;
  if (fs::exists(to, error)) return {};
  fs::create_hard_link(from, to, error);
  if (error) return failure(from + ": " + error.message());
  return sync_folder(fs::path(to).parent_path().string());
}

}  // namespace

std::vector<SnapshotRow> snapshots_where(sql::Transaction& transaction, std::string_view condition,
                                         std::vector<sql::Value> arguments) {
  std::vector<SnapshotRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM ec2_snapshot WHERE {} ORDER BY started, id", kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

SnapshotRow require_snapshot(Call& call, const std::string& id) {
  if (!id.starts_with("snap-")) {
    throw aws::ServiceError("InvalidSnapshotID.Malformed", 400,
                            fmt::format("Invalid id: \"{}\" (expecting \"snap-...\")", id));
  }
  auto rows =
      snapshots_where(call.transaction, "account = ?1 AND region = ?2 AND id = ?3 AND state <> 'deleted'",
                      {call.account, call.region, id});
  if (rows.empty()) {
    throw aws::ServiceError("InvalidSnapshot.NotFound", 400,
                            fmt::format("The snapshot '{}' does not exist.", id));
  }
  return rows.front();
}

void require_completed(const SnapshotRow& row) {
  if (row.state == "completed") return;
  throw aws::ServiceError("IncorrectState", 400, fmt::format("Snapshot is in invalid state - {}", row.state));
}

void insert_snapshot(Call& call, const SnapshotRow& row) {
  call.transaction.run(
      fmt::format(
          "INSERT INTO ec2_snapshot ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
          " ?14, ?15, ?16, NULL, NULL, NULL, ?17)",
          kColumns),
      {row.account, row.region, row.id, row.volume, row.gib, int64_t{row.is_disk}, int64_t{row.holds_root},
       sql::optional_value(row.base), sql::optional_value(row.source), sql::optional_value(row.image),
       int64_t{row.is_held}, row.description, row.state, sql::optional_value(row.message), row.started,
       sql::optional_value(row.completed), int64_t{row.is_whole}});
  write_encryption(call, "ec2_snapshot", row.id, row.encryption);
}

SnapshotRow snapshot_of(Service& service, Call& call, const VolumeRow& volume,
                        const std::string& description) {
  return {.account = call.account,
          .region = call.region,
          .id = new_id(service.random(), "snap"),
          .volume = volume.id,
          .gib = volume.gib ? *volume.gib : machine_gib(service.use().data_directory),
          .is_disk = volume.is_disk(),
          .holds_root = volume.holds_root,
          .base = volume.base,
          .encryption = volume.encryption,
          .description = description,
          .state = "pending",
          .started = to_milliseconds(call.now)};
}

sandbox::Image image_below(sql::Transaction& transaction, const std::string& data_directory,
                           const std::optional<std::string>& base) {
  sandbox::Image image;
  for (std::optional<std::string> id = base; id;) {
    image.layers.push_back(snapshot_path(data_directory, *id));
    auto row = transaction.find("SELECT base, is_whole FROM ec2_snapshot WHERE id = ?1", {*id});
    if (row && row->integer(1) != 0) image.base = sandbox::Image::Base::Empty;
    id = row ? row->optional_text(0) : std::nullopt;
  }
  return image;
}

bool is_being_copied(sql::Transaction& transaction, const std::string& instance) {
  return transaction
      .find(
          "SELECT 1 FROM ec2_snapshot s JOIN ec2_volume v ON v.id = s.volume WHERE v.instance = ?1"
          " AND s.state = 'pending' AND s.source IS NULL AND s.is_disk = 0 AND s.is_held = 0",
          {instance})
      .has_value();
}

bool is_disk_wanted(sql::Transaction& transaction, const std::string& volume) {
  return transaction
      .find("SELECT 1 FROM ec2_snapshot WHERE volume = ?1 AND state = 'pending' AND source IS NULL", {volume})
      .has_value();
}

void forget_unused_snapshots(Call& call, const std::string& data_directory) {
  while (true) {
    // One may have been the last that another was based on.
    auto row = call.transaction.find(
        "SELECT id FROM ec2_snapshot s WHERE state = 'deleted'"
        " AND NOT EXISTS (SELECT 1 FROM ec2_volume v WHERE v.base = s.id OR v.origin = s.id)"
        " AND NOT EXISTS (SELECT 1 FROM ec2_snapshot o WHERE o.base = s.id"
        " OR (o.source = s.id AND o.state = 'pending'))",
        {});
    if (!row) return;
    call.transaction.run("DELETE FROM ec2_snapshot WHERE id = ?1", {row->text(0)});
    call.after_commit([path = snapshot_path(data_directory, row->text(0))] {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    });
  }
}

std::string snapshot_path(const std::string& data_directory, const std::string& id) {
  return fmt::format("{}/snapshots/{}", data_directory, id);
}

Snapshots::Snapshots(Dependencies& use) : use_(use) {}

void Snapshots::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) { return run(job); });
  remove_strays();
}

// What was being made or removed when an earlier daemon ended.
void Snapshots::remove_strays() {
  std::set<std::string> known;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    for (const SnapshotRow& row : snapshots_where(call.transaction, "id <> ''", {})) known.insert(row.id);
  });
  std::error_code ignored;
  std::vector<fs::path> strays;
  for (const auto& item : fs::directory_iterator(use_.data_directory + "/snapshots", ignored)) {
    if (!known.contains(item.path().filename().string())) strays.push_back(item.path());
  }
  for (const fs::path& path : strays) fs::remove_all(path, ignored);
}

void Snapshots::schedule(sql::Transaction& transaction, const SnapshotRow& row) {
  use_.jobs.schedule(transaction, {.kind = kJob, .key = row.source ? row.id : row.volume}, use_.clock.now());
}

jobs::Outcome Snapshots::run(const jobs::Job& job) {
  std::vector<SnapshotRow> rows;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    rows = snapshots_where(call.transaction,
                           "state = 'pending' AND is_held = 0"
                           " AND (id = ?1 OR (volume = ?1 AND source IS NULL))",
                           {job.key});
  });
  std::optional<std::string> failed;
  for (const SnapshotRow& row : rows) {
    auto done = make_directories(use_.data_directory + "/snapshots");
    if (done) done = row.source ? copy(row) : take(row);
    if (!done) failed = fmt::format("snapshot {}: {}", row.id, done.error().message);
    if (done) finish(row, std::nullopt);
    else if (job.attempt >= kAttemptsMax) finish(row, done.error().message);
  }
  if (failed && job.attempt < kAttemptsMax) throw aws::ServiceError("InternalError", 500, *failed);
  return jobs::done();
}

Result<void> Snapshots::take(const SnapshotRow& row) {
  std::vector<VolumeRow> volumes;
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    volumes = volumes_where(call.transaction, "id = ?1", {row.volume});
  });
  const std::string to = snapshot_path(use_.data_directory, row.id);
  if (row.is_disk) return sandbox::snapshot_disk(disk_path(use_.data_directory, row.volume), to);
  if (volumes.empty() || !volumes.front().instance) return failure("its instance is gone");
  const std::string instance = *volumes.front().instance;
  return use_.runtime.while_paused(
      instance, [&] { return sandbox::copy_folder(use_.runtime.layer_path(instance), to); });
}

Result<void> Snapshots::copy(const SnapshotRow& row) {
  const std::string to = snapshot_path(use_.data_directory, row.id);
  // A folder lies below its copy, which adds nothing.
  if (!row.is_disk) return make_directories(to);
  std::vector<SnapshotRow> sources;
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    sources = snapshots_where(call.transaction, "id = ?1", {*row.source});
  });
  if (sources.empty()) return failure("what it is a copy of is gone");
  const std::string from = snapshot_path(use_.data_directory, *row.source);
  // A disk keeps its own key, whichever key of KMS that one is encrypted with.
  if (sources.front().encryption.is_on() == row.encryption.is_on()) return link_disk(from, to);
  auto key = open_data_key(use_, row.account, row.region, row.encryption);
  if (!key) return std::unexpected(key.error());
  return sandbox::encrypt_disk(from, to, 0, *key);
}

void Snapshots::finish(const SnapshotRow& row, const std::optional<std::string>& problem) {
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run(
        "UPDATE ec2_snapshot SET state = ?2, message = ?3, completed = ?4 WHERE id = ?1 AND state = "
        "'pending'",
        {row.id, problem ? "error" : "completed", sql::optional_value(problem),
         to_milliseconds(use_.clock.now())});
    if (row.image) schedule_image(use_.jobs, call.transaction, *row.image, use_.clock.now());
    forget_unused_snapshots(call, use_.data_directory);
    const bool is_needed = is_disk_wanted(call.transaction, row.volume) ||
                           !volumes_where(call.transaction, "id = ?1", {row.volume}).empty();
    if (row.source || !row.is_disk || is_needed) return;
    call.after_commit([path = disk_path(use_.data_directory, row.volume)] {
      std::error_code ignored;
      fs::remove(path, ignored);
    });
  });
}

}  // namespace holm::ec2

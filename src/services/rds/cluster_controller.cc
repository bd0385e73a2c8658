// The controller of clusters: their volumes are made, kept as snapshots and removed; their state follows
// their members.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "aws/service/region.h"
#include "base/files.h"
#include "services/rds/cluster_snapshots.h"
#include "services/rds/controller.h"
#include "services/rds/mariadb.h"

namespace holm::rds {

namespace {

[[noreturn]] void throw_internal(const ClusterRow& row, const std::string& message) {
  throw aws::ServiceError("InternalFailure", 500, fmt::format("DB cluster {}: {}", row.id, message));
}

}  // namespace

jobs::Outcome Controller::run_cluster(const std::string& resource) {
  std::vector<ClusterRow> rows;
  use_.region.transact(use_.region.caller("", "", "rds.amazonaws.com"), sql::Access::Read, [&](Call& call) {
    rows = clusters_where(call.transaction, "c.resource = ?1", {resource});
  });
  if (rows.empty()) return jobs::done();
  const ClusterRow& row = rows.front();
  if (row.wanted == "deleted") return delete_cluster(row);
  if (row.status == "creating") {
    const std::string data = volume_path(row.resource);
    auto made = row.volume.source ? server_.copy_data(snapshot_path(*row.volume.source), data)
                                  : server_.make_data(data);
    if (!made) throw_internal(row, made.error().message);
  }
  return settle(row);
}

jobs::Outcome Controller::settle(const ClusterRow& row) {
  transact(row.account, row.region, [&](Call& call) {
    const auto now = find_cluster(call, row.id);
    if (!now || now->wanted == "deleted" || now->status == now->wanted) return;
    const std::vector<InstanceRow> members = instances_of(call, *now);
    const bool is_new = now->status == "creating";
    // A volume is there before any server is; every other change is done when the members have done it.
    const bool is_done = is_new || std::ranges::all_of(members, [&](const InstanceRow& member) {
                           return member.status == now->wanted && !member.volume.password_changed;
                         });
    if (!is_done) return;
    call.transaction.run("UPDATE rds_cluster SET status = wanted WHERE resource = ?1", {row.resource});
    const std::string message = is_new ? "DB cluster created" : "DB cluster " + now->wanted;
    record_event(call, {"db-cluster", row.id, cluster_arn(call, row.id), is_new ? "creation" : "notification",
                        message});
  });
  return jobs::done();
}

jobs::Outcome Controller::delete_cluster(const ClusterRow& row) {
  bool has_members = false;
  use_.region.transact(use_.region.caller(row.account, row.region, "rds.amazonaws.com"), sql::Access::Read,
                       [&](Call& call) { has_members = !instances_of(call, row).empty(); });
  if (has_members) return jobs::done();  // The last one's end schedules this again.
  const std::string data = volume_path(row.resource);
  std::error_code error;
  if (row.final_snapshot) {
    // Nobody writes to the volume any more, so that it becomes the snapshot as it is.
    std::string snapshot;
    transact(row.account, row.region, [&](Call& call) { snapshot = snapshot_of_end(call, row).resource; });
    const std::string kept = snapshot_path(snapshot);
    if (auto made = make_directories(std::filesystem::path(kept).parent_path()); !made) {
      throw_internal(row, made.error().message);
    }
    if (!std::filesystem::exists(kept)) std::filesystem::rename(data, kept, error);
  } else {
    std::filesystem::remove_all(data, error);
  }
  if (error) throw_internal(row, error.message());
  transact(row.account, row.region, [&](Call& call) {
    if (row.final_snapshot) finish_snapshot(call, *row.final_snapshot);
    delete_cluster_row(call, row);
    record_event(call, {"db-cluster", row.id, cluster_arn(call, row.id), "deletion", "DB cluster deleted"});
  });
  return jobs::done();
}

}  // namespace holm::rds

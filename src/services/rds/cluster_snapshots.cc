// Snapshots of DB clusters.

#include "services/rds/cluster_snapshots.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "rds/handlers.h"
#include "services/rds/controller.h"
#include "services/rds/filters.h"
#include "services/rds/service.h"
#include "services/rds/subnet_groups.h"

namespace holm::rds {

namespace {

constexpr char kColumns[] =
    "id, resource, cluster, cluster_resource, status, engine, engine_version, master_user, port, vpc,"
    " cluster_created, created, password_hash";

ClusterSnapshotRow read_row(const sql::Row& row) {
  return {.id = row.text(0),
          .resource = row.text(1),
          .cluster = row.text(2),
          .cluster_resource = row.text(3),
          .status = row.text(4),
          .engine = row.text(5),
          .engine_version = row.text(6),
          .master_user = row.text(7),
          .password_hash = row.text(12),
          .port = row.integer(8),
          .vpc = row.text(9),
          .cluster_created = from_milliseconds(row.integer(10)),
          .created = from_milliseconds(row.integer(11))};
}

DBClusterSnapshot describe(Call& call, const ClusterSnapshotRow& row) {
  const std::string arn = cluster_snapshot_arn(call, row.id);
  return {.db_cluster_snapshot_identifier = row.id,
          .db_cluster_identifier = row.cluster,
          .snapshot_create_time = row.created,
          .engine = row.engine,
          .engine_mode = "provisioned",
          .allocated_storage = 1,
          .status = row.status,
          .port = static_cast<int32_t>(row.port),
          .vpc_id = row.vpc,
          .cluster_create_time = row.cluster_created,
          .master_username = row.master_user,
          .engine_version = row.engine_version,
          .license_model = "general-public-license",
          .snapshot_type = "manual",
          .percent_progress = row.status == "available" ? 100 : 0,
          .storage_encrypted = false,
          .db_cluster_snapshot_arn = arn,
          .iam_database_authentication_enabled = false,
          .tag_list = tags_of(call, arn),
          .db_cluster_resource_id = row.cluster_resource};
}

}  // namespace

std::optional<ClusterSnapshotRow> find_cluster_snapshot(Call& call, const std::string& id) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM rds_cluster_snapshot WHERE account = ?1 AND region = ?2 AND id = ?3",
                  kColumns),
      {call.account, call.region, id});
  return row ? std::optional(read_row(*row)) : std::nullopt;
}

ClusterSnapshotRow require_cluster_snapshot(Call& call, const std::string& id_or_arn) {
  const std::string id = to_lower(id_or_arn.substr(id_or_arn.rfind(':') + 1));
  if (auto row = find_cluster_snapshot(call, id)) return *row;
  throw DBClusterSnapshotNotFoundFault(fmt::format("DBClusterSnapshot {} not found.", id));
}

void insert_final_snapshot(Service& service, Call& call, const ClusterRow& cluster, const std::string& id) {
  if (find_cluster_snapshot(call, id)) {
    throw DBClusterSnapshotAlreadyExistsFault(fmt::format(
        "Cannot create the cluster snapshot because one with the identifier {} already exists.", id));
  }
  call.transaction.run(
      "INSERT INTO rds_cluster_snapshot (account, region, id, resource, cluster, cluster_resource, status, "
      "engine,"
      " engine_version, master_user, password_hash, port, vpc, cluster_created, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'creating', ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
      {call.account, call.region, id, "snapshot-" + service.random().base32(26), cluster.id, cluster.resource,
       cluster.volume.engine, service.engine_version(), cluster.volume.master_user,
       cluster.volume.password_hash, cluster.volume.port,
       require_subnet_group(call, cluster.volume.subnet_group).vpc, to_milliseconds(cluster.created),
       to_milliseconds(call.now)});
  if (cluster.volume.copies_tags)
    write_tags(call, cluster_snapshot_arn(call, id), tags_of(call, cluster_arn(call, cluster.id)));
}

ClusterSnapshotRow snapshot_of_end(Call& call, const ClusterRow& cluster) {
  auto row = find_cluster_snapshot(call, cluster.final_snapshot.value());
  CHECK(row.has_value());
  return *row;
}

void finish_snapshot(Call& call, const std::string& id) {
  call.transaction.run(
      "UPDATE rds_cluster_snapshot SET status = 'available' WHERE account = ?1 AND region = ?2 AND id = ?3",
      {call.account, call.region, id});
  record_event(call, {"db-cluster-snapshot", id, cluster_snapshot_arn(call, id), "backup",
                      "Manual cluster snapshot created"});
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusterSnapshots.html
DBClusterSnapshotMessage describe_db_cluster_snapshots(Service&, Call& call,
                                                       const DescribeDBClusterSnapshotsMessage& request) {
  if (request.db_cluster_snapshot_identifier)
    require_cluster_snapshot(call, *request.db_cluster_snapshot_identifier);
  // All of them are manual: holm takes no automated ones, and others' are not shared.
  const std::string type = request.snapshot_type.value_or("manual");
  DBClusterSnapshotMessage result;
  for (const sql::Row& each : call.transaction.run(
           fmt::format("SELECT {} FROM rds_cluster_snapshot WHERE account = ?1 AND region = ?2 ORDER BY id",
                       kColumns),
           {call.account, call.region})) {
    const ClusterSnapshotRow row = read_row(each);
    const DBClusterSnapshot snapshot = describe(call, row);
    if (type != "manual") continue;
    if (request.db_cluster_snapshot_identifier &&
        !names_it(*request.db_cluster_snapshot_identifier, row.id, *snapshot.db_cluster_snapshot_arn))
      continue;
    if (request.db_cluster_identifier &&
        !names_it(*request.db_cluster_identifier, row.cluster, cluster_arn(call, row.cluster)))
      continue;
    if (request.db_cluster_resource_id.value_or(row.cluster_resource) != row.cluster_resource) continue;
    if (!passes(request.filters, {{"db-cluster-id", {row.cluster, cluster_arn(call, row.cluster)}},
                                  {"db-cluster-snapshot-id", {row.id}},
                                  {"snapshot-type", {"manual"}},
                                  {"engine", {row.engine}}}))
      continue;
    result.db_cluster_snapshots.push_back(snapshot);
  }
  result.marker = take_page(result.db_cluster_snapshots, request.max_records, request.marker);
  return result;
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBClusterSnapshot.html
DeleteDBClusterSnapshotResult delete_db_cluster_snapshot(Service& service, Call& call,
                                                         const DeleteDBClusterSnapshotMessage& request) {
  const ClusterSnapshotRow row = require_cluster_snapshot(call, request.db_cluster_snapshot_identifier);
  if (row.status != "available") {
    throw InvalidDBClusterSnapshotStateFault(fmt::format(
        "Cannot delete the cluster snapshot {} because it is not in the available state.", row.id));
  }
  const auto restored =
      clusters_where(call.transaction, "c.status = 'creating' AND v.source = ?1", {row.resource});
  if (!restored.empty()) {
    throw InvalidDBClusterSnapshotStateFault(
        fmt::format("Cannot delete the cluster snapshot {} while DB cluster {} is restored from it.", row.id,
                    restored.front().id));
  }
  DBClusterSnapshot gone = describe(call, row);
  gone.status = "deleted";
  call.transaction.run("DELETE FROM rds_cluster_snapshot WHERE resource = ?1", {row.resource});
  call.transaction.run("DELETE FROM rds_tag WHERE arn = ?1", {*gone.db_cluster_snapshot_arn});
  call.after_commit([path = service.controller().snapshot_path(row.resource)] {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) log::error(fmt::format("{}: {}", path, error.message()));
  });
  return {.db_cluster_snapshot = std::move(gone)};
}

}  // namespace holm::rds

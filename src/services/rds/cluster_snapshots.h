// Snapshots of DB clusters: copies of a volume that nobody writes to.
#pragma once

#include <string>
#include <vector>

#include "services/rds/rows.h"

namespace holm::rds {

class Service;

struct ClusterSnapshotRow {
  std::string id, resource;
  std::string cluster, cluster_resource;
  std::string status;  // creating, available
  std::string engine, engine_version, master_user, password_hash;
  int64_t port = 0;
  std::string vpc;
  Time cluster_created{};
  Time created{};
};

std::optional<ClusterSnapshotRow> find_cluster_snapshot(Call& call, const std::string& id);
ClusterSnapshotRow require_cluster_snapshot(Call& call, const std::string& id_or_arn);

// Notes the final snapshot of a cluster that is to be deleted; it is filled by the controller.
void insert_final_snapshot(Service& service, Call& call, const ClusterRow& cluster, const std::string& id);
ClusterSnapshotRow snapshot_of_end(Call& call, const ClusterRow& cluster);
void finish_snapshot(Call& call, const std::string& id);

}  // namespace holm::rds

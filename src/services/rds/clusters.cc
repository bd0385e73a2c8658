// DB clusters.

#include "services/rds/clusters.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/random.h"
#include "ec2/operations.h"
#include "rds/handlers.h"
#include "services/rds/cluster_snapshots.h"
#include "services/rds/controller.h"
#include "services/rds/filters.h"
#include "services/rds/mariadb.h"
#include "services/rds/service.h"
#include "services/rds/settings.h"
#include "services/rds/subnet_groups.h"

namespace holm::rds {

namespace {

// What Create and Modify ask for but is not built, by name.
template <class Request>
void refuse_unbuilt(const Request& request) {
  refuse(request.enable_iam_database_authentication, "EnableIAMDatabaseAuthentication");
  refuse(request.manage_master_user_password, "ManageMasterUserPassword");
  if (request.engine_mode.value_or("provisioned") != "provisioned") {
    throw aws::NotImplemented("EngineMode " + *request.engine_mode);
  }
}

void set_status(Call& call, const ClusterRow& row, const std::string& status, const std::string& wanted) {
  call.transaction.run("UPDATE rds_cluster SET status = ?2, wanted = ?3 WHERE resource = ?1",
                       {row.resource, status, wanted});
}

void check_zones(const SubnetGroupRow& group, const std::vector<std::string>& zones) {
  for (const std::string& zone : zones) {
    const bool is_covered = std::ranges::find(group.subnets, zone, &GroupSubnet::zone) != group.subnets.end();
    if (!is_covered) {
      throw InvalidVPCNetworkStateFault("The DB subnet group does not cover Availability Zone " + zone);
    }
  }
}

void check_common(const VolumeRow& volume) {
  check_port(volume.port);
  check_backup_retention(volume.backup_retention);
  if (volume.backup_retention == 0) {
    throw_invalid("The backup retention period of a DB cluster is 1 to 35 days.");
  }
  check_backup_window(volume.backup_window);
  check_maintenance_window(volume.maintenance_window);
}

// What a new cluster is made of; checks all of the request.
VolumeRow volume_of(Service& service, Call& call, const CreateDBClusterMessage& request) {
  refuse_unbuilt(request);
  refuse(request.storage_encrypted, "StorageEncrypted");
  check_engine(request.engine, Owner::Cluster);
  check_engine_version(request.engine, request.engine_version, service.engine_version());
  check_cluster_parameter_group(request.engine, request.db_cluster_parameter_group_name);
  if (!request.master_username)
    throw_combination("The parameter MasterUsername must be provided and must not be blank.");
  if (!request.master_user_password) {
    throw_combination("The parameter MasterUserPassword must be provided and must not be blank.");
  }
  check_master_user(*request.master_username);
  check_password(*request.master_user_password);
  if (request.database_name) check_database_name(*request.database_name);
  const SubnetGroupRow group = subnet_group_for(call, request.db_subnet_group_name);
  check_zones(group, request.availability_zones);
  VolumeRow volume{.engine = request.engine,
                   .master_user = *request.master_username,
                   .password_hash = password_hash(*request.master_user_password),
                   .database_name = request.database_name,
                   .port = request.port.value_or(3306),
                   .security_groups = security_groups_for(call, request.vpc_security_group_ids, group.vpc),
                   .subnet_group = group.name,
                   .backup_retention = request.backup_retention_period.value_or(1),
                   .backup_window = request.preferred_backup_window.value_or(kBackupWindow),
                   .maintenance_window = request.preferred_maintenance_window.value_or(kMaintenanceWindow),
                   .protects_deletion = request.deletion_protection.value_or(false),
                   .copies_tags = request.copy_tags_to_snapshot.value_or(false)};
  check_common(volume);
  return volume;
}

}  // namespace

void require_cluster_available(const ClusterRow& row) {
  if (row.status == "available") return;
  throw InvalidDBClusterStateFault(
      fmt::format("DB cluster {} is not in available state. Current state: {}.", row.id, row.status));
}

DBCluster describe_cluster(Call& call, const ClusterRow& row) {
  const VolumeRow& volume = row.volume;
  const std::string arn = cluster_arn(call, row.id);
  DBCluster result{.allocated_storage = 1,
                   .backup_retention_period = static_cast<int32_t>(volume.backup_retention),
                   .database_name = volume.database_name,
                   .db_cluster_identifier = row.id,
                   .db_subnet_group = volume.subnet_group,
                   .status = row.status,
                   .endpoint = cluster_endpoint(row.account, row.region, row.id),
                   .reader_endpoint = reader_endpoint(row.account, row.region, row.id),
                   .multi_az = false,
                   .engine = volume.engine,
                   .port = static_cast<int32_t>(volume.port),
                   .master_username = volume.master_user,
                   .preferred_backup_window = volume.backup_window,
                   .preferred_maintenance_window = volume.maintenance_window,
                   .storage_encrypted = false,
                   .db_cluster_resource_id = row.resource,
                   .db_cluster_arn = arn,
                   .iam_database_authentication_enabled = false,
                   .cluster_create_time = row.created,
                   .engine_mode = "provisioned",
                   .deletion_protection = volume.protects_deletion,
                   .http_endpoint_enabled = false,
                   .copy_tags_to_snapshot = volume.copies_tags,
                   .tag_list = tags_of(call, arn),
                   .network_type = "IPV4"};
  for (const GroupSubnet& subnet : require_subnet_group(call, volume.subnet_group).subnets) {
    if (std::ranges::find(result.availability_zones, subnet.zone) == result.availability_zones.end()) {
      result.availability_zones.push_back(subnet.zone);
    }
  }
  for (const std::string& group : volume.security_groups) {
    result.vpc_security_groups.push_back({.vpc_security_group_id = group, .status = "active"});
  }
  for (const InstanceRow& member : instances_of(call, row)) {
    result.db_cluster_members.push_back({.db_instance_identifier = member.id,
                                         .is_cluster_writer = true,
                                         .promotion_tier = static_cast<int32_t>(member.promotion_tier)});
  }
  return result;
}

namespace {

DBCluster describe(Service& service, Call& call, const std::string& id) {
  DBCluster result = describe_cluster(call, require_cluster(call, id));
  result.engine_version = service.engine_version();
  return result;
}

void insert_cluster(Service& service, Call& call, const ClusterRow& row, const std::vector<Tag>& tags) {
  insert_volume(call, row.volume);
  call.transaction.run(
      "INSERT INTO rds_cluster (account, region, id, resource, status, wanted, created)"
      " VALUES (?1, ?2, ?3, ?4, 'creating', 'available', ?5)",
      {row.account, row.region, row.id, row.resource, to_milliseconds(row.created)});
  write_tags(call, cluster_arn(call, row.id), tags);
  service.controller().schedule(call.transaction, row);
}

ClusterRow new_cluster(Service& service, Call& call, const std::string& id) {
  ClusterRow row{.account = call.account,
                 .region = call.region,
                 .id = valid_identifier("DBClusterIdentifier", id),
                 .resource = "cluster-" + service.random().base32(26),
                 .created = call.now};
  if (find_cluster(call, row.id)) throw DBClusterAlreadyExistsFault("DB Cluster already exists");
  return row;
}

}  // namespace

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
CreateDBClusterResult create_db_cluster(Service& service, Call& call, const CreateDBClusterMessage& request) {
  ClusterRow row = new_cluster(service, call, request.db_cluster_identifier);
  row.volume = volume_of(service, call, request);
  row.volume.id = row.resource;
  insert_cluster(service, call, row, request.tags);
  return {.db_cluster = describe(service, call, row.id)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
RestoreDBClusterFromSnapshotResult restore_db_cluster_from_snapshot(
    Service& service, Call& call, const RestoreDBClusterFromSnapshotMessage& request) {
  const ClusterSnapshotRow snapshot = require_cluster_snapshot(call, request.snapshot_identifier);
  if (snapshot.status != "available") {
    throw InvalidDBClusterSnapshotStateFault(
        fmt::format("Cannot restore from the cluster snapshot {} because it is not in the available state.",
                    snapshot.id));
  }
  refuse(request.enable_iam_database_authentication, "EnableIAMDatabaseAuthentication");
  if (request.engine_mode.value_or("provisioned") != "provisioned") {
    throw aws::NotImplemented("EngineMode " + *request.engine_mode);
  }
  if (request.engine != snapshot.engine)
    throw_combination("The engine of the snapshot is " + snapshot.engine);
  check_engine_version(request.engine, request.engine_version, service.engine_version());
  ClusterRow row = new_cluster(service, call, request.db_cluster_identifier);
  const SubnetGroupRow group = subnet_group_for(call, request.db_subnet_group_name);
  check_zones(group, request.availability_zones);
  row.volume = {.id = row.resource,
                .engine = snapshot.engine,
                .master_user = snapshot.master_user,
                .password_hash = snapshot.password_hash,
                .port = request.port.value_or(static_cast<int32_t>(snapshot.port)),
                .security_groups = security_groups_for(call, request.vpc_security_group_ids, group.vpc),
                .subnet_group = group.name,
                .backup_retention = request.backup_retention_period.value_or(1),
                .backup_window = request.preferred_backup_window.value_or(kBackupWindow),
                .maintenance_window = kMaintenanceWindow,
                .protects_deletion = request.deletion_protection.value_or(false),
                .copies_tags = request.copy_tags_to_snapshot.value_or(false),
                .source = snapshot.resource};
  check_common(row.volume);
  insert_cluster(service, call, row, request.tags);
  return {.db_cluster = describe(service, call, row.id)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusters.html
DBClusterMessage describe_db_clusters(Service& service, Call& call,
                                      const DescribeDBClustersMessage& request) {
  if (request.db_cluster_identifier) require_cluster(call, *request.db_cluster_identifier);
  DBClusterMessage result;
  for (const ClusterRow& row :
       clusters_where(call.transaction, "c.account = ?1 AND c.region = ?2", {call.account, call.region})) {
    const std::string arn = cluster_arn(call, row.id);
    if (request.db_cluster_identifier && !names_it(*request.db_cluster_identifier, row.id, arn)) continue;
    if (!passes(request.filters, {{"db-cluster-id", {row.id, arn}},
                                  {"db-cluster-resource-id", {row.resource}},
                                  {"engine", {row.volume.engine}}}))
      continue;
    result.db_clusters.push_back(describe(service, call, row.id));
  }
  result.marker = take_page(result.db_clusters, request.max_records, request.marker);
  return result;
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html
ModifyDBClusterResult modify_db_cluster(Service& service, Call& call, const ModifyDBClusterMessage& request) {
  ClusterRow row = require_cluster(call, request.db_cluster_identifier);
  require_cluster_available(row);
  refuse_unbuilt(request);
  VolumeRow& volume = row.volume;
  if (request.port && *request.port != volume.port) throw aws::NotImplemented("ModifyDBCluster: Port");
  check_engine_version(volume.engine, request.engine_version, service.engine_version());
  check_cluster_parameter_group(volume.engine, request.db_cluster_parameter_group_name);
  volume.backup_retention =
      request.backup_retention_period.value_or(static_cast<int32_t>(volume.backup_retention));
  volume.backup_window = request.preferred_backup_window.value_or(volume.backup_window);
  volume.maintenance_window = request.preferred_maintenance_window.value_or(volume.maintenance_window);
  volume.protects_deletion = request.deletion_protection.value_or(volume.protects_deletion);
  volume.copies_tags = request.copy_tags_to_snapshot.value_or(volume.copies_tags);
  check_backup_retention(volume.backup_retention);
  check_backup_window(volume.backup_window);
  check_maintenance_window(volume.maintenance_window);
  const std::vector<InstanceRow> members = instances_of(call, row);
  if (!request.vpc_security_group_ids.empty()) {
    volume.security_groups = security_groups_for(call, request.vpc_security_group_ids,
                                                 require_subnet_group(call, volume.subnet_group).vpc);
    for (const InstanceRow& member : members)
      service.controller().change_security(call, member, volume.security_groups);
  }
  if (request.master_user_password) {
    check_password(*request.master_user_password);
    volume.password_hash = password_hash(*request.master_user_password);
    // A server that was never set up is given the new one with its user.
    volume.password_changed = volume.is_set_up;
    if (volume.password_changed && !members.empty())
      set_status(call, row, "resetting-master-credentials", row.wanted);
    for (const InstanceRow& member : members) service.controller().schedule(call.transaction, member);
  }
  update_volume(call, volume);
  service.controller().schedule(call.transaction, row);
  return {.db_cluster = describe(service, call, row.id)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StopDBCluster.html
StopDBClusterResult stop_db_cluster(Service& service, Call& call, const StopDBClusterMessage& request) {
  const ClusterRow row = require_cluster(call, request.db_cluster_identifier);
  require_cluster_available(row);
  set_status(call, row, "stopping", "stopped");
  for (const InstanceRow& member : instances_of(call, row))
    service.controller().want(call, member, Wish::Stopped);
  service.controller().schedule(call.transaction, row);
  return {.db_cluster = describe(service, call, row.id)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBCluster.html
StartDBClusterResult start_db_cluster(Service& service, Call& call, const StartDBClusterMessage& request) {
  const ClusterRow row = require_cluster(call, request.db_cluster_identifier);
  if (row.status != "stopped") {
    throw InvalidDBClusterStateFault(
        fmt::format("DbCluster {} is in {} state but expected it to be one of stopped,"
                    "inaccessible-encryption-credentials-recoverable.",
                    row.id, row.status));
  }
  set_status(call, row, "starting", "available");
  for (const InstanceRow& member : instances_of(call, row))
    service.controller().want(call, member, Wish::Available);
  service.controller().schedule(call.transaction, row);
  return {.db_cluster = describe(service, call, row.id)};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html
DeleteDBClusterResult delete_db_cluster(Service& service, Call& call, const DeleteDBClusterMessage& request) {
  const ClusterRow row = require_cluster(call, request.db_cluster_identifier);
  if (row.wanted == "deleted")
    throw InvalidDBClusterStateFault(fmt::format("DB cluster {} is being deleted.", row.id));
  if (row.volume.protects_deletion) {
    throw_combination("Cannot delete protected Cluster, please disable deletion protection and try again.");
  }
  for (const InstanceRow& member : instances_of(call, row)) {
    if (member.wanted == "deleted") continue;
    throw InvalidDBClusterStateFault(
        "Cluster cannot be deleted, it still contains DB instances in non-deleting state.");
  }
  const bool skips = request.skip_final_snapshot.value_or(false);
  if (skips && request.final_db_snapshot_identifier) {
    throw_combination("FinalDBSnapshotIdentifier cannot be specified when SkipFinalSnapshot is true.");
  }
  if (!skips && !request.final_db_snapshot_identifier) {
    throw_combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.");
  }
  std::optional<std::string> snapshot;
  if (!skips) {
    if (row.status == "creating") require_cluster_available(row);
    snapshot = valid_identifier("FinalDBSnapshotIdentifier", *request.final_db_snapshot_identifier, 255);
    insert_final_snapshot(service, call, row, *snapshot);
  }
  call.transaction.run("UPDATE rds_cluster SET final_snapshot = ?2 WHERE resource = ?1",
                       {row.resource, sql::optional_value(snapshot)});
  set_status(call, row, "deleting", "deleted");
  service.controller().schedule(call.transaction, row);
  return {.db_cluster = describe(service, call, row.id)};
}

}  // namespace holm::rds

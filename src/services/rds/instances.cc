// DB instances: the writers of clusters, and those that stand alone.

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/random.h"
#include "ec2/operations.h"
#include "rds/handlers.h"
#include "services/rds/clusters.h"
#include "services/rds/controller.h"
#include "services/rds/filters.h"
#include "services/rds/instance_classes.h"
#include "services/rds/mariadb.h"
#include "services/rds/service.h"
#include "services/rds/settings.h"
#include "services/rds/subnet_groups.h"

namespace holm::rds {

namespace {

constexpr int64_t kStorageGibMin = 20;
constexpr int64_t kStorageGibMax = 65536;

DBInstance describe(Service& service, Call& call, const InstanceRow& row) {
  const VolumeRow& volume = row.volume;
  const std::string arn = instance_arn(call, row.id);
  DBInstance result{
      .db_instance_identifier = row.id,
      .db_instance_class = row.type,
      .engine = volume.engine,
      .db_instance_status = row.status,
      .master_username = volume.master_user,
      .db_name = volume.database_name,
      .allocated_storage = static_cast<int32_t>(row.storage_gib),
      .instance_create_time = row.created,
      .preferred_backup_window = volume.backup_window,
      .backup_retention_period = static_cast<int32_t>(volume.backup_retention),
      .availability_zone = row.zone,
      .db_subnet_group = describe_subnet_group(call, require_subnet_group(call, volume.subnet_group)),
      .preferred_maintenance_window = volume.maintenance_window,
      .multi_az = false,
      .engine_version = service.engine_version(),
      .auto_minor_version_upgrade = row.upgrades_minor,
      .license_model = "general-public-license",
      .publicly_accessible = false,
      .storage_type = row.storage_type,
      .db_instance_port = 0,
      .db_cluster_identifier = row.cluster,
      .storage_encrypted = false,
      .dbi_resource_id = row.resource,
      .copy_tags_to_snapshot = volume.copies_tags,
      .monitoring_interval = 0,
      .db_instance_arn = arn,
      .iam_database_authentication_enabled = false,
      .performance_insights_enabled = false,
      .deletion_protection = !row.cluster && volume.protects_deletion,
      .tag_list = tags_of(call, arn),
      .network_type = "IPV4"};
  if (row.cluster) result.promotion_tier = static_cast<int32_t>(row.promotion_tier);
  // AWS gives the endpoint once the instance has been available.
  if (row.status != "creating") {
    result.endpoint = Endpoint{.address = instance_endpoint(row.account, row.region, row.id),
                               .port = static_cast<int32_t>(volume.port)};
  }
  for (const std::string& group : volume.security_groups) {
    result.vpc_security_groups.push_back({.vpc_security_group_id = group, .status = "active"});
  }
  return result;
}

// What Create and Modify ask for but is not built, by name.
template <class Request>
void refuse_unbuilt(const Request& request) {
  refuse(request.publicly_accessible, "PubliclyAccessible");
  refuse(request.multi_az, "MultiAZ");
  refuse(request.enable_iam_database_authentication, "EnableIAMDatabaseAuthentication");
  refuse(request.manage_master_user_password, "ManageMasterUserPassword");
  refuse(request.enable_performance_insights, "EnablePerformanceInsights");
  if (request.monitoring_interval.value_or(0) != 0) throw aws::NotImplemented("MonitoringInterval");
  if (request.license_model.value_or("general-public-license") != "general-public-license") {
    throw_combination("Invalid license model: " + *request.license_model);
  }
}

void check_storage(const std::string& type, int64_t gib) {
  if (type != "gp2" && type != "gp3") throw aws::NotImplemented("StorageType " + type);
  if (gib < kStorageGibMin || gib > kStorageGibMax) {
    throw_combination(fmt::format("Invalid storage size for engine name and storage type: {}", gib));
  }
}

// A member has all that is common from its cluster, and may not ask for it by itself.
VolumeRow volume_of_member(Call& call, const CreateDBInstanceMessage& request) {
  const ClusterRow cluster = require_cluster(call, *request.db_cluster_identifier);
  if (cluster.wanted != "available") {
    throw InvalidDBClusterStateFault(fmt::format("DB cluster {} is {}.", cluster.id, cluster.status));
  }
  if (cluster.volume.engine != request.engine) {
    throw_combination(
        fmt::format("The engine name requested for your DB instance ({}) doesn't match the engine name of"
                    " your DB cluster ({}).",
                    request.engine, cluster.volume.engine));
  }
  if (!instances_of(call, cluster).empty())
    throw aws::NotImplemented("A second DB instance (reader) of a DB cluster");
  auto refuse_own = [](bool is_given, std::string_view property) {
    if (is_given)
      throw_combination(
          fmt::format("The requested DB Instance will be a member of a DB Cluster. Set {} for"
                      " the DB Cluster.",
                      property));
  };
  refuse_own(request.master_username.has_value(), "master user name");
  refuse_own(request.master_user_password.has_value(), "master user password");
  refuse_own(request.db_name.has_value(), "database name");
  refuse_own(request.allocated_storage.has_value(), "allocated storage");
  refuse_own(request.backup_retention_period.has_value(), "backup retention period");
  refuse_own(request.preferred_backup_window.has_value(), "backup window");
  refuse_own(!request.vpc_security_group_ids.empty(), "vpc security group");
  refuse_own(request.deletion_protection.value_or(false), "deletion protection");
  refuse_own(request.storage_type.value_or("aurora") != "aurora", "storage type");
  refuse_own(request.port && *request.port != cluster.volume.port, "database port");
  if (request.db_subnet_group_name &&
      require_subnet_group(call, *request.db_subnet_group_name).name != cluster.volume.subnet_group) {
    throw_combination("The DB subnet group of a DB instance is that of its DB cluster.");
  }
  return cluster.volume;
}

VolumeRow volume_of_own(Call& call, const CreateDBInstanceMessage& request) {
  if (request.engine == "aurora-mysql")
    throw_combination("DBClusterIdentifier is required for engine aurora-mysql.");
  if (!request.master_username)
    throw_combination("The parameter MasterUsername must be provided and must not be blank.");
  if (!request.master_user_password) {
    throw_combination("The parameter MasterUserPassword must be provided and must not be blank.");
  }
  if (!request.allocated_storage)
    throw_combination("The parameter AllocatedStorage must be provided and must not be blank.");
  check_master_user(*request.master_username);
  check_password(*request.master_user_password);
  if (request.db_name) check_database_name(*request.db_name);
  check_storage(request.storage_type.value_or("gp2"), *request.allocated_storage);
  const SubnetGroupRow group = subnet_group_for(call, request.db_subnet_group_name);
  VolumeRow volume{.engine = request.engine,
                   .master_user = *request.master_username,
                   .password_hash = password_hash(*request.master_user_password),
                   .database_name = request.db_name,
                   .port = request.port.value_or(3306),
                   .security_groups = security_groups_for(call, request.vpc_security_group_ids, group.vpc),
                   .subnet_group = group.name,
                   .backup_retention = request.backup_retention_period.value_or(1),
                   .backup_window = request.preferred_backup_window.value_or(kBackupWindow),
                   .maintenance_window = request.preferred_maintenance_window.value_or(kMaintenanceWindow),
                   .protects_deletion = request.deletion_protection.value_or(false),
                   .copies_tags = request.copy_tags_to_snapshot.value_or(false)};
  check_port(volume.port);
  check_backup_retention(volume.backup_retention);
  check_backup_window(volume.backup_window);
  check_maintenance_window(volume.maintenance_window);
  return volume;
}

// The zone asked for, or the group's first that is up.
GroupSubnet subnet_in(Call& call, const SubnetGroupRow& group, const std::optional<std::string>& zone) {
  if (zone && std::ranges::find(group.subnets, *zone, &GroupSubnet::zone) == group.subnets.end()) {
    throw InvalidVPCNetworkStateFault(
        fmt::format("The DB subnet group does not cover Availability Zone {}.", *zone));
  }
  const auto down = call.client.call<ec2::DescribeAvailabilityZones>(
      call, aws::service_principal("rds.amazonaws.com", call.account),
      {.filters = {{.name = "state", .values = {"unavailable"}}}});
  for (const GroupSubnet& each : group.subnets) {
    const bool is_down =
        std::ranges::find(down.availability_zones, each.zone, &ec2::AvailabilityZone::zone_name) !=
        down.availability_zones.end();
    if (!is_down && each.zone == zone.value_or(each.zone)) return each;
  }
  throw InsufficientDBInstanceCapacityFault(
      "The specified DB instance class isn't available in the specified Availability Zone.");
}

void make_interface(Call& call, InstanceRow& row, const GroupSubnet& subnet) {
  const auto made = call.client.call<ec2::CreateNetworkInterface>(
      call, aws::service_principal("rds.amazonaws.com", call.account),
      {.subnet_id = subnet.id, .description = "RDSNetworkInterface", .groups = row.volume.security_groups});
  row.zone = subnet.zone;
  row.interface = made.network_interface->network_interface_id.value();
  row.address = made.network_interface->private_ip_address.value();
}

void insert(Call& call, const InstanceRow& row) {
  call.transaction.run(
      "INSERT INTO rds_instance (account, region, id, resource, cluster, volume, class, storage_gib, "
      "storage_type,"
      " status, wanted, zone, interface, address, promotion_tier, upgrades_minor, changed, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'creating', 'available', ?10, ?11, ?12, ?13, ?14, ?15, "
      "?15)",
      {row.account, row.region, row.id, row.resource, sql::optional_value(row.cluster), row.volume.id,
       row.type, row.storage_gib, row.storage_type, row.zone, row.interface, row.address, row.promotion_tier,
       int64_t{row.upgrades_minor}, to_milliseconds(row.created)});
}

void require_state(const InstanceRow& row, std::initializer_list<std::string_view> states) {
  if (std::ranges::find(states, row.status) != states.end()) return;
  throw InvalidDBInstanceStateFault(
      fmt::format("Instance {} is not in available state. Current state: {}.", row.id, row.status));
}

}  // namespace

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
CreateDBInstanceResult create_db_instance(Service& service, Call& call,
                                          const CreateDBInstanceMessage& request) {
  refuse_unbuilt(request);
  refuse(request.storage_encrypted, "StorageEncrypted");
  check_engine(request.engine, Owner::Instance);
  check_engine_version(request.engine, request.engine_version, service.engine_version());
  if (!find_instance_class(request.db_instance_class)) {
    throw_invalid("Invalid DB Instance class: " + request.db_instance_class);
  }
  InstanceRow row{.account = call.account,
                  .region = call.region,
                  .id = valid_identifier("DBInstanceIdentifier", request.db_instance_identifier),
                  .resource = "db-" + service.random().base32(26),
                  .type = request.db_instance_class,
                  .storage_gib = 1,
                  .storage_type = "aurora",
                  .promotion_tier = request.promotion_tier.value_or(1),
                  .upgrades_minor = request.auto_minor_version_upgrade.value_or(true),
                  .created = call.now};
  if (find_instance(call, row.id)) throw DBInstanceAlreadyExistsFault("DB instance already exists");
  if (request.db_cluster_identifier) {
    row.volume = volume_of_member(call, request);
    row.cluster = require_cluster(call, *request.db_cluster_identifier).id;
  } else {
    row.volume = volume_of_own(call, request);
    row.volume.id = row.resource;
    row.storage_gib = *request.allocated_storage;
    row.storage_type = request.storage_type.value_or("gp2");
    insert_volume(call, row.volume);
  }
  make_interface(
      call, row,
      subnet_in(call, require_subnet_group(call, row.volume.subnet_group), request.availability_zone));
  insert(call, row);
  write_tags(call, instance_arn(call, row.id), request.tags);
  service.controller().publish(call, row);
  service.controller().schedule(call.transaction, row);
  return {.db_instance = describe(service, call, require_instance(call, row.id))};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html
DBInstanceMessage describe_db_instances(Service& service, Call& call,
                                        const DescribeDBInstancesMessage& request) {
  if (request.db_instance_identifier) require_instance(call, *request.db_instance_identifier);
  DBInstanceMessage result;
  for (const InstanceRow& row :
       instances_where(call.transaction, "i.account = ?1 AND i.region = ?2", {call.account, call.region})) {
    const std::string arn = instance_arn(call, row.id);
    if (request.db_instance_identifier && !names_it(*request.db_instance_identifier, row.id, arn)) continue;
    std::vector<std::string> cluster;
    if (row.cluster) cluster = {*row.cluster, cluster_arn(call, *row.cluster)};
    if (!passes(request.filters, {{"db-instance-id", {row.id, arn}},
                                  {"db-cluster-id", cluster},
                                  {"dbi-resource-id", {row.resource}},
                                  {"engine", {row.volume.engine}}}))
      continue;
    result.db_instances.push_back(describe(service, call, row));
  }
  result.marker = take_page(result.db_instances, request.max_records, request.marker);
  return result;
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
ModifyDBInstanceResult modify_db_instance(Service& service, Call& call,
                                          const ModifyDBInstanceMessage& request) {
  InstanceRow row = require_instance(call, request.db_instance_identifier);
  require_state(row, {"available"});
  refuse_unbuilt(request);
  check_engine_version(row.volume.engine, request.engine_version, service.engine_version());
  if (request.engine && *request.engine != row.volume.engine)
    throw aws::NotImplemented("ModifyDBInstance: Engine");
  VolumeRow& volume = row.volume;
  const bool changes_common = request.master_user_password || request.backup_retention_period ||
                              request.preferred_backup_window || !request.vpc_security_group_ids.empty() ||
                              request.deletion_protection || request.allocated_storage ||
                              request.storage_type;
  if (row.cluster && changes_common) throw_combination("Modify the DB cluster of the DB instance instead.");
  if (request.db_subnet_group_name && *request.db_subnet_group_name != volume.subnet_group) {
    throw aws::NotImplemented("ModifyDBInstance: DBSubnetGroupName");
  }
  row.storage_gib = request.allocated_storage.value_or(static_cast<int32_t>(row.storage_gib));
  row.storage_type = request.storage_type.value_or(row.storage_type);
  if (!row.cluster) check_storage(row.storage_type, row.storage_gib);
  volume.backup_retention =
      request.backup_retention_period.value_or(static_cast<int32_t>(volume.backup_retention));
  volume.backup_window = request.preferred_backup_window.value_or(volume.backup_window);
  volume.maintenance_window = request.preferred_maintenance_window.value_or(volume.maintenance_window);
  volume.protects_deletion = request.deletion_protection.value_or(volume.protects_deletion);
  volume.copies_tags = request.copy_tags_to_snapshot.value_or(volume.copies_tags);
  check_backup_retention(volume.backup_retention);
  check_backup_window(volume.backup_window);
  check_maintenance_window(volume.maintenance_window);
  if (!request.vpc_security_group_ids.empty()) {
    volume.security_groups = security_groups_for(call, request.vpc_security_group_ids,
                                                 require_subnet_group(call, volume.subnet_group).vpc);
    service.controller().change_security(call, row, volume.security_groups);
  }
  if (request.master_user_password) {
    check_password(*request.master_user_password);
    volume.password_hash = password_hash(*request.master_user_password);
    volume.password_changed = true;
  }
  const bool changes_class = request.db_instance_class && *request.db_instance_class != row.type;
  if (changes_class && !request.apply_immediately.value_or(false)) {
    throw aws::NotImplemented(
        "A change of DBInstanceClass at the maintenance window (without ApplyImmediately)");
  }
  if (changes_class && !find_instance_class(*request.db_instance_class)) {
    throw_invalid("Invalid DB Instance class: " + *request.db_instance_class);
  }
  update_volume(call, volume);
  call.transaction.run(
      "UPDATE rds_instance SET class = ?2, storage_gib = ?3, storage_type = ?4, promotion_tier = ?5,"
      " upgrades_minor = ?6 WHERE resource = ?1",
      {row.resource, request.db_instance_class.value_or(row.type), row.storage_gib, row.storage_type,
       int64_t{request.promotion_tier.value_or(static_cast<int32_t>(row.promotion_tier))},
       int64_t{request.auto_minor_version_upgrade.value_or(row.upgrades_minor)}});
  if (changes_class) service.controller().want(call, row, Wish::Rebooted);
  service.controller().schedule(call.transaction, row);
  return {.db_instance = describe(service, call, require_instance(call, row.id))};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RebootDBInstance.html
RebootDBInstanceResult reboot_db_instance(Service& service, Call& call,
                                          const RebootDBInstanceMessage& request) {
  const InstanceRow row = require_instance(call, request.db_instance_identifier);
  require_state(row, {"available", "failed"});
  if (request.force_failover.value_or(false)) {
    throw_combination("Cannot force failover: the DB instance is not a Multi-AZ one.");
  }
  service.controller().want(call, row, Wish::Rebooted);
  return {.db_instance = describe(service, call, require_instance(call, row.id))};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StopDBInstance.html
StopDBInstanceResult stop_db_instance(Service& service, Call& call, const StopDBInstanceMessage& request) {
  const InstanceRow row = require_instance(call, request.db_instance_identifier);
  if (row.cluster)
    throw InvalidDBInstanceStateFault("aurora-mysql DB instances are stopped with their DB cluster.");
  require_state(row, {"available"});
  service.controller().want(call, row, Wish::Stopped);
  return {.db_instance = describe(service, call, require_instance(call, row.id))};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstance.html
StartDBInstanceResult start_db_instance(Service& service, Call& call, const StartDBInstanceMessage& request) {
  const InstanceRow row = require_instance(call, request.db_instance_identifier);
  if (row.cluster)
    throw InvalidDBInstanceStateFault("aurora-mysql DB instances are started with their DB cluster.");
  if (row.status != "stopped") {
    throw InvalidDBInstanceStateFault(
        fmt::format("Instance {} is not stopped, cannot be started. Current state: {}.", row.id, row.status));
  }
  service.controller().want(call, row, Wish::Available);
  return {.db_instance = describe(service, call, require_instance(call, row.id))};
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
DeleteDBInstanceResult delete_db_instance(Service& service, Call& call,
                                          const DeleteDBInstanceMessage& request) {
  const InstanceRow row = require_instance(call, request.db_instance_identifier);
  if (row.wanted == "deleted") {
    throw InvalidDBInstanceStateFault(fmt::format("Instance {} is already being deleted.", row.id));
  }
  const bool skips = request.skip_final_snapshot.value_or(false);
  if (row.cluster) {
    if (request.final_db_snapshot_identifier) {
      throw_combination("FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance.");
    }
  } else {
    if (row.volume.protects_deletion) {
      throw_combination(
          "Cannot delete protected DB Instance, please disable deletion protection and try again.");
    }
    if (skips && request.final_db_snapshot_identifier) {
      throw_combination("FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is set.");
    }
    if (!skips && !request.final_db_snapshot_identifier) {
      throw_combination("FinalDBSnapshotIdentifier is required when SkipFinalSnapshot is not set.");
    }
    if (!skips) throw aws::NotImplemented("DeleteDBInstance with a final snapshot");
  }
  service.controller().want(call, row, Wish::Deleted);
  return {.db_instance = describe(service, call, require_instance(call, row.id))};
}

}  // namespace holm::rds

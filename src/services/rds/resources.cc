// CloudFormation's types for databases.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_RDS.html

#include "services/rds/resources.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "rds/errors.h"
#include "rds/operations.h"
#include "stacks/numbers.h"

namespace holm::rds {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

PropertySchema tags_property() {
  return {.name = "Tags",
          .kind = PropertyKind::List,
          .element = PropertyKind::Object,
          .members = stacks::kTagSchema};
}

std::vector<Tag> tags_of(const Context& context, const Properties& wanted) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : context.tags(wanted.tags())) {
    tags.push_back({.key = tag.key, .value = tag.value});
  }
  return tags;
}

void update_tags(Context& context, const std::string& arn, const Existing& was, const Properties& wanted) {
  const std::vector<Tag> now = tags_of(context, wanted);
  const auto gone = stacks::keys_gone(was, was.properties.tags(), context.tags(wanted.tags()));
  if (!gone.empty()) context.invoke<RemoveTagsFromResource>({.resource_name = arn, .tag_keys = gone});
  if (!now.empty()) context.invoke<AddTagsToResource>({.resource_name = arn, .tags = now});
}

// An update carries only what changed, as an unchanged password would be set anew.
std::optional<std::string> changed_text(const Existing& was, const Properties& wanted,
                                        std::string_view name) {
  return differs(was.properties, wanted, name) ? wanted.find_text(name) : std::nullopt;
}

class SubnetGroupType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::RDS::DBSubnetGroup"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "DBSubnetGroupName", .update = Update::Replacement},
        {.name = "DBSubnetGroupDescription", .presence = Presence::Required},
        {.name = "SubnetIds", .kind = PropertyKind::List, .presence = Presence::Required},
        tags_property()};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    const auto made = context.invoke<CreateDBSubnetGroup>(
        {.db_subnet_group_name =
             wanted.find_text("DBSubnetGroupName").value_or(context.name(255, stacks::NameCase::Lower)),
         .db_subnet_group_description = wanted.text("DBSubnetGroupDescription"),
         .subnet_ids = wanted.texts("SubnetIds"),
         .tags = tags_of(context, wanted)});
    return {*made.db_subnet_group->db_subnet_group_name};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const auto made = context.invoke<ModifyDBSubnetGroup>(
        {.db_subnet_group_name = was.physical_id,
         .db_subnet_group_description = wanted.text("DBSubnetGroupDescription"),
         .subnet_ids = wanted.texts("SubnetIds")});
    update_tags(context, *made.db_subnet_group->db_subnet_group_arn, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    const auto row = context.call.transaction.find(
        "SELECT 1 FROM rds_subnet_group WHERE account = ?1 AND region = ?2 AND name = ?3",
        {context.call.account, context.call.region, resource.physical_id});
    if (row) context.invoke<DeleteDBSubnetGroup>({.db_subnet_group_name = resource.physical_id});
  }
};

std::optional<std::string> status_of(Context& context, std::string_view table, const std::string& id) {
  auto row = context.call.transaction.find(
      fmt::format("SELECT status FROM {} WHERE account = ?1 AND region = ?2 AND id = ?3", table),
      {context.call.account, context.call.region, id});
  return row ? std::optional(row->text(0)) : std::nullopt;
}

class ClusterType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::RDS::DBCluster"; }
  std::span<const PropertySchema> properties() const override;
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Endpoint.Address", "Endpoint.Port", "ReadEndpoint.Address",
                                               "DBClusterArn", "DBClusterResourceId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    const auto made = context.invoke<CreateDBCluster>(
        {.availability_zones = wanted.texts("AvailabilityZones"),
         .backup_retention_period = stacks::number(wanted, "BackupRetentionPeriod"),
         .database_name = wanted.find_text("DatabaseName"),
         .db_cluster_identifier =
             wanted.find_text("DBClusterIdentifier").value_or(context.name(63, stacks::NameCase::Lower)),
         .db_cluster_parameter_group_name = wanted.find_text("DBClusterParameterGroupName"),
         .vpc_security_group_ids = wanted.texts("VpcSecurityGroupIds"),
         .db_subnet_group_name = wanted.find_text("DBSubnetGroupName"),
         .engine = wanted.text("Engine"),
         .engine_version = wanted.find_text("EngineVersion"),
         .port = stacks::number(wanted, "Port"),
         .master_username = wanted.find_text("MasterUsername"),
         .master_user_password = wanted.find_text("MasterUserPassword"),
         .preferred_backup_window = wanted.find_text("PreferredBackupWindow"),
         .preferred_maintenance_window = wanted.find_text("PreferredMaintenanceWindow"),
         .tags = tags_of(context, wanted),
         .storage_encrypted = wanted.find_boolean("StorageEncrypted"),
         .engine_mode = wanted.find_text("EngineMode"),
         .deletion_protection = wanted.find_boolean("DeletionProtection"),
         .copy_tags_to_snapshot = wanted.find_boolean("CopyTagsToSnapshot")});
    const DBCluster& cluster = *made.db_cluster;
    formats::Object attributes;
    attributes.set("Endpoint.Address", *cluster.endpoint);
    attributes.set("Endpoint.Port", std::to_string(*cluster.port));
    attributes.set("ReadEndpoint.Address", *cluster.reader_endpoint);
    attributes.set("DBClusterArn", *cluster.db_cluster_arn);
    attributes.set("DBClusterResourceId", *cluster.db_cluster_resource_id);
    return {*cluster.db_cluster_identifier, std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    const auto status = status_of(context, "rds_cluster", resource.physical_id);
    if (!status) return stacks::failed(fmt::format("DBCluster {} not found.", resource.physical_id));
    return *status == "available" ? stacks::ready() : stacks::in_progress();
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    ModifyDBClusterMessage request{
        .db_cluster_identifier = was.physical_id,
        .apply_immediately = true,
        .backup_retention_period = stacks::number(wanted, "BackupRetentionPeriod"),
        .db_cluster_parameter_group_name = changed_text(was, wanted, "DBClusterParameterGroupName"),
        .master_user_password = changed_text(was, wanted, "MasterUserPassword"),
        .preferred_backup_window = wanted.find_text("PreferredBackupWindow"),
        .preferred_maintenance_window = wanted.find_text("PreferredMaintenanceWindow"),
        .engine_version = changed_text(was, wanted, "EngineVersion"),
        .deletion_protection = wanted.boolean("DeletionProtection", false),
        .copy_tags_to_snapshot = wanted.boolean("CopyTagsToSnapshot", false)};
    if (differs(was.properties, wanted, "VpcSecurityGroupIds")) {
      request.vpc_security_group_ids = wanted.texts("VpcSecurityGroupIds");
    }
    const auto made = context.invoke<ModifyDBCluster>(request);
    update_tags(context, *made.db_cluster->db_cluster_arn, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal removal) const override {
    const auto status = status_of(context, "rds_cluster", resource.physical_id);
    if (!status || *status == "deleting") return;
    DeleteDBClusterMessage request{.db_cluster_identifier = resource.physical_id,
                                   .skip_final_snapshot = removal == Removal::Delete};
    if (removal == Removal::Snapshot) {
      request.final_db_snapshot_identifier = fmt::format(
          "{}-snapshot-{}", context.name(200, stacks::NameCase::Lower), to_milliseconds(context.call.now));
    }
    context.invoke<DeleteDBCluster>(request);
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    return status_of(context, "rds_cluster", resource.physical_id) ? stacks::in_progress() : stacks::ready();
  }
  bool takes_snapshots() const override { return true; }
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
  // A cluster's default is the snapshot, not the loss of its data.
  Removal default_removal(const Properties&) const override { return Removal::Snapshot; }
};

std::span<const PropertySchema> ClusterType::properties() const {
  static const PropertySchema all[] = {
      {.name = "AvailabilityZones", .kind = PropertyKind::List, .update = Update::Replacement},
      {.name = "BackupRetentionPeriod", .kind = PropertyKind::Integer},
      {.name = "CopyTagsToSnapshot", .kind = PropertyKind::Boolean},
      {.name = "DatabaseName", .update = Update::Replacement},
      {.name = "DBClusterIdentifier", .update = Update::Replacement},
      {.name = "DBClusterParameterGroupName"},
      {.name = "DBSubnetGroupName", .update = Update::Replacement},
      {.name = "DeletionProtection", .kind = PropertyKind::Boolean},
      {.name = "Engine", .presence = Presence::Required, .update = Update::Replacement},
      {.name = "EngineMode", .update = Update::Replacement},
      {.name = "EngineVersion"},
      {.name = "MasterUsername", .update = Update::Replacement},
      {.name = "MasterUserPassword"},
      {.name = "Port", .kind = PropertyKind::Integer, .update = Update::Replacement},
      {.name = "PreferredBackupWindow"},
      {.name = "PreferredMaintenanceWindow"},
      {.name = "StorageEncrypted", .kind = PropertyKind::Boolean, .update = Update::Replacement},
      {.name = "VpcSecurityGroupIds", .kind = PropertyKind::List},
      tags_property()};
  return all;
}

class InstanceType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::RDS::DBInstance"; }
  std::span<const PropertySchema> properties() const override;
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"Endpoint.Address", "Endpoint.Port", "DBInstanceArn",
                                               "DbiResourceId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    const auto made = context.invoke<CreateDBInstance>(
        {.db_name = wanted.find_text("DBName"),
         .db_instance_identifier =
             wanted.find_text("DBInstanceIdentifier").value_or(context.name(63, stacks::NameCase::Lower)),
         .allocated_storage = stacks::number(wanted, "AllocatedStorage"),
         .db_instance_class = wanted.text("DBInstanceClass"),
         .engine = wanted.text("Engine"),
         .master_username = wanted.find_text("MasterUsername"),
         .master_user_password = wanted.find_text("MasterUserPassword"),
         .vpc_security_group_ids = wanted.texts("VPCSecurityGroups"),
         .availability_zone = wanted.find_text("AvailabilityZone"),
         .db_subnet_group_name = wanted.find_text("DBSubnetGroupName"),
         .preferred_maintenance_window = wanted.find_text("PreferredMaintenanceWindow"),
         .backup_retention_period = stacks::number(wanted, "BackupRetentionPeriod"),
         .preferred_backup_window = wanted.find_text("PreferredBackupWindow"),
         .port = stacks::number(wanted, "Port"),
         .multi_az = wanted.find_boolean("MultiAZ"),
         .engine_version = wanted.find_text("EngineVersion"),
         .auto_minor_version_upgrade = wanted.find_boolean("AutoMinorVersionUpgrade"),
         .publicly_accessible = wanted.find_boolean("PubliclyAccessible"),
         .tags = tags_of(context, wanted),
         .db_cluster_identifier = wanted.find_text("DBClusterIdentifier"),
         .storage_type = wanted.find_text("StorageType"),
         .storage_encrypted = wanted.find_boolean("StorageEncrypted"),
         .copy_tags_to_snapshot = wanted.find_boolean("CopyTagsToSnapshot"),
         .promotion_tier = stacks::number(wanted, "PromotionTier"),
         .deletion_protection = wanted.find_boolean("DeletionProtection")});
    formats::Object attributes;
    attributes.set("DBInstanceArn", *made.db_instance->db_instance_arn);
    attributes.set("DbiResourceId", *made.db_instance->dbi_resource_id);
    return {*made.db_instance->db_instance_identifier, std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    const auto status = status_of(context, "rds_instance", resource.physical_id);
    if (!status) return stacks::failed(fmt::format("DBInstance {} not found.", resource.physical_id));
    if (*status == "failed") return stacks::failed("The DB instance has failed; see its events.");
    if (*status != "available") return stacks::in_progress();
    const auto found = context.invoke<DescribeDBInstances>({.db_instance_identifier = resource.physical_id});
    const Endpoint& endpoint = *found.db_instances.front().endpoint;
    formats::Object attributes;
    attributes.set("Endpoint.Address", *endpoint.address);
    attributes.set("Endpoint.Port", std::to_string(*endpoint.port));
    return stacks::ready(std::move(attributes));
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    ModifyDBInstanceMessage request{
        .db_instance_identifier = was.physical_id,
        .db_instance_class = changed_text(was, wanted, "DBInstanceClass"),
        .apply_immediately = true,
        .master_user_password = changed_text(was, wanted, "MasterUserPassword"),
        .preferred_backup_window = changed_text(was, wanted, "PreferredBackupWindow"),
        .preferred_maintenance_window = changed_text(was, wanted, "PreferredMaintenanceWindow"),
        .engine_version = changed_text(was, wanted, "EngineVersion"),
        .auto_minor_version_upgrade = wanted.find_boolean("AutoMinorVersionUpgrade"),
        .storage_type = changed_text(was, wanted, "StorageType"),
        .copy_tags_to_snapshot = wanted.find_boolean("CopyTagsToSnapshot"),
        .publicly_accessible = wanted.find_boolean("PubliclyAccessible"),
        .promotion_tier = stacks::number(wanted, "PromotionTier")};
    if (differs(was.properties, wanted, "MultiAZ")) request.multi_az = wanted.boolean("MultiAZ", false);
    if (differs(was.properties, wanted, "AllocatedStorage")) {
      request.allocated_storage = stacks::number(wanted, "AllocatedStorage");
    }
    if (differs(was.properties, wanted, "BackupRetentionPeriod")) {
      request.backup_retention_period = stacks::number(wanted, "BackupRetentionPeriod");
    }
    if (differs(was.properties, wanted, "DeletionProtection")) {
      request.deletion_protection = wanted.boolean("DeletionProtection", false);
    }
    if (differs(was.properties, wanted, "VPCSecurityGroups")) {
      request.vpc_security_group_ids = wanted.texts("VPCSecurityGroups");
    }
    const auto made = context.invoke<ModifyDBInstance>(request);
    update_tags(context, *made.db_instance->db_instance_arn, was, wanted);
  }
  void remove(Context& context, const Existing& resource, Removal removal) const override {
    const auto status = status_of(context, "rds_instance", resource.physical_id);
    if (!status || *status == "deleting") return;
    DeleteDBInstanceMessage request{.db_instance_identifier = resource.physical_id,
                                    .skip_final_snapshot = removal == Removal::Delete};
    if (removal == Removal::Snapshot) {
      request.final_db_snapshot_identifier = context.name(200, stacks::NameCase::Lower);
    }
    context.invoke<DeleteDBInstance>(request);
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    return status_of(context, "rds_instance", resource.physical_id) ? stacks::in_progress() : stacks::ready();
  }
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
  // The data of a lone instance is not lost by default: as its snapshot is not built, its removal fails by
  // name.
  Removal default_removal(const Properties& properties) const override {
    return properties.has("DBClusterIdentifier") ? Removal::Delete : Removal::Snapshot;
  }
};

std::span<const PropertySchema> InstanceType::properties() const {
  static const PropertySchema all[] = {
      {.name = "AllocatedStorage", .kind = PropertyKind::Integer},
      {.name = "AutoMinorVersionUpgrade", .kind = PropertyKind::Boolean},
      {.name = "AvailabilityZone", .update = Update::Replacement},
      {.name = "BackupRetentionPeriod", .kind = PropertyKind::Integer},
      {.name = "CopyTagsToSnapshot", .kind = PropertyKind::Boolean},
      {.name = "DBClusterIdentifier", .update = Update::Replacement},
      {.name = "DBInstanceClass", .presence = Presence::Required, .update = Update::SomeInterruption},
      {.name = "DBInstanceIdentifier", .update = Update::Replacement},
      {.name = "DBName", .update = Update::Replacement},
      {.name = "DBSubnetGroupName", .update = Update::Replacement},
      {.name = "DeletionProtection", .kind = PropertyKind::Boolean},
      {.name = "Engine", .presence = Presence::Required, .update = Update::Replacement},
      {.name = "EngineVersion"},
      {.name = "MasterUsername", .update = Update::Replacement},
      {.name = "MasterUserPassword"},
      {.name = "MultiAZ", .kind = PropertyKind::Boolean},
      {.name = "Port", .kind = PropertyKind::Integer, .update = Update::Replacement},
      {.name = "PreferredBackupWindow"},
      {.name = "PreferredMaintenanceWindow"},
      {.name = "PromotionTier", .kind = PropertyKind::Integer},
      {.name = "PubliclyAccessible", .kind = PropertyKind::Boolean, .update = Update::Replacement},
      {.name = "StorageEncrypted", .kind = PropertyKind::Boolean, .update = Update::Replacement},
      {.name = "StorageType"},
      {.name = "VPCSecurityGroups", .kind = PropertyKind::List},
      tags_property()};
  return all;
}

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<SubnetGroupType>());
  types.push_back(std::make_unique<ClusterType>());
  types.push_back(std::make_unique<InstanceType>());
  return types;
}

}  // namespace holm::rds

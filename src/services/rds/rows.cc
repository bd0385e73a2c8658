// Clusters, instances and their volumes as the database has them.

#include "services/rds/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/reserved_tags.h"
#include "base/characters.h"
#include "base/random.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "rds/errors.h"

namespace holm::rds {

namespace {

constexpr char kVolumeColumns[] =
    "v.id, v.engine, v.master_user, v.password_hash, v.database_name, v.port, v.is_set_up, "
    "v.password_changed,"
    " v.security_groups, v.subnet_group, v.backup_retention, v.backup_window, v.maintenance_window,"
    " v.protects_deletion, v.copies_tags, v.source";
constexpr size_t kVolumeColumnCount = 16;
constexpr ptrdiff_t kTagsMax = 50;  // Beside AWS's own.
constexpr size_t kPageMin = 20;
constexpr size_t kPageMax = 100;

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::string_view word : split(text, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

VolumeRow read_volume(const sql::Row& row) {
  return {.id = row.text(0),
          .engine = row.text(1),
          .master_user = row.text(2),
          .password_hash = row.text(3),
          .database_name = row.optional_text(4),
          .port = row.integer(5),
          .is_set_up = row.integer(6) != 0,
          .password_changed = row.integer(7) != 0,
          .security_groups = words_of(row.text(8)),
          .subnet_group = row.text(9),
          .backup_retention = row.integer(10),
          .backup_window = row.text(11),
          .maintenance_window = row.text(12),
          .protects_deletion = row.integer(13) != 0,
          .copies_tags = row.integer(14) != 0,
          .source = row.optional_text(15)};
}

// "id" of "arn:aws:rds:…:<kind>:id", or the text itself.
std::string id_of(const std::string& id_or_arn, std::string_view kind) {
  const size_t at =
      id_or_arn.starts_with("arn:") ? id_or_arn.rfind(fmt::format(":{}:", kind)) : std::string::npos;
  return to_lower(at == std::string::npos ? id_or_arn : id_or_arn.substr(at + kind.size() + 2));
}

// The part of host names that stands for the account in the region.
std::string owner_label(const std::string& account, const std::string& region) {
  const crypto::Sha256Digest digest = crypto::sha256(account + "/" + region);
  return "c" + hex_encode(crypto::bytes_of(digest)).substr(0, 11);
}

std::string endpoint(const std::string& account, const std::string& region, const std::string& id,
                     std::string_view kind) {
  return fmt::format("{}.{}{}.{}.rds.localhost", id, kind, owner_label(account, region), region);
}

}  // namespace

std::vector<ClusterRow> clusters_where(sql::Transaction& transaction, std::string_view condition,
                                       std::vector<sql::Value> arguments) {
  std::vector<ClusterRow> rows;
  const std::string statement = fmt::format(
      "SELECT {}, c.account, c.region, c.id, c.resource, c.status, c.wanted, c.final_snapshot, c.created"
      " FROM rds_cluster c JOIN rds_volume v ON v.id = c.resource WHERE {} ORDER BY c.id",
      kVolumeColumns, condition);
  for (const sql::Row& row : transaction.run(statement, std::move(arguments))) {
    constexpr size_t kAt = kVolumeColumnCount;
    rows.push_back({.account = row.text(kAt),
                    .region = row.text(kAt + 1),
                    .id = row.text(kAt + 2),
                    .resource = row.text(kAt + 3),
                    .status = row.text(kAt + 4),
                    .wanted = row.text(kAt + 5),
                    .final_snapshot = row.optional_text(kAt + 6),
                    .created = from_milliseconds(row.integer(kAt + 7)),
                    .volume = read_volume(row)});
  }
  return rows;
}

std::vector<InstanceRow> instances_where(sql::Transaction& transaction, std::string_view condition,
                                         std::vector<sql::Value> arguments) {
  std::vector<InstanceRow> rows;
  const std::string statement = fmt::format(
      "SELECT {}, i.account, i.region, i.id, i.resource, i.cluster, i.class, i.storage_gib, i.storage_type,"
      " i.status, i.wanted, i.reboots, i.zone, i.interface, i.address, i.promotion_tier, i.upgrades_minor,"
      " i.changed, i.created, i.starts FROM rds_instance i JOIN rds_volume v ON v.id = i.volume WHERE {} "
      "ORDER BY i.id",
      kVolumeColumns, condition);
  for (const sql::Row& row : transaction.run(statement, std::move(arguments))) {
    constexpr size_t kAt = kVolumeColumnCount;
    rows.push_back({.account = row.text(kAt),
                    .region = row.text(kAt + 1),
                    .id = row.text(kAt + 2),
                    .resource = row.text(kAt + 3),
                    .cluster = row.optional_text(kAt + 4),
                    .type = row.text(kAt + 5),
                    .storage_gib = row.integer(kAt + 6),
                    .storage_type = row.text(kAt + 7),
                    .status = row.text(kAt + 8),
                    .wanted = row.text(kAt + 9),
                    .reboots = row.integer(kAt + 10),
                    .starts = row.integer(kAt + 18),
                    .zone = row.text(kAt + 11),
                    .interface = row.text(kAt + 12),
                    .address = row.text(kAt + 13),
                    .promotion_tier = row.integer(kAt + 14),
                    .upgrades_minor = row.integer(kAt + 15) != 0,
                    .changed = from_milliseconds(row.integer(kAt + 16)),
                    .created = from_milliseconds(row.integer(kAt + 17)),
                    .volume = read_volume(row)});
  }
  return rows;
}

std::optional<ClusterRow> find_cluster(Call& call, const std::string& id) {
  auto rows = clusters_where(call.transaction, "c.account = ?1 AND c.region = ?2 AND c.id = ?3",
                             {call.account, call.region, id});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

std::optional<InstanceRow> find_instance(Call& call, const std::string& id) {
  auto rows = instances_where(call.transaction, "i.account = ?1 AND i.region = ?2 AND i.id = ?3",
                              {call.account, call.region, id});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

std::vector<InstanceRow> instances_of(Call& call, const ClusterRow& cluster) {
  return instances_where(call.transaction, "i.volume = ?1", {cluster.resource});
}

ClusterRow require_cluster(Call& call, const std::string& id_or_arn) {
  const std::string id = id_of(id_or_arn, "cluster");
  if (auto row = find_cluster(call, id)) return *row;
  throw DBClusterNotFoundFault(fmt::format("DBCluster {} not found.", id));
}

InstanceRow require_instance(Call& call, const std::string& id_or_arn) {
  const std::string id = id_of(id_or_arn, "db");
  if (auto row = find_instance(call, id)) return *row;
  throw DBInstanceNotFoundFault(fmt::format("DBInstance {} not found.", id));
}

void insert_volume(Call& call, const VolumeRow& row) {
  call.transaction.run(
      "INSERT INTO rds_volume (id, engine, master_user, password_hash, database_name, port, is_set_up,"
      " password_changed, security_groups, subnet_group, backup_retention, backup_window, maintenance_window,"
      " protects_deletion, copies_tags, source)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
      {row.id, row.engine, row.master_user, row.password_hash, sql::optional_value(row.database_name),
       row.port, int64_t{row.is_set_up}, int64_t{row.password_changed}, join(row.security_groups, " "),
       row.subnet_group, row.backup_retention, row.backup_window, row.maintenance_window,
       int64_t{row.protects_deletion}, int64_t{row.copies_tags}, sql::optional_value(row.source)});
}

void update_volume(Call& call, const VolumeRow& row) {
  call.transaction.run(
      "UPDATE rds_volume SET password_hash = ?2, password_changed = ?3, security_groups = ?4,"
      " backup_retention = ?5, backup_window = ?6, maintenance_window = ?7, protects_deletion = ?8,"
      " copies_tags = ?9 WHERE id = ?1",
      {row.id, row.password_hash, int64_t{row.password_changed}, join(row.security_groups, " "),
       row.backup_retention, row.backup_window, row.maintenance_window, int64_t{row.protects_deletion},
       int64_t{row.copies_tags}});
}

void delete_instance_row(Call& call, const InstanceRow& row) {
  call.transaction.run("DELETE FROM rds_instance WHERE resource = ?1", {row.resource});
  call.transaction.run("DELETE FROM rds_volume WHERE id = ?1", {row.resource});
  call.transaction.run("DELETE FROM rds_tag WHERE arn = ?1", {instance_arn(call, row.id)});
}

void delete_cluster_row(Call& call, const ClusterRow& row) {
  call.transaction.run("DELETE FROM rds_cluster WHERE resource = ?1", {row.resource});
  call.transaction.run("DELETE FROM rds_volume WHERE id = ?1", {row.resource});
  call.transaction.run("DELETE FROM rds_tag WHERE arn = ?1", {cluster_arn(call, row.id)});
}

std::string cluster_arn(const aws::Caller& call, const std::string& id) {
  return aws::arn("rds", call, "cluster:" + id);
}
std::string instance_arn(const aws::Caller& call, const std::string& id) {
  return aws::arn("rds", call, "db:" + id);
}
std::string subnet_group_arn(const aws::Caller& call, const std::string& name) {
  return aws::arn("rds", call, "subgrp:" + name);
}
std::string cluster_snapshot_arn(const aws::Caller& call, const std::string& id) {
  return aws::arn("rds", call, "cluster-snapshot:" + id);
}

std::string cluster_endpoint(const std::string& account, const std::string& region, const std::string& id) {
  return endpoint(account, region, id, "cluster-");
}
std::string reader_endpoint(const std::string& account, const std::string& region, const std::string& id) {
  return endpoint(account, region, id, "cluster-ro-");
}
std::string instance_endpoint(const std::string& account, const std::string& region, const std::string& id) {
  return endpoint(account, region, id, "");
}

std::vector<Tag> tags_of(Call& call, const std::string& arn) {
  std::vector<Tag> tags;
  for (const sql::Row& row :
       call.transaction.run("SELECT key, value FROM rds_tag WHERE arn = ?1 ORDER BY key", {arn})) {
    tags.push_back({.key = row.text(0), .value = row.text(1)});
  }
  return tags;
}

void write_tags(Call& call, const std::string& arn, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    const std::string key = tag.key.value_or("");
    if (key.empty() || key.size() > 128) throw_invalid("Tag keys are 1 to 128 characters long.");
    if (aws::may_not_write_tag(call, key))
      throw_invalid("Tag keys starting with 'aws:' are reserved for internal use.");
    call.transaction.run(
        "INSERT INTO rds_tag (account, region, arn, key, value) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
        {call.account, call.region, arn, key, tag.value.value_or("")});
  }
  auto own = [](const Tag& tag) { return !tag.key->starts_with("aws:"); };
  if (std::ranges::count_if(tags_of(call, arn), own) > kTagsMax)
    throw_invalid("A resource may have at most 50 tags.");
}

void record_event(Call& call, const Happening& happening) {
  call.transaction.run(
      "INSERT INTO rds_event (account, region, source_type, source, arn, category, message, happened)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {call.account, call.region, happening.source_type, happening.source, happening.arn, happening.category,
       happening.message, to_milliseconds(call.now)});
  call.transaction.run("DELETE FROM rds_event WHERE happened < ?1",
                       {to_milliseconds(call.now - std::chrono::days(14))});
}

std::string valid_identifier(std::string_view name, const std::string& text, size_t length_max) {
  const bool is_valid =
      !text.empty() && text.size() <= length_max && is_letter(text[0]) && is_alphanumeric(text, "-");
  if (!is_valid || text.ends_with("-") || text.find("--") != std::string::npos) {
    throw_invalid(
        fmt::format("The parameter {} is not a valid identifier. Identifiers must begin with a letter; must"
                    " contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or"
                    " contain two consecutive hyphens.",
                    name));
  }
  return to_lower(text);
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
void check_password(const std::string& password) {
  if (password.size() < 8 || password.size() > 41) {
    throw_invalid(
        "The parameter MasterUserPassword is not a valid password because it is shorter than 8 or longer"
        " than 41 characters.");
  }
  for (char c : password) {
    if (c < ' ' || c > '~' || c == '/' || c == '"' || c == '@' || c == ' ') {
      throw_invalid(
          "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides"
          " '/', '@', '\"', ' ' may be used.");
    }
  }
}

void check_master_user(const std::string& user) {
  const bool is_valid = !user.empty() && user.size() <= 16 && is_letter(user[0]) && is_alphanumeric(user, "_");
  if (!is_valid) {
    throw_invalid("The parameter MasterUsername must be 1 to 16 letters or numbers, the first a letter.");
  }
  const std::string small = to_lower(user);
  for (std::string_view reserved : {"root", "mysql", "rdsadmin", "public", "rdsrepladmin"}) {
    if (small == reserved) {
      throw_invalid(
          fmt::format("MasterUsername {} cannot be used as it is a reserved word used by the engine", user));
    }
  }
}

void throw_invalid(std::string message) { throw aws::ServiceError("InvalidParameterValue", 400, message); }
void throw_combination(std::string message) {
  throw aws::ServiceError("InvalidParameterCombination", 400, message);
}

size_t position_of(const std::optional<std::string>& marker) {
  if (!marker || marker->empty()) return 0;
  const auto text = base64_decode(*marker);
  const auto position = text ? parse_integer(*text) : std::nullopt;
  if (!position || *position < 0) throw_invalid("The marker is invalid.");
  return static_cast<size_t>(*position);
}

std::string marker_of(size_t position) { return base64_encode(std::to_string(position)); }

size_t page_size(const std::optional<int32_t>& max_records) {
  const size_t size = max_records ? static_cast<size_t>(std::max(*max_records, 0)) : kPageMax;
  if (size < kPageMin || size > kPageMax) {
    throw_invalid(fmt::format("Invalid value {} for MaxRecords. Must be between 20 and 100", *max_records));
  }
  return size;
}

}  // namespace holm::rds

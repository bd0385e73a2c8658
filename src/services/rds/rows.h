// Clusters, instances and their volumes as the database has them, and what all handlers need of them.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "aws/service/error.h"
#include "rds/types.h"

namespace holm {
class Random;
}

namespace holm::rds {

using aws::Call;

// What belongs to a data directory: a cluster's or a lone instance's.
struct VolumeRow {
  std::string id;
  std::string engine;  // "aurora-mysql", "mysql", "mariadb"
  std::string master_user;
  std::string password_hash;
  std::optional<std::string> database_name;
  int64_t port = 3306;
  bool is_set_up = false;
  bool password_changed = false;
  std::vector<std::string> security_groups;
  std::string subnet_group;
  int64_t backup_retention = 1;
  std::string backup_window;
  std::string maintenance_window;
  bool protects_deletion = false;
  bool copies_tags = false;
  std::optional<std::string> source;  // The snapshot it begins as.
};

struct ClusterRow {
  std::string account, region, id, resource;
  std::string status;  // creating, available, modifying, starting, stopping, stopped, deleting
  std::string wanted;  // available, stopped, deleted
  std::optional<std::string> final_snapshot;
  Time created{};
  VolumeRow volume;
};

struct InstanceRow {
  std::string account, region, id, resource;
  std::optional<std::string> cluster;  // The cluster's id, not its resource.
  std::string type;                    // "db.t4g.medium"
  int64_t storage_gib = 0;
  std::string storage_type;
  std::string
      status;  // creating, available, modifying, rebooting, starting, stopping, stopped, deleting, failed
  std::string wanted;   // available, stopped, deleted
  int64_t reboots = 0;  // Asked for and not yet done.
  int64_t starts = 0;   // Since it was last available.
  std::string zone, interface, address;
  int64_t promotion_tier = 1;
  bool upgrades_minor = true;
  Time changed{};
  Time created{};
  VolumeRow volume;
};

std::vector<ClusterRow> clusters_where(sql::Transaction& transaction, std::string_view condition,
                                       std::vector<sql::Value> arguments);
std::vector<InstanceRow> instances_where(sql::Transaction& transaction, std::string_view condition,
                                         std::vector<sql::Value> arguments);
std::optional<ClusterRow> find_cluster(Call& call, const std::string& id);
std::optional<InstanceRow> find_instance(Call& call, const std::string& id);
std::vector<InstanceRow> instances_of(Call& call, const ClusterRow& cluster);
// By id or by ARN; the service's NotFound otherwise.
ClusterRow require_cluster(Call& call, const std::string& id_or_arn);
InstanceRow require_instance(Call& call, const std::string& id_or_arn);

void insert_volume(Call& call, const VolumeRow& row);
void update_volume(Call& call, const VolumeRow& row);
// Nothing is left of it in the database.
void delete_instance_row(Call& call, const InstanceRow& row);
void delete_cluster_row(Call& call, const ClusterRow& row);

std::string cluster_arn(const aws::Caller& call, const std::string& id);
std::string instance_arn(const aws::Caller& call, const std::string& id);
std::string subnet_group_arn(const aws::Caller& call, const std::string& name);
std::string cluster_snapshot_arn(const aws::Caller& call, const std::string& id);

// Host names, as AWS forms them.
std::string cluster_endpoint(const std::string& account, const std::string& region, const std::string& id);
std::string reader_endpoint(const std::string& account, const std::string& region, const std::string& id);
std::string instance_endpoint(const std::string& account, const std::string& region, const std::string& id);

std::vector<Tag> tags_of(Call& call, const std::string& arn);
void write_tags(Call& call, const std::string& arn, const std::vector<Tag>& tags);

// To be seen by DescribeEvents for fourteen days. `category` is AWS's: "creation", "failure", "availability"
// …
struct Happening {
  std::string source_type;  // db-instance, db-cluster, db-cluster-snapshot
  std::string source;
  std::string arn;
  std::string category;
  std::string message;
};
void record_event(Call& call, const Happening& happening);

// The words that AWS uses for identifiers: 1 to `length_max` letters, digits or hyphens, a letter first, in
// small letters in the answer. `name` is the parameter's.
std::string valid_identifier(std::string_view name, const std::string& text, size_t length_max = 63);
void check_password(const std::string& password);
void check_master_user(const std::string& user);
[[noreturn]] void throw_invalid(std::string message);      // InvalidParameterValue
[[noreturn]] void throw_combination(std::string message);  // InvalidParameterCombination

// The page of `items` that is asked for, 20 to 100 long, and the marker of the next one.
template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, const std::optional<int32_t>& max_records,
                                     const std::optional<std::string>& marker);
size_t position_of(const std::optional<std::string>& marker);
std::string marker_of(size_t position);
size_t page_size(const std::optional<int32_t>& max_records);

template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, const std::optional<int32_t>& max_records,
                                     const std::optional<std::string>& marker) {
  const size_t from = std::min(position_of(marker), items.size());
  const size_t to = std::min(items.size(), from + page_size(max_records));
  std::optional<std::string> next;
  if (to < items.size()) next = marker_of(to);
  items = std::vector<Item>(items.begin() + static_cast<std::ptrdiff_t>(from),
                            items.begin() + static_cast<std::ptrdiff_t>(to));
  return next;
}

}  // namespace holm::rds

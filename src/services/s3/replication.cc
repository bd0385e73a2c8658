// Replication: the configuration, and which versions it is about.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html

#include "services/s3/replication.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/codec/json_codec.h"
#include "aws/service/identity.h"
#include "base/check.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/attributes.h"
#include "services/s3/records.h"
#include "services/s3/replication_rules.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr size_t kRulesMax = 1000;
constexpr std::string_view kKind = "replication";
constexpr std::string_view kPending = "PENDING";
constexpr std::string_view kArnStart = "arn:aws:s3:::";

[[noreturn]] void throw_invalid(const std::string& message) { throw InvalidRequest(message); }

// What would be done otherwise than it says, or not at all.
void refuse_unbuilt(const ReplicationRule& rule) {
  auto refuse = [](bool is_set, const char* what) {
    if (is_set) throw aws::NotImplemented(std::string("PutBucketReplication: ") + what);
  };
  refuse(rule.source_selection_criteria.has_value(), "SourceSelectionCriteria");
  refuse(rule.existing_object_replication && rule.existing_object_replication->status == "Enabled",
         "ExistingObjectReplication");
  refuse(rule.destination.access_control_translation.has_value(), "AccessControlTranslation");
  refuse(rule.destination.encryption_configuration.has_value(), "EncryptionConfiguration");
  refuse(rule.destination.replication_time && rule.destination.replication_time->status == "Enabled",
         "ReplicationTime");
  refuse(rule.destination.metrics && rule.destination.metrics->status == "Enabled", "Metrics");
}

bool replicates_markers(const ReplicationRule& rule) {
  return rule.delete_marker_replication && rule.delete_marker_replication->status == "Enabled";
}

bool has_tags(const ReplicationRule& rule) {
  if (!rule.filter) return false;
  return rule.filter->tag.has_value() || (rule.filter->and_ && !rule.filter->and_->tags.empty());
}

void require_rule(const ReplicationRule& rule) {
  refuse_unbuilt(rule);
  if (rule.id && rule.id->size() > 255) throw_invalid("The maximum length of a rule's ID is 255 characters.");
  if (rule.filter && rule.prefix) throw_invalid("Rule cannot have both a Prefix and a Filter.");
  if (!rule.filter && !rule.prefix) throw_invalid("Rule must have a Prefix or a Filter.");
  if (rule.filter && (!rule.priority || !rule.delete_marker_replication)) {
    throw_invalid("A rule with a Filter must have a Priority and say what becomes of delete markers.");
  }
  if (has_tags(rule) && replicates_markers(rule)) {
    throw_invalid("Delete marker replication is not supported if any Tag filter is specified.");
  }
}

void require_destination(Call& call, const BucketRow& source, const ReplicationRule& rule) {
  const auto bucket = find_bucket(call.transaction, destination_bucket(rule));
  if (!bucket || !rule.destination.bucket.starts_with(kArnStart)) {
    throw_invalid("Destination bucket must exist.");
  }
  if (bucket->id == source.id) throw_invalid("Destination bucket cannot be the same as the source bucket.");
  if (bucket->versioning != Versioning::Enabled) {
    throw_invalid("Destination bucket must have versioning enabled.");
  }
  if (rule.destination.account && *rule.destination.account != bucket->account) {
    throw_invalid("Account must be that of the destination bucket's owner.");
  }
}

bool is_of(const ReplicationRule& rule, const VersionRow& row) {
  if (rule.status != "Enabled") return false;
  if (!rule.filter) return row.key.starts_with(rule.prefix.value_or(""));
  std::string prefix = rule.filter->prefix.value_or("");
  std::vector<Tag> tags;
  if (rule.filter->tag) tags.push_back(*rule.filter->tag);
  if (rule.filter->and_) {
    prefix = rule.filter->and_->prefix.value_or("");
    tags = rule.filter->and_->tags;
  }
  const std::vector<Tag> has = read_tags(row.tags);
  return row.key.starts_with(prefix) && std::ranges::all_of(tags, [&](const Tag& wanted) {
           return std::ranges::any_of(
               has, [&](const Tag& tag) { return tag.key == wanted.key && tag.value == wanted.value; });
         });
}

}  // namespace

std::string destination_bucket(const ReplicationRule& rule) {
  const std::string& arn = rule.destination.bucket;
  return arn.starts_with(kArnStart) ? arn.substr(kArnStart.size()) : arn;
}

std::optional<ReplicationConfiguration> find_replication(sql::Transaction& transaction, int64_t bucket) {
  const Settings settings(transaction, bucket);
  const auto* configuration = settings.read<ReplicationConfiguration>(kKind, schema::kReplicationConfiguration);
  return configuration != nullptr ? std::optional(*configuration) : std::nullopt;
}

std::vector<ReplicationRule> rules_for(const ReplicationConfiguration& configuration, const VersionRow& row) {
  std::vector<ReplicationRule> rules;
  // The keys of objects that KMS keeps are not for others; markers have rules of their own.
  if (row.encryption.method.starts_with("aws:kms")) return rules;
  for (const ReplicationRule& rule : configuration.rules) {
    if (is_of(rule, row) && (row.what == What::Object || replicates_markers(rule))) rules.push_back(rule);
  }
  // One for each destination: that of the highest priority.
  std::ranges::sort(rules, [](const ReplicationRule& a, const ReplicationRule& b) {
    return std::pair(b.priority.value_or(0), a.id) < std::pair(a.priority.value_or(0), b.id);
  });
  std::set<std::string> taken;
  std::erase_if(rules,
                [&](const ReplicationRule& rule) { return !taken.insert(rule.destination.bucket).second; });
  return rules;
}

bool is_replicated(sql::Transaction& transaction, int64_t bucket) {
  return find_configuration(transaction, bucket, kKind).has_value();
}

std::string replication_of(sql::Transaction& transaction, const BucketRow& bucket, const VersionRow& row) {
  if (bucket.versioning != Versioning::Enabled || row.replication == kReplica) return row.replication;
  const auto configuration = find_replication(transaction, bucket.id);
  return configuration && !rules_for(*configuration, row).empty() ? std::string(kPending) : std::string();
}

void schedule_replication(Records& records, Call& call, const BucketRow& bucket, const VersionRow& row) {
  formats::Object payload;
  payload.append("bucket", bucket.name);
  payload.append("key", row.key);
  payload.append("version", row.version);
  records.schedule({.kind = kReplicationJob,
                    .key = fmt::format("{}", row.id),
                    .payload = formats::write_json(std::move(payload))},
                   call.now);
}

void keep_changed(Records& records, Call& call, const BucketRow& bucket, VersionRow row) {
  const bool has_replicas = !row.replication.empty() && row.replication != kReplica;
  if (has_replicas) row.replication = kPending;
  keep_version(records, bucket.id, row);
  if (has_replicas) schedule_replication(records, call, bucket, row);
}

GetBucketReplicationOutput get_bucket_replication(Service&, Call& call,
                                                  const GetBucketReplicationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  auto configuration = find_replication(call.transaction, bucket.id);
  if (configuration) return {.replication_configuration = std::move(configuration)};
  aws::ServiceError error("ReplicationConfigurationNotFoundError", 404,
                          "The replication configuration was not found");
  error.with("BucketName", bucket.name);
  throw error;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html
Nothing put_bucket_replication(Service& service, Call& call, const PutBucketReplicationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  ReplicationConfiguration wanted = request.replication_configuration;
  if (bucket.versioning != Versioning::Enabled) {
    throw_invalid("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
  }
  if (request.token) throw aws::NotImplemented("PutBucketReplication: Token");
  if (wanted.rules.empty() || wanted.rules.size() > kRulesMax) {
    throw_invalid(fmt::format("A replication configuration has 1 to {} rules.", kRulesMax));
  }
  if (!service.identities().find_role(wanted.role)) throw_invalid("Invalid role: it does not exist.");
  std::set<std::string> ids;
  std::set<int32_t> priorities;
  for (ReplicationRule& rule : wanted.rules) {
    require_rule(rule);
    require_destination(call, bucket, rule);
    if (!rule.id || rule.id->empty()) rule.id = service.random().uuid();
    if (!ids.insert(*rule.id).second) throw_invalid("Rules must have different IDs.");
    if (rule.priority && !priorities.insert(*rule.priority).second) {
      throw_invalid("Rules must have different priorities.");
    }
    if (rule.destination.storage_class) storage_class_of(rule.destination.storage_class);
  }
  set_configuration(call, bucket.id, kKind, aws::write_json(schema::kReplicationConfiguration, &wanted));
  return {};
}

Nothing delete_bucket_replication(Service&, Call& call, const DeleteBucketReplicationRequest& request) {
  clear_configuration(call, require_bucket(call, request.bucket).id, kKind);
  return {};
}

}  // namespace holm::s3

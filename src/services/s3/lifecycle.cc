// Lifecycle rules: which there may be, and what they mean for a version.

#include "services/s3/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "aws/codec/json_codec.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "base/time_format.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/service.h"
#include "services/s3/tags.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "lifecycle";
constexpr std::string_view kAllClasses = "all_storage_classes_128K";
constexpr size_t kRulesMax = 1000;
constexpr size_t kIdMax = 255;
constexpr size_t kIdCharacters = 48;
constexpr uint64_t kMovedBytesMin = 128 * 1024;
constexpr int32_t kInfrequentDaysMin = 30;
constexpr std::string_view kByClass = "varies_by_storage_class";
constexpr std::string_view kMinimumKind = "lifecycle-minimum";
// What rules move objects to, and only downwards.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
constexpr std::array<std::string_view, 6> kClasses = {
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"};

// 0 for those that are above all others.
size_t depth_of(std::string_view storage_class) {
  const auto found = std::ranges::find(kClasses, storage_class);
  return found == kClasses.end() ? 0 : static_cast<size_t>(found - kClasses.begin()) + 1;
}

void require_midnight(const std::optional<aws::Timestamp>& date) {
  if (date && std::chrono::floor<std::chrono::days>(*date) != *date)
    throw_invalid_argument("'Date' must be at midnight GMT", {"Date", iso8601(*date)});
}

void require_expiration(const LifecycleExpiration& expiration) {
  const int given = expiration.days.has_value() + expiration.date.has_value() +
                    expiration.expired_object_delete_marker.value_or(false);
  if (given != 1) throw aws::MalformedXml();
  if (expiration.days && *expiration.days <= 0) {
    throw_invalid_argument("'Days' for Expiration action must be a positive integer");
  }
  require_midnight(expiration.date);
}

void require_class(const std::optional<std::string>& name, const std::optional<int32_t>& days) {
  if (!name) throw aws::MalformedXml();
  if (std::ranges::find(kClasses, *name) == kClasses.end()) throw aws::MalformedXml();
  if (name->ends_with("_IA") && days && *days < kInfrequentDaysMin) {
    throw_invalid_argument(fmt::format(
        "'Days' in Transition action must be greater than or equal to 30 for storageClass '{}'", *name));
  }
}

// What is moved stays there for a while.
void require_order(const LifecycleRule& rule) {
  if (!rule.expiration || !rule.expiration->days) return;
  for (const Transition& transition : rule.transitions) {
    if (!transition.days || *transition.days < *rule.expiration->days) continue;
    throw_invalid_argument(
        "'Days' in the Expiration action for filter must be greater than 'Days' in the Transition action");
  }
}

void require_actions(const LifecycleRule& rule) {
  const bool does_nothing =
      !rule.expiration && rule.transitions.empty() && !rule.noncurrent_version_expiration &&
      rule.noncurrent_version_transitions.empty() && !rule.abort_incomplete_multipart_upload;
  if (does_nothing) throw InvalidRequest("At least one action needs to be specified in a rule");
  if (rule.expiration) require_expiration(*rule.expiration);
  for (const Transition& transition : rule.transitions) {
    if (transition.days.has_value() == transition.date.has_value()) throw aws::MalformedXml();
    if (transition.days && *transition.days < 0)
      throw_invalid_argument("'Days' in Transition action must be nonnegative");
    require_midnight(transition.date);
    require_class(transition.storage_class, transition.days);
  }
  require_order(rule);
  for (const NoncurrentVersionTransition& transition : rule.noncurrent_version_transitions) {
    if (!transition.noncurrent_days) throw aws::MalformedXml();
    require_class(transition.storage_class, transition.noncurrent_days);
  }
  const auto& noncurrent = rule.noncurrent_version_expiration;
  if (noncurrent && !noncurrent->noncurrent_days) throw aws::MalformedXml();
  if (noncurrent && noncurrent->noncurrent_days.value_or(0) <= 0) {
    throw_invalid_argument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
  }
  const auto& abort = rule.abort_incomplete_multipart_upload;
  if (abort && abort->days_after_initiation.value_or(0) <= 0) {
    throw_invalid_argument(
        "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer");
  }
}

// Either the old way or one thing in the filter.
void require_filter(const LifecycleRule& rule) {
  if (rule.prefix.has_value() == rule.filter.has_value()) throw aws::MalformedXml();
  if (!rule.filter) return;
  const LifecycleRuleFilter& filter = *rule.filter;
  const int given = filter.prefix.has_value() + filter.tag.has_value() +
                    filter.object_size_greater_than.has_value() + filter.object_size_less_than.has_value() +
                    filter.and_.has_value();
  if (given > 1) throw aws::MalformedXml();
  std::vector<Tag> tags;
  if (filter.tag) tags.push_back(*filter.tag);
  if (filter.and_) tags = filter.and_->tags;
  std::set<std::string> keys;
  for (const Tag& tag : tags) {
    if (!keys.insert(tag.key).second) throw InvalidRequest("Duplicate Tag Keys are not allowed.");
  }
  require_tags(tags, kObjectTagsMax);
  if (tags.empty()) return;
  if (rule.abort_incomplete_multipart_upload) {
    throw InvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags.");
  }
  if (rule.expiration && rule.expiration->expired_object_delete_marker.value_or(false)) {
    throw InvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.");
  }
}

// One filter in the form that has everything.
LifecycleRuleAndOperator filter_of(const LifecycleRule& rule) {
  if (!rule.filter) return {.prefix = rule.prefix};
  if (rule.filter->and_) return *rule.filter->and_;
  LifecycleRuleAndOperator filter{.prefix = rule.filter->prefix,
                                  .object_size_greater_than = rule.filter->object_size_greater_than,
                                  .object_size_less_than = rule.filter->object_size_less_than};
  if (rule.filter->tag) filter.tags = {*rule.filter->tag};
  return filter;
}

bool is_about(const LifecycleRule& rule, const VersionRow& row) {
  if (rule.status != "Enabled") return false;
  const LifecycleRuleAndOperator filter = filter_of(rule);
  if (!row.key.starts_with(filter.prefix.value_or(""))) return false;
  const auto bytes = static_cast<int64_t>(row.bytes);
  if (filter.object_size_greater_than && bytes <= *filter.object_size_greater_than) return false;
  if (filter.object_size_less_than && bytes >= *filter.object_size_less_than) return false;
  if (filter.tags.empty()) return true;
  const std::vector<Tag> tags = read_tags(row.tags);
  return std::ranges::all_of(filter.tags, [&](const Tag& wanted) {
    return std::ranges::any_of(
        tags, [&](const Tag& tag) { return tag.key == wanted.key && tag.value == wanted.value; });
  });
}

bool has_size(const LifecycleRule& rule) {
  const LifecycleRuleAndOperator filter = filter_of(rule);
  return filter.object_size_greater_than || filter.object_size_less_than;
}

// Days are full ones: what is created on a day counts from the next midnight.
Time end_of(Time since, int32_t days, Day day) { return next_day(since + days * day, day); }

std::optional<Time> expiry_of(const LifecycleRule& rule, const VersionRow& row, Day day) {
  if (!rule.expiration) return std::nullopt;
  if (rule.expiration->date) return *rule.expiration->date;
  if (rule.expiration->days) return end_of(row.modified, *rule.expiration->days, day);
  return std::nullopt;
}

// Whether the rule ends a version; a marker only when it hides nothing any more.
bool ends_current(const LifecycleRule& rule, const VersionRow& row, const VersionPlace& place, Time now,
                  Day day) {
  if (row.what == What::Marker) {
    if (!place.is_alone || !rule.expiration) return false;
    if (rule.expiration->expired_object_delete_marker.value_or(false)) return true;
  }
  const auto expiry = expiry_of(rule, row, day);
  return expiry && *expiry <= now;
}

bool ends_noncurrent(const LifecycleRule& rule, const VersionPlace& place, Time now, Day day) {
  const auto& expiration = rule.noncurrent_version_expiration;
  if (!expiration || place.newer_noncurrent < expiration->newer_noncurrent_versions.value_or(0)) return false;
  return end_of(*place.noncurrent_since, expiration->noncurrent_days.value_or(0), day) <= now;
}

struct Move {
  Time due;
  std::string storage_class;
};

// The moves that a rule has for a version.
std::vector<Move> moves_of(const LifecycleRule& rule, const VersionRow& row, const VersionPlace& place,
                           Day day) {
  std::vector<Move> moves;
  if (!place.noncurrent_since) {
    for (const Transition& transition : rule.transitions) {
      const Time due =
          transition.date ? *transition.date : end_of(row.modified, transition.days.value_or(0), day);
      moves.push_back({due, transition.storage_class.value_or("")});
    }
    return moves;
  }
  for (const NoncurrentVersionTransition& transition : rule.noncurrent_version_transitions) {
    if (place.newer_noncurrent < transition.newer_noncurrent_versions.value_or(0)) continue;
    moves.push_back({end_of(*place.noncurrent_since, transition.noncurrent_days.value_or(0), day),
                     transition.storage_class.value_or("")});
  }
  return moves;
}

}  // namespace

Time next_day(Time time, Day day) {
  const auto since = time.time_since_epoch();
  return Time(since - since % day + day);
}

std::optional<LifecycleAction> due_action(const LifecyclePlan& plan, const VersionRow& row,
                                          const VersionPlace& place, Time now, Day day) {
  using Kind = LifecycleAction::Kind;
  std::optional<Move> deepest;
  for (const LifecycleRule& rule : plan.rules) {
    if (!is_about(rule, row)) continue;
    // Ending is cheaper than moving, so it goes first.
    if (place.noncurrent_since ? ends_noncurrent(rule, place, now, day)
                               : ends_current(rule, row, place, now, day)) {
      const bool hides = !place.noncurrent_since && row.what == What::Object;
      return LifecycleAction{.kind = hides ? Kind::Expire : Kind::Remove};
    }
    if (row.what == What::Marker) continue;
    const bool is_small = row.bytes < kMovedBytesMin && !has_size(rule);
    for (const Move& move : moves_of(rule, row, place, day)) {
      if (is_small && !(plan.archives_small && is_archive(move.storage_class))) continue;
      if (move.due > now || depth_of(move.storage_class) <= depth_of(row.storage_class)) continue;
      if (!deepest || depth_of(move.storage_class) > depth_of(deepest->storage_class)) deepest = move;
    }
  }
  if (!deepest) return std::nullopt;
  return LifecycleAction{.kind = Kind::Move, .storage_class = deepest->storage_class};
}

std::optional<std::string> expiration_of(const Settings& settings, const VersionRow& row) {
  if (!row.is_current) return std::nullopt;
  std::optional<Time> soonest;
  std::string id;
  const auto* plan = settings.read<BucketLifecycleConfiguration>(kKind, schema::kBucketLifecycleConfiguration);
  if (plan == nullptr) return std::nullopt;
  for (const LifecycleRule& rule : plan->rules) {
    if (!is_about(rule, row)) continue;
    const auto expiry = expiry_of(rule, row, kDay);
    if (!expiry || (soonest && *soonest <= *expiry)) continue;
    soonest = expiry;
    id = rule.id.value_or("");
  }
  if (!soonest) return std::nullopt;
  return fmt::format("expiry-date=\"{}\", rule-id=\"{}\"", http_date(*soonest), id);
}

std::optional<Time> abort_time(const LifecycleRule& rule, const std::string& key, Time initiated, Day day) {
  if (rule.status != "Enabled" || !rule.abort_incomplete_multipart_upload) return std::nullopt;
  if (!key.starts_with(filter_of(rule).prefix.value_or(""))) return std::nullopt;
  return end_of(initiated, rule.abort_incomplete_multipart_upload->days_after_initiation.value_or(0), day);
}

std::optional<UploadEnd> upload_end_of(sql::Transaction& transaction, int64_t bucket, const std::string& key,
                                       Time initiated) {
  std::optional<UploadEnd> soonest;
  for (const LifecycleRule& rule : find_rules({transaction, bucket})) {
    const auto time = abort_time(rule, key, initiated, kDay);
    if (time && (!soonest || *time < soonest->time)) soonest = UploadEnd{*time, rule.id.value_or("")};
  }
  return soonest;
}

std::vector<LifecycleRule> find_rules(const Settings& settings) {
  const auto* plan = settings.read<BucketLifecycleConfiguration>(kKind, schema::kBucketLifecycleConfiguration);
  return plan != nullptr ? plan->rules : std::vector<LifecycleRule>();
}

LifecyclePlan find_plan(sql::Transaction& transaction, int64_t bucket) {
  return {.rules = find_rules({transaction, bucket}),
          .archives_small = find_configuration(transaction, bucket, kMinimumKind) == kByClass};
}

GetBucketLifecycleConfigurationOutput get_bucket_lifecycle_configuration(
    Service&, Call& call, const GetBucketLifecycleConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  std::vector<LifecycleRule> rules = find_rules({call.transaction, bucket.id});
  if (rules.empty()) {
    aws::ServiceError error("NoSuchLifecycleConfiguration", 404,
                            "The lifecycle configuration does not exist");
    error.with("BucketName", bucket.name);
    throw error;
  }
  return {
      .rules = std::move(rules),
      .transition_default_minimum_object_size =
          find_configuration(call.transaction, bucket.id, kMinimumKind).value_or(std::string(kAllClasses))};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
PutBucketLifecycleConfigurationOutput put_bucket_lifecycle_configuration(
    Service& service, Call& call, const PutBucketLifecycleConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (!request.lifecycle_configuration) throw aws::MalformedXml();
  BucketLifecycleConfiguration wanted = *request.lifecycle_configuration;
  if (wanted.rules.empty() || wanted.rules.size() > kRulesMax) throw aws::MalformedXml();
  const std::string size = request.transition_default_minimum_object_size.value_or(std::string(kAllClasses));
  if (size != kAllClasses && size != kByClass)
    throw InvalidRequest("Invalid TransitionDefaultMinimumObjectSize found: " + size);
  std::set<std::string> ids;
  for (LifecycleRule& rule : wanted.rules) {
    if (rule.status != "Enabled" && rule.status != "Disabled") throw aws::MalformedXml();
    if (!rule.id || rule.id->empty()) rule.id = service.random().alphanumeric(kIdCharacters);
    if (rule.id->size() > kIdMax) throw_invalid_argument("ID length should not exceed allowed limit of 255");
    if (!ids.insert(*rule.id).second) {
      throw_invalid_argument("Rule ID must be unique. Found same ID for more than one rule");
    }
    require_filter(rule);
    require_actions(rule);
  }
  set_configuration(call, bucket.id, kKind, aws::write_json(schema::kBucketLifecycleConfiguration, &wanted));
  set_configuration(call, bucket.id, kMinimumKind, size);
  return {.transition_default_minimum_object_size = size};
}

Nothing delete_bucket_lifecycle(Service&, Call& call, const DeleteBucketLifecycleRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  clear_configuration(call, bucket.id, kKind);
  clear_configuration(call, bucket.id, kMinimumKind);
  return {};
}

}  // namespace holm::s3

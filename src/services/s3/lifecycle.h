// Lifecycle rules: what becomes of objects with time.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "services/s3/versions.h"

namespace holm::aws {
class Region;
}

namespace holm::s3 {

// What a rule counts in. Tests of rules may make it shorter; days begin at midnight UTC, or at its multiples.
using Day = std::chrono::milliseconds;
constexpr Day kDay = std::chrono::hours(24);

// The beginning of the next day.
Time next_day(Time time, Day day);

// What is known of a version beside its row.
struct VersionPlace {
  std::optional<Time> noncurrent_since;  // When the next newer version came; none: it is the current one.
  int64_t newer_noncurrent = 0;          // Versions of the key that are noncurrent as well, and newer.
  bool is_alone = true;                  // There is no other version of the key.
};

struct LifecycleAction {
  enum class Kind {
    Expire,
    Remove,
    Move
  } kind;  // Hide or delete the current version; delete for ever; new class.
  std::string storage_class = {};
};

// What a bucket has to say about time.
struct LifecyclePlan {
  std::vector<LifecycleRule> rules;
  bool archives_small = false;  // Objects below 128 KiB move too, but only to archives.
};

// What is due for a version; nothing: it stays as it is.
std::optional<LifecycleAction> due_action(const LifecyclePlan& plan, const VersionRow& row,
                                          const VersionPlace& place, Time now, Day day);

// The header x-amz-expiration of a current version, in real days; nothing when no rule ends it.
std::optional<std::string> expiration_of(const Settings& settings, const VersionRow& row);

// When a rule ends an unfinished upload of a key; nothing: it does not.
std::optional<Time> abort_time(const LifecycleRule& rule, const std::string& key, Time initiated, Day day);

// When an unfinished upload ends by itself, in real days, and the rule that says so.
struct UploadEnd {
  Time time;
  std::string rule;
};
std::optional<UploadEnd> upload_end_of(sql::Transaction& transaction, int64_t bucket, const std::string& key,
                                       Time initiated);

std::vector<LifecycleRule> find_rules(const Settings& settings);
LifecyclePlan find_plan(sql::Transaction& transaction, int64_t bucket);

// The kind of the job that looks at every bucket with rules, once a day.
inline constexpr char kLifecycleJob[] = "s3.lifecycle";
// Does what is due now. Blocks; many short transactions. It may run twice.
void run_lifecycle(Service& service, aws::Region& region, Time now);

}  // namespace holm::s3

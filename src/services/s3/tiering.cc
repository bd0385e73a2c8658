// Configurations of archive tiers, and when a version is due for one.

#include "services/s3/tiering.h"

#include <algorithm>
#include <set>

#include "aws/codec/json_codec.h"
#include "aws/service/error.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/changes.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/named_configurations.h"
#include "services/s3/service.h"
#include "services/s3/tags.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "tiering";
constexpr std::string_view kArchive = "ARCHIVE_ACCESS";
constexpr std::string_view kDeepArchive = "DEEP_ARCHIVE_ACCESS";
constexpr uint64_t kSmallBytes = 128 * 1024;  // Smaller ones are not watched.
constexpr int32_t kArchiveDaysMin = 90;
constexpr int32_t kDeepArchiveDaysMin = 180;
constexpr int32_t kDaysMax = 730;

IntelligentTieringConfiguration read(const std::string& document) {
  IntelligentTieringConfiguration configuration;
  CHECK(aws::read_json(document, schema::kIntelligentTieringConfiguration, &configuration).has_value());
  return configuration;
}

void require_filter(const std::optional<IntelligentTieringFilter>& filter) {
  if (!filter) return;
  const int parts = (filter->prefix ? 1 : 0) + (filter->tag ? 1 : 0) + (filter->and_ ? 1 : 0);
  const bool is_empty_and = filter->and_ && !filter->and_->prefix && filter->and_->tags.empty();
  if (parts > 1 || is_empty_and) throw aws::MalformedXml();
}

void require_tierings(const std::vector<Tiering>& tierings) {
  if (tierings.empty()) throw aws::MalformedXml();
  std::set<std::string> seen;
  for (const Tiering& each : tierings) {
    const bool is_deep = each.access_tier == kDeepArchive;
    if (!seen.insert(each.access_tier).second) {
      throw_invalid_argument("An access tier may be named only once.");
    }
    if (each.days >= (is_deep ? kDeepArchiveDaysMin : kArchiveDaysMin) && each.days <= kDaysMax) continue;
    throw_invalid_argument(is_deep ? "Days for DEEP_ARCHIVE_ACCESS must be between 180 and 730."
                                    : "Days for ARCHIVE_ACCESS must be between 90 and 730.");
  }
}

bool is_about(const IntelligentTieringConfiguration& configuration, const VersionRow& row) {
  if (!configuration.filter) return true;
  const IntelligentTieringFilter& filter = *configuration.filter;
  const auto& prefix = filter.and_ ? filter.and_->prefix : filter.prefix;
  if (!row.key.starts_with(prefix.value_or(""))) return false;
  std::vector<Tag> wanted;
  if (filter.and_) wanted = filter.and_->tags;
  if (filter.tag) wanted.push_back(*filter.tag);
  if (wanted.empty()) return true;
  const std::vector<Tag> tags = read_tags(row.tags);
  return std::ranges::all_of(wanted, [&tags](const Tag& each) {
    return std::ranges::any_of(
        tags, [&each](const Tag& tag) { return tag.key == each.key && tag.value == each.value; });
  });
}

// From the one that everything is in.
int depth_of(std::string_view tier) { return tier.empty() ? 0 : tier == kArchive ? 1 : 2; }

Time last_use_of(const VersionRow& row) { return std::max(row.used.value_or(row.modified), row.modified); }

}  // namespace

std::optional<std::string> due_tier(const std::vector<IntelligentTieringConfiguration>& configurations,
                                    const VersionRow& row, Time now, Day day) {
  const bool is_watched =
      row.what == What::Object && row.storage_class == kTieredClass && row.bytes >= kSmallBytes;
  // One that is on its way back stays until it is there.
  if (!is_watched || row.restoration.days != 0) return std::nullopt;
  std::string due = row.archive_tier;
  for (const IntelligentTieringConfiguration& configuration : configurations) {
    if (configuration.status != "Enabled" || !is_about(configuration, row)) continue;
    for (const Tiering& each : configuration.tierings) {
      const bool is_unused = last_use_of(row) + each.days * day <= now;
      if (is_unused && depth_of(each.access_tier) > depth_of(due)) due = each.access_tier;
    }
  }
  if (due == row.archive_tier) return std::nullopt;
  return due;
}

bool is_use_kept(const VersionRow& row, Time now, Day day) {
  return row.storage_class != kTieredClass || now < last_use_of(row) + day;
}

async::Task<void> note_use(Service& service, aws::LongCall call, std::string bucket, std::string key,
                           std::string version) {
  std::function<void(Call&, Records&)> write = [&](Call& inner, Records& records) {
    const auto there = find_bucket(inner.transaction, bucket);
    auto row = there ? find_version(records, there->id, key, version) : std::nullopt;
    if (!row) return;
    row->used = inner.now;
    keep_version(records, there->id, *row);
  };
  Subject subject{.bucket = bucket, .key = key};
  co_await change_waiting(service, call, std::move(subject), write);
}

std::vector<IntelligentTieringConfiguration> find_tierings(sql::Transaction& transaction, int64_t bucket) {
  std::vector<IntelligentTieringConfiguration> configurations;
  for (const std::string& document : find_named(transaction, bucket, kKind)) {
    configurations.push_back(read(document));
  }
  return configurations;
}

GetBucketIntelligentTieringConfigurationOutput get_bucket_intelligent_tiering_configuration(
    Service&, Call& call, const GetBucketIntelligentTieringConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.intelligent_tiering_configuration = read(require_named(call, bucket, kKind, request.id))};
}

ListBucketIntelligentTieringConfigurationsOutput list_bucket_intelligent_tiering_configurations(
    Service&, Call& call, const ListBucketIntelligentTieringConfigurationsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const NamedPage page = page_of_named(call, bucket, kKind, request.continuation_token);
  ListBucketIntelligentTieringConfigurationsOutput output{.is_truncated = page.next_token.has_value(),
                                                          .continuation_token = request.continuation_token,
                                                          .next_continuation_token = page.next_token};
  for (const std::string& document : page.documents) {
    output.intelligent_tiering_configuration_list.push_back(read(document));
  }
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketIntelligentTieringConfiguration.html
Nothing put_bucket_intelligent_tiering_configuration(
    Service&, Call& call, const PutBucketIntelligentTieringConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const IntelligentTieringConfiguration& wanted = request.intelligent_tiering_configuration;
  require_filter(wanted.filter);
  require_tierings(wanted.tierings);
  set_named(call, bucket, kKind, request.id, wanted.id,
            aws::write_json(schema::kIntelligentTieringConfiguration, &wanted));
  return {};
}

Nothing delete_bucket_intelligent_tiering_configuration(
    Service&, Call& call, const DeleteBucketIntelligentTieringConfigurationRequest& request) {
  clear_named(call, require_bucket(call, request.bucket), kKind, request.id);
  return {};
}

}  // namespace holm::s3

// Conditional requests.

#include "services/s3/conditions.h"

#include <algorithm>

#include "aws/service/error.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "s3/errors.h"

namespace holm::s3 {

namespace {

std::string_view bare(std::string_view tag) {
  tag = trim(tag);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') return tag.substr(1, tag.size() - 2);
  return tag;
}

bool matches(const std::string& header, const std::string& etag) {
  return std::ranges::any_of(split(header, ','),
                             [&](std::string_view tag) { return trim(tag) == "*" || bare(tag) == etag; });
}

// Headers only know seconds.
bool is_modified_since(const VersionRow& row, Time time) {
  return std::chrono::floor<std::chrono::seconds>(row.modified) >
         std::chrono::floor<std::chrono::seconds>(time);
}

aws::ServiceError failure_of(const std::string& condition) {
  aws::ServiceError error("PreconditionFailed", 412,
                          "At least one of the pre-conditions you specified did not hold");
  error.with("Condition", condition);
  return error;
}

aws::ServiceError two_conditions() {
  aws::ServiceError error("NotImplemented", 501,
                          "A header you provided implies functionality that is not implemented");
  error.with("Header", "If-Match,If-None-Match")
      .with("additionalMessage", "Multiple conditional request headers present in the request");
  return error;
}

[[noreturn]] void fail(const std::string& condition) { throw failure_of(condition); }

// The name of the condition that does not hold; empty when all do.
std::string failed_match(const ReadConditions& conditions, const VersionRow& row) {
  if (conditions.if_match) {
    return matches(*conditions.if_match, row.etag) ? "" : "If-Match";
  }
  if (conditions.if_unmodified_since && is_modified_since(row, *conditions.if_unmodified_since)) {
    return "If-Unmodified-Since";
  }
  return {};
}

std::string failed_change(const ReadConditions& conditions, const VersionRow& row, Time now) {
  if (conditions.if_none_match) {
    return matches(*conditions.if_none_match, row.etag) ? "If-None-Match" : "";
  }
  const auto& since = conditions.if_modified_since;
  if (since && *since <= now && !is_modified_since(row, *since)) return "If-Modified-Since";
  return {};
}

}  // namespace

void require_conditions(const ReadConditions& conditions, const VersionRow& row, Time now) {
  if (auto failed = failed_match(conditions, row); !failed.empty()) fail(failed);
  if (failed_change(conditions, row, now).empty()) return;
  aws::ServiceError error("NotModified", 304, "Not Modified");
  error.headers = {{"ETag", quoted(row.etag)}, {"Last-Modified", http_date(row.modified)}};
  throw error;
}

void require_source_conditions(const ReadConditions& conditions, const VersionRow& row, Time now) {
  std::string failed = failed_match(conditions, row);
  if (failed.empty()) failed = failed_change(conditions, row, now);
  if (!failed.empty()) fail("x-amz-copy-source-" + failed);
}

std::optional<aws::ServiceError> broken_write_condition(Records& records, const BucketRow& bucket,
                                                        const std::string& key,
                                                        const std::optional<std::string>& if_match,
                                                        const std::optional<std::string>& if_none_match) {
  if (!if_match && !if_none_match) return std::nullopt;
  if (if_match && if_none_match) return two_conditions();
  auto current = find_version(records, bucket.id, key, std::nullopt);
  if (current && current->what == What::Marker) current.reset();
  if (if_none_match && current && matches(*if_none_match, current->etag)) return failure_of("If-None-Match");
  if (!if_match) return std::nullopt;
  if (!current) {
    NoSuchKey error("The specified key does not exist.");
    error.with("Key", key);
    return error;
  }
  if (!matches(*if_match, current->etag)) return failure_of("If-Match");
  return std::nullopt;
}

void require_write_conditions(Records& records, const BucketRow& bucket, const std::string& key,
                              const std::optional<std::string>& if_match,
                              const std::optional<std::string>& if_none_match) {
  auto broken = broken_write_condition(records, bucket, key, if_match, if_none_match);
  if (broken) throw *broken;
}

}  // namespace holm::s3

// The lists of a bucket's objects and versions.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/page_token.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "services/s3/buckets.h"
#include "services/s3/listing.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kObjectColumns =
    "key, modified, etag, bytes, storage_class, checksum_algorithm, checksum_type, owner, restore_days,"
    " restored_until";
constexpr std::string_view kVersionColumns =
    "key, modified, etag, bytes, storage_class, checksum_algorithm, checksum_type, version, is_current,"
    " is_marker, id, owner, restore_days, restored_until";

Fetch fetch_objects(Call& call, int64_t bucket) {
  return [&call, bucket](const std::string& from, const std::string& end, size_t count) {
    static const std::string kStart = fmt::format(
        "SELECT {} FROM s3_version WHERE bucket = ?1 AND is_current = 1 AND is_marker = 0 AND key >= ?2",
        kObjectColumns);
    static const std::string kOpen = kStart + " ORDER BY key LIMIT ?3";
    static const std::string kBounded = kStart + " AND key < ?4 ORDER BY key LIMIT ?3";
    const auto limit = static_cast<int64_t>(count);
    if (end.empty()) return call.transaction.run(kOpen, {bucket, from, limit});
    return call.transaction.run(kBounded, {bucket, from, limit, end});
  };
}

// Versions of one key come newest first. A page may end between two of them, so the last one is remembered.
struct VersionPosition {
  std::string key;
  int64_t id = 0;
};

Fetch fetch_versions(Call& call, int64_t bucket, VersionPosition& position) {
  return [&call, bucket, &position](const std::string& from, const std::string& end, size_t count) {
    const bool goes_on = position.id != 0 && from == position.key + '\0';
    const std::string start = goes_on ? position.key : from;
    const std::string text = fmt::format(
        "SELECT {} FROM s3_version WHERE bucket = ?1 AND key >= ?2 AND NOT (key = ?3 AND id >= ?4){}"
        " ORDER BY key, id DESC LIMIT ?5",
        kVersionColumns, end.empty() ? "" : " AND key < ?6");
    std::vector<sql::Value> arguments = {bucket, start, goes_on ? position.key : std::string(),
                                         goes_on ? position.id : int64_t{0}, static_cast<int64_t>(count)};
    if (!end.empty()) arguments.emplace_back(end);
    auto rows = call.transaction.run(text, std::move(arguments));
    if (!rows.empty()) position = {rows.back().text(0), rows.back().integer(10)};
    return rows;
  };
}

// What lists tell of restored objects to those who ask for it.
template <class Request>
std::optional<RestoreStatus> asked_status(const Request& request, const Restoration& restoration, Time now) {
  const auto& asked = request.optional_object_attributes;
  if (std::ranges::find(asked, "RestoreStatus") == asked.end()) return std::nullopt;
  return restore_status(restoration, now);
}

Object object_from(const sql::Row& row, const std::optional<std::string>& encoding) {
  Object object{.key = encoded(row.text(0), encoding),
                .last_modified = from_milliseconds(row.integer(1)),
                .e_tag = quoted(row.text(2)),
                .size = row.integer(3),
                .storage_class = row.text(4)};
  if (!row.text(5).empty()) {
    object.checksum_algorithm = {row.text(5)};
    object.checksum_type = row.text(6);
  }
  return object;
}

std::vector<CommonPrefix> common_prefixes_of(const PageResult& page,
                                             const std::optional<std::string>& encoding) {
  std::vector<CommonPrefix> prefixes;
  for (const std::string& prefix : page.common_prefixes)
    prefixes.push_back({.prefix = encoded(prefix, encoding)});
  return prefixes;
}

// What the answer repeats of the request.
template <class Request, class Output>
void echo(const Request& request, size_t items_max, Output& output) {
  output.name = request.bucket;
  output.prefix = encoded(request.prefix.value_or(""), request.encoding_type);
  if (request.delimiter && !request.delimiter->empty()) {
    output.delimiter = encoded(*request.delimiter, request.encoding_type);
  }
  output.max_keys = static_cast<int32_t>(items_max);
  output.encoding_type = request.encoding_type;
}

template <class Request>
PageRequest page_request(const Request& request) {
  return {.prefix = request.prefix.value_or(""),
          .delimiter = request.delimiter.value_or(""),
          .after = {},
          .items_max = page_size(request.max_keys, "max-keys")};
}

std::string position_of(const ListObjectsV2Request& request) {
  // Once there is a token, it says where the list goes on.
  if (request.continuation_token.value_or("").empty()) return request.start_after.value_or("");
  return require_position(*request.continuation_token);
}

// The id of the version that a list goes on behind.
VersionPosition position_of(Call& call, int64_t bucket, const ListObjectVersionsRequest& request) {
  if (!request.version_id_marker || request.version_id_marker->empty()) return {};
  if (!request.key_marker || request.key_marker->empty()) {
    throw aws::ServiceError("InvalidArgument", 400,
                            "A version-id marker cannot be specified without a key marker.");
  }
  auto row = find_version(call.transaction, bucket, *request.key_marker, request.version_id_marker);
  if (row) return {row->key, row->id};
  if (!is_version_id(*request.version_id_marker))
    throw aws::ServiceError("InvalidArgument", 400, "Invalid version id specified");
  // It was removed since it was listed, and most likely those before it were: what there is of its key comes.
  return {*request.key_marker, std::numeric_limits<int64_t>::max()};
}

// Whose the items of a list are.
class ItemOwners {
 public:
  ItemOwners(Service& service, Call& call, const BucketRow& bucket)
      : owners_(service), bucket_(bucket), ownership_(ownership_of({call.transaction, bucket.id})) {}
  const Owner& of(const std::string& account) {
    const bool is_buckets = account.empty() || ownership_ == Ownership::Enforced;
    return owners_.of(is_buckets ? bucket_.account : account);
  }

 private:
  Owners owners_;
  const BucketRow& bucket_;
  Ownership ownership_;
};

void add_version_item(const sql::Row& row, const Owner& owner, const std::optional<std::string>& encoding,
                      ListObjectVersionsOutput& output) {
  if (row.integer(9) != 0) {
    output.delete_markers.push_back({.owner = owner,
                                     .key = encoded(row.text(0), encoding),
                                     .version_id = row.text(7),
                                     .is_latest = row.integer(8) != 0,
                                     .last_modified = from_milliseconds(row.integer(1))});
    return;
  }
  ObjectVersion version{.e_tag = quoted(row.text(2)),
                        .size = row.integer(3),
                        .storage_class = row.text(4),
                        .key = encoded(row.text(0), encoding),
                        .version_id = row.text(7),
                        .is_latest = row.integer(8) != 0,
                        .last_modified = from_milliseconds(row.integer(1)),
                        .owner = owner};
  if (!row.text(5).empty()) {
    version.checksum_algorithm = {row.text(5)};
    version.checksum_type = row.text(6);
  }
  output.versions.push_back(std::move(version));
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
ListObjectsOutput list_objects(Service& service, Call& call, const ListObjectsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  PageRequest page = page_request(request);
  page.after = request.marker.value_or("");
  ListObjectsOutput output;
  echo(request, page.items_max, output);
  output.marker = encoded(page.after, request.encoding_type);
  ItemOwners owners(service, call, bucket);
  Take take = [&](const sql::Row& row) {
    Object object = object_from(row, request.encoding_type);
    object.owner = owners.of(row.text(7));
    object.restore_status = asked_status(request, restoration_from(row.integer(8), row.integer(9)), call.now);
    output.contents.push_back(std::move(object));
  };
  const PageResult result = read_page(page, fetch_objects(call, bucket.id), take);
  output.common_prefixes = common_prefixes_of(result, request.encoding_type);
  output.is_truncated = result.is_truncated;
  // As AWS: without a delimiter the client uses the last key.
  if (result.is_truncated && !page.delimiter.empty()) {
    output.next_marker = encoded(result.last, request.encoding_type);
  }
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
ListObjectsV2Output list_objects_v2(Service& service, Call& call, const ListObjectsV2Request& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  PageRequest page = page_request(request);
  page.after = position_of(request);
  ListObjectsV2Output output;
  echo(request, page.items_max, output);
  output.continuation_token = request.continuation_token;
  if (request.start_after) output.start_after = encoded(*request.start_after, request.encoding_type);
  ItemOwners owners(service, call, bucket);
  Take take = [&](const sql::Row& row) {
    Object object = object_from(row, request.encoding_type);
    if (request.fetch_owner.value_or(false)) object.owner = owners.of(row.text(7));
    object.restore_status = asked_status(request, restoration_from(row.integer(8), row.integer(9)), call.now);
    output.contents.push_back(std::move(object));
  };
  const PageResult result = read_page(page, fetch_objects(call, bucket.id), take);
  output.common_prefixes = common_prefixes_of(result, request.encoding_type);
  output.key_count = static_cast<int32_t>(output.contents.size() + output.common_prefixes.size());
  output.is_truncated = result.is_truncated;
  if (result.is_truncated) output.next_continuation_token = make_page_token(result.last);
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
ListObjectVersionsOutput list_object_versions(Service& service, Call& call,
                                              const ListObjectVersionsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  PageRequest page = page_request(request);
  page.after = request.key_marker.value_or("");
  VersionPosition position = position_of(call, bucket.id, request);
  ListObjectVersionsOutput output;
  echo(request, page.items_max, output);
  output.key_marker = encoded(page.after, request.encoding_type);
  output.version_id_marker = request.version_id_marker.value_or("");
  ItemOwners owners(service, call, bucket);
  std::string last_version;
  Take take = [&](const sql::Row& row) {
    add_version_item(row, owners.of(row.text(11)), request.encoding_type, output);
    last_version = row.text(7);
    if (row.integer(9) != 0) return;
    output.versions.back().restore_status =
        asked_status(request, restoration_from(row.integer(12), row.integer(13)), call.now);
  };
  const PageResult result = read_page(page, fetch_versions(call, bucket.id, position), take);
  output.common_prefixes = common_prefixes_of(result, request.encoding_type);
  output.is_truncated = result.is_truncated;
  if (!result.is_truncated) return output;
  output.next_key_marker = encoded(result.last, request.encoding_type);
  const bool ends_with_prefix =
      !result.common_prefixes.empty() && result.common_prefixes.back() == result.last;
  if (!ends_with_prefix) output.next_version_id_marker = last_version;
  return output;
}

}  // namespace holm::s3

// The lists of a bucket's objects and versions.

#include <algorithm>
#include <limits>

#include "base/page_token.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "services/s3/buckets.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/listing.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

using Rows = std::vector<VersionRow>;

template <class Row>
std::vector<std::string_view> keys_of(const std::vector<Row>& rows) {
  std::vector<std::string_view> keys;
  keys.reserve(rows.size());
  for (const Row& row : rows) keys.emplace_back(row.key);
  return keys;
}

// What was read last stands in `found`.
Fetch fetch_objects(Records& records, int64_t bucket, Outlines& found) {
  return [&records, bucket, &found](const std::string& from, const std::string& end, size_t count) {
    found = list_current(records, bucket, from, end, count);
    return keys_of(found.rows);
  };
}

// Versions of one key come newest first. A page may end between two of them, so the last one is remembered.
Fetch fetch_versions(Records& records, int64_t bucket, VersionPosition& position, Rows& rows) {
  return [&records, bucket, &position, &rows](const std::string& from, const std::string& end, size_t count) {
    const bool goes_on = position.id != 0 && from == position.key + '\0';
    rows = list_versions(records, bucket, goes_on ? position.key : from,
                         goes_on ? position : VersionPosition{}, end, count);
    if (!rows.empty()) position = {rows.back().key, rows.back().id};
    return keys_of(rows);
  };
}

// What lists tell of restored objects to those who ask for it.
template <class Request>
std::optional<RestoreStatus> asked_status(const Request& request, const Restoration& restoration, Time now) {
  const auto& asked = request.optional_object_attributes;
  if (std::ranges::find(asked, "RestoreStatus") == asked.end()) return std::nullopt;
  return restore_status(restoration, now);
}

Object object_from(const Outline& row, const std::optional<std::string>& encoding) {
  Object object{.key = encoded(row.key, encoding),
                .last_modified = time_text(row.modified),
                .e_tag = quoted(row.etag),
                .size = static_cast<int64_t>(row.bytes),
                .storage_class = std::string(row.storage_class)};
  if (!row.checksum_algorithm.empty()) {
    object.checksum_algorithm.emplace_back(row.checksum_algorithm);
    object.checksum_type = row.checksum_type;
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
  require_encoding(request.encoding_type);
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
VersionPosition position_of(Records& records, int64_t bucket, const ListObjectVersionsRequest& request) {
  if (!request.version_id_marker || request.version_id_marker->empty()) return {};
  if (!request.key_marker || request.key_marker->empty()) {
    throw_invalid_argument("A version-id marker cannot be specified without a key marker.",
                           {"version-id-marker", *request.version_id_marker});
  }
  auto row = find_version(records, bucket, *request.key_marker, request.version_id_marker);
  if (row) return {row->key, row->id};
  if (!is_version_id(*request.version_id_marker))
    throw_invalid_argument("Invalid version id specified",
                           {"version-id-marker", *request.version_id_marker});
  // It was removed since it was listed, and most likely those before it were: what there is of its key comes.
  return {*request.key_marker, std::numeric_limits<int64_t>::max()};
}

// Whose the items of a list are.
class ItemOwners {
 public:
  ItemOwners(Service& service, Call& call, const BucketRow& bucket)
      : owners_(service), bucket_(bucket), ownership_(ownership_of({call.transaction, bucket.id})) {}
  const Owner& of(std::string_view account) {
    const bool is_buckets = account.empty() || ownership_ == Ownership::Enforced;
    return owners_.of(is_buckets ? bucket_.account : std::string(account));
  }

 private:
  Owners owners_;
  const BucketRow& bucket_;
  Ownership ownership_;
};

void add_version_item(const VersionRow& row, const Owner& owner, const std::optional<std::string>& encoding,
                      ListObjectVersionsOutput& output) {
  if (row.what == What::Marker) {
    output.delete_markers.push_back({.owner = owner,
                                     .key = encoded(row.key, encoding),
                                     .version_id = row.version,
                                     .is_latest = row.is_current,
                                     .last_modified = time_text(row.modified)});
    return;
  }
  ObjectVersion version{.e_tag = quoted(row.etag),
                        .size = static_cast<int64_t>(row.bytes),
                        .storage_class = row.storage_class,
                        .key = encoded(row.key, encoding),
                        .version_id = row.version,
                        .is_latest = row.is_current,
                        .last_modified = time_text(row.modified),
                        .owner = owner};
  if (!row.checksum_algorithm.empty()) {
    version.checksum_algorithm = {row.checksum_algorithm};
    version.checksum_type = row.checksum_type;
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
  output.bucket_region = bucket.region;
  output.marker = encoded(page.after, request.encoding_type);
  ItemOwners owners(service, call, bucket);
  Records records(service);
  Outlines found;
  output.contents.reserve(page.delimiter.empty() ? page.items_max : 0);
  Take take = [&](size_t index) {
    const Outline& row = found.rows[index];
    Object object = object_from(row, request.encoding_type);
    object.owner = owners.of(row.owner);
    object.restore_status = asked_status(request, row.restoration, call.now);
    output.contents.push_back(std::move(object));
  };
  const PageResult result = read_page(page, fetch_objects(records, bucket.id, found), take);
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
  output.bucket_region = bucket.region;
  output.continuation_token = request.continuation_token;
  if (request.start_after) output.start_after = encoded(*request.start_after, request.encoding_type);
  ItemOwners owners(service, call, bucket);
  Records records(service);
  Outlines found;
  output.contents.reserve(page.delimiter.empty() ? page.items_max : 0);
  Take take = [&](size_t index) {
    const Outline& row = found.rows[index];
    Object object = object_from(row, request.encoding_type);
    if (request.fetch_owner.value_or(false)) object.owner = owners.of(row.owner);
    object.restore_status = asked_status(request, row.restoration, call.now);
    output.contents.push_back(std::move(object));
  };
  const PageResult result = read_page(page, fetch_objects(records, bucket.id, found), take);
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
  Records records(service);
  Rows rows;
  VersionPosition position = position_of(records, bucket.id, request);
  ListObjectVersionsOutput output;
  echo(request, page.items_max, output);
  output.key_marker = encoded(page.after, request.encoding_type);
  output.version_id_marker = request.version_id_marker.value_or("");
  ItemOwners owners(service, call, bucket);
  std::string last_version;
  Take take = [&](size_t index) {
    const VersionRow& row = rows[index];
    add_version_item(row, owners.of(row.owner), request.encoding_type, output);
    last_version = row.version;
    if (row.what == What::Marker) return;
    output.versions.back().restore_status = asked_status(request, row.restoration, call.now);
  };
  const PageResult result = read_page(page, fetch_versions(records, bucket.id, position, rows), take);
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

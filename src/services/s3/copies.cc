// Copying objects and parts of them.

#include "services/s3/copies.h"

#include <fmt/format.h>

#include "aws/codec/json_codec.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "services/s3/attributes.h"
#include "services/s3/body.h"
#include "services/s3/changes.h"
#include "services/s3/conditions.h"
#include "services/s3/get_object.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/lifecycle.h"
#include "services/s3/listing.h"
#include "services/s3/notifications.h"
#include "services/s3/service.h"
#include "services/s3/short_reads.h"
#include "services/s3/uploads.h"

namespace holm::s3 {

namespace {

template <class Request>
Wanted wanted_source(const Request& request) {
  const CopySource source = require_copy_source(request.copy_source);
  ReadConditions conditions{.if_match = request.copy_source_if_match,
                            .if_none_match = request.copy_source_if_none_match,
                            .if_modified_since = request.copy_source_if_modified_since,
                            .if_unmodified_since = request.copy_source_if_unmodified_since};
  Wanted wanted{.bucket = source.bucket,
                .key = source.key,
                .version = source.version,
                .customer = source_key_of(request),
                .check = {}};
  wanted.check = [conditions](Call& inner, Records&, const VersionRow& row) {
    if (row.bytes > kBodyBytesMax) {
      throw InvalidRequest(
          "The specified copy source is larger than the maximum allowable size for a copy source: "
          "5368709120");
    }
    require_source_conditions(conditions, row, inner.now);
    require_readable(row, inner.now, "Operation is not valid for the source object's storage class");
  };
  return wanted;
}

void require_directive(std::string_view what, const std::optional<std::string>& directive) {
  if (!directive || *directive == "COPY" || *directive == "REPLACE") return;
  throw_invalid_argument(fmt::format("Unknown {} directive.", what),
                         {fmt::format("x-amz-{}-directive", what), directive});
}

// Where visitors are sent is not copied with the rest.
std::string with_redirect(const std::string& attributes, const std::optional<std::string>& redirect) {
  HeadObjectOutput kept;
  CHECK(aws::read_json(attributes, schema::kHeadObjectOutput, &kept).has_value());
  kept.website_redirect_location = redirect_location_of(redirect);
  return aws::write_json(schema::kHeadObjectOutput, &kept);
}

// What the copy is like: as the source, but for what the request replaces.
NewVersion describe(const CopyObjectRequest& request, const Found& source, Time now) {
  const bool replaces = request.metadata_directive.value_or("COPY") == "REPLACE";
  const bool replaces_tags = request.tagging_directive.value_or("COPY") == "REPLACE";
  const CopySource named = require_copy_source(request.copy_source);
  const bool is_itself = named.bucket == request.bucket && named.key == request.key && !named.version;
  const bool encrypts = request.server_side_encryption || request.sse_customer_algorithm;
  // Without a word about it a copy is not encrypted with a key of KMS, and so differs from a source that is.
  const bool changes_key = encrypts || source.row.encryption.is_kms();
  if (is_itself && !replaces && !request.storage_class && !request.website_redirect_location && !changes_key) {
    throw InvalidRequest(
        "This copy request is illegal because it is trying to copy an object to itself without changing the "
        "object's metadata, storage class, website redirect location or encryption attributes.");
  }
  const std::string copied = with_redirect(source.row.attributes, request.website_redirect_location);
  return {.row = {.key = request.key,
                  .storage_class = storage_class_of(request.storage_class),
                  .tags = replaces_tags ? tags_of_header(request.tagging) : source.row.tags,
                  .attributes = replaces ? attributes_of(request) : copied,
                  .lock = lock_of(request, now)}};
}

// The checksum that a copy gets: the one asked for, or the source's kind.
Algorithm algorithm_for(const std::optional<std::string>& asked, const VersionRow& source) {
  if (asked) return require_algorithm(*asked);
  return source.checksum_algorithm.empty() ? Algorithm::Crc64nvme
                                           : require_algorithm(source.checksum_algorithm);
}

std::optional<std::string> told_version(const Found& source) {
  if (source.row.version == "null") return std::nullopt;
  return source.row.version;
}

// Digits only.
std::optional<uint64_t> offset_in(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto number = parse_integer(text);
  return number ? std::optional(static_cast<uint64_t>(*number)) : std::nullopt;
}

// Unlike a Range header, this one is exact.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
void narrow(Found& source, const std::optional<std::string>& header) {
  if (!header) return;
  constexpr std::string_view kUnit = "bytes=";
  const std::string_view spec = std::string_view(*header).substr(header->starts_with(kUnit) ? kUnit.size() : 0);
  const size_t dash = std::min(spec.find('-'), spec.size());
  const auto first = offset_in(spec.substr(0, dash));
  const auto last = offset_in(spec.substr(std::min(dash + 1, spec.size())));
  if (!header->starts_with(kUnit) || !first || !last || *last < *first) {
    throw_invalid_argument(
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and "
        "last are the zero-based offsets of the first and last bytes to copy",
        {"x-amz-copy-source-range", *header});
  }
  if (*last >= source.row.bytes) {
    throw aws::ServiceError(
        "InvalidRange", 416,
        fmt::format("Range specified is not valid for source object of size: {}", source.row.bytes));
  }
  source.extent.first = *first;
  source.extent.bytes = *last - *first + 1;
}

}  // namespace

CopySource require_copy_source(const std::string& header) {
  std::string_view text = header;
  CopySource source;
  constexpr std::string_view kVersion = "?versionId=";
  if (const size_t at = text.rfind(kVersion); at != std::string_view::npos) {
    source.version = std::string(text.substr(at + kVersion.size()));
    text = text.substr(0, at);
  }
  // Written as in a form by many: a plus sign is a space, and one that is meant is %2B.
  auto decoded = percent_decode(text, Plus::Space);
  if (decoded && decoded->starts_with("/")) decoded->erase(0, 1);
  const size_t slash = decoded ? decoded->find('/') : std::string::npos;
  if (decoded && slash == std::string::npos)
    throw_invalid_argument("Invalid copy source object key", {"x-amz-copy-source", "x-amz-copy-source"});
  if (!decoded || slash == 0 || slash + 1 == decoded->size() || !is_utf8(*decoded)) {
    throw_invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  source.bucket = decoded->substr(0, slash);
  source.key = decoded->substr(slash + 1);
  return source;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
// The bytes are read and written again, so the copy stands by itself and has an ETag of its own.
async::Task<CopyObjectOutput> copy_object(Service& service, LongCall call, CopyObjectRequest request) {
  require_key(request.key);
  refuse_lone_part(request.lone_part_number, request.lone_upload_id);
  require_directive("metadata", request.metadata_directive);
  require_directive("tagging", request.tagging_directive);
  Wanted wanted = wanted_source(request);
  const std::unique_ptr<Found> found = co_await find_object(service, call, std::move(wanted));
  Found& source = *found;
  NewVersion version = describe(request, source, call.now);
  const AskedEncryption encryption = asked_encryption(request);
  BodyClaims claims{.algorithm = algorithm_for(request.checksum_algorithm, source.row)};
  aws::Stream stream = open_extent(service, call.reactor, std::move(source.extent));
  Body body = co_await receive(service, call.reactor, std::move(stream), std::move(claims));
  CopyObjectOutput output{.copy_source_version_id = told_version(source)};
  std::function<void(Call&, Records&)> store = [&](Call& inner, Records& records) {
    const BucketRow bucket = require_bucket(inner, request.bucket);
    const Settings settings(inner.transaction, bucket.id);
    require_write_conditions(records, bucket, request.key, request.if_match, request.if_none_match);
    possess(version.row, possession_of(service, inner, bucket, settings, asked_list(request)));
    version.row.lock = lock_in(settings, lock_of(request, inner.now), inner.now);
    version.row.encryption = encryption_in(settings, bucket, request.key, encryption);
    if (!give_body(service, inner, records, encryption.customer, body, version)) return;
    const Change change = add_version(service, inner, records, bucket, version);
    CopyObjectResult result{.e_tag = quoted(version.row.etag),
                            .last_modified = time_text(inner.now),
                            .checksum_type = version.row.checksum_type};
    tell_checksum(result, body.algorithm, version.row.checksum);
    output.copy_object_result = std::move(result);
    if (bucket.versioning != Versioning::Never) output.version_id = change.version;
    version.row.modified = inner.now;
    output.expiration = expiration_of(settings, version.row);
    record_event(service, inner, records, bucket, settings,
                 {.name = "ObjectCreated:Copy",
                  .key = request.key,
                  .bytes = body.bytes,
                  .etag = version.row.etag,
                  .version = change.version,
                  .sequence = change.id});
  };
  Subject subject{.bucket = request.bucket, .key = request.key};
  co_await change_waiting(service, call, std::move(subject), store);
  tell_encryption(version.row.encryption, output);
  co_return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
async::Task<UploadPartCopyOutput> upload_part_copy(Service& service, LongCall call,
                                                   UploadPartCopyRequest request) {
  require_part_number(request.part_number);
  UploadRow upload;
  std::function<void(Call&)> look = [&](Call& inner) {
    Records records(service);
    upload = require_upload(records, require_bucket(inner, request.bucket), request.key, request.upload_id);
  };
  co_await look_up(service, call, look);
  const auto customer = part_key(customer_key_of(request), upload);
  Wanted wanted = wanted_source(request);
  // A source in several parts may be larger than one part may be; the range says how much of it is meant.
  if (request.copy_source_range)
    wanted.check = [check = wanted.check](Call& inner, Records& records, const VersionRow& row) {
      VersionRow narrowed = row;
      narrowed.bytes = 0;
      check(inner, records, narrowed);
    };
  const std::unique_ptr<Found> found = co_await find_object(service, call, std::move(wanted));
  Found& source = *found;
  narrow(source, request.copy_source_range);
  BodyClaims claims{.algorithm = upload.algorithm};
  aws::Stream stream = open_extent(service, call.reactor, std::move(source.extent));
  Body body = co_await receive(service, call.reactor, std::move(stream), std::move(claims));
  hide_md5(service, upload, body);
  CopyPartResult result{.e_tag = quoted(hex_encode(body.md5))};
  if (upload.is_checksum_asked) tell_checksum(result, body.algorithm, base64_encode(body.checksum));
  std::function<void(Call&, Records&)> store = [&](Call& inner, Records& records) {
    require_upload(records, require_bucket(inner, request.bucket), request.key, request.upload_id);
    store_part(service, inner, records, upload, customer, request.part_number, body);
    result.last_modified = time_text(inner.now);
  };
  Subject subject{.bucket = request.bucket};
  co_await change_waiting(service, call, std::move(subject), store);
  UploadPartCopyOutput output{.copy_source_version_id = told_version(source),
                              .copy_part_result = std::move(result)};
  tell_encryption(upload.encryption, output);
  co_return output;
}

}  // namespace holm::s3

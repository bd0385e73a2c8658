// Reading objects and what is known about them.

#include "services/s3/get_object.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/attributes.h"
#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/lifecycle.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/short_reads.h"
#include "services/s3/tags.h"
#include "services/s3/tiering.h"
#include "services/s3/uploads.h"

namespace holm::s3 {

namespace {

constexpr int kAttemptsMax = 5;
constexpr int32_t kPartialContent = 206;

[[noreturn]] void throw_invalid_range(const std::string& header, uint64_t object_bytes) {
  aws::ServiceError error("InvalidRange", 416, "The requested range is not satisfiable");
  error.with("RangeRequested", header).with("ActualObjectSize", std::to_string(object_bytes));
  error.headers = {{"Content-Range", fmt::format("bytes */{}", object_bytes)}};
  throw error;
}

std::optional<uint64_t> number_in(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  auto number = parse_integer(text);
  // A number that is too large for us is larger than any object.
  return number ? static_cast<uint64_t>(*number) : ~uint64_t{0};
}

// The bytes of one part, or of the whole object that was not uploaded in parts.
ByteRange part_range(Records& records, const VersionRow& row, int32_t number) {
  if (number > std::max<int64_t>(row.part_count, 1)) {
    aws::ServiceError error("InvalidPartNumber", 416, "The requested partnumber is not satisfiable");
    error.with("PartNumberRequested", std::to_string(number))
        .with("ActualPartCount", std::to_string(std::max<int64_t>(row.part_count, 1)));
    throw error;
  }
  if (row.part_count == 0) return {0, row.bytes};
  ByteRange range;
  const std::vector<Piece> pieces = pieces_of(records, row);
  for (size_t i = 0; i < static_cast<size_t>(number) && i < pieces.size(); ++i) {
    range.first += range.bytes;
    range.bytes = pieces[i].bytes;
  }
  return range;
}

// Which bytes a request is about; nothing when it is about all.
template <class Request>
std::optional<ByteRange> wanted_range(Records& records, const Request& request, const VersionRow& row) {
  if (request.range && request.part_number) {
    throw InvalidRequest("Cannot specify both Range header and partNumber query parameter");
  }
  if (request.part_number) return part_range(records, row, *request.part_number);
  return find_range(request.range, row.bytes);
}

// Of the part that a request is about.
template <class Request>
std::optional<std::string> checksum_of_part(Records& records, const Request& request, const VersionRow& row) {
  if (!request.part_number || row.part_count == 0) return std::nullopt;
  const std::vector<Piece> pieces = pieces_of(records, row);
  const auto index = static_cast<size_t>(*request.part_number - 1);
  if (index >= pieces.size()) return std::nullopt;
  return pieces[index].checksum;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
// What is asked of a new object makes no sense of one that is read.
template <class Request>
void refuse_encryption(const Request& request) {
  if (!request.server_side_encryption) return;
  throw_invalid_argument("x-amz-server-side-encryption header is not supported for this operation.");
}

template <class Request>
ReadConditions conditions_of(const Request& request) {
  return {.if_match = request.if_match,
          .if_none_match = request.if_none_match,
          .if_modified_since = request.if_modified_since,
          .if_unmodified_since = request.if_unmodified_since};
}

// The headers that a presigned link may choose.
template <class Request, class Output>
void override_headers(const aws::Principal& principal, const Request& request, Output& output) {
  const bool any = request.response_cache_control || request.response_content_disposition ||
                   request.response_content_encoding || request.response_content_language ||
                   request.response_content_type || request.response_expires;
  if (!any) return;
  if (principal.kind == aws::Principal::Kind::Anonymous) {
    throw InvalidRequest("Request specific response headers cannot be used for anonymous GET requests.");
  }
  if (request.response_cache_control) output.cache_control = request.response_cache_control;
  if (request.response_content_disposition) output.content_disposition = request.response_content_disposition;
  if (request.response_content_encoding) output.content_encoding = request.response_content_encoding;
  if (request.response_content_language) output.content_language = request.response_content_language;
  if (request.response_content_type) output.content_type = request.response_content_type;
  if (request.response_expires) output.expires = request.response_expires;
}

// Everything but the bytes. GetObjectOutput has the same members.
template <class Request, class Output>
void describe(const Request& request, const BucketRow& bucket, const VersionRow& row,
              const std::optional<ByteRange>& range, const std::optional<std::string>& part_checksum,
              Output& output) {
  output.accept_ranges = "bytes";
  output.last_modified = row.modified;
  output.e_tag = quoted(row.etag);
  output.content_length = static_cast<int64_t>(row.bytes);
  if (row.storage_class != "STANDARD") output.storage_class = row.storage_class;
  if (bucket.versioning != Versioning::Never) output.version_id = row.version;
  if (!row.replication.empty()) output.replication_status = row.replication;
  tell_lock(row.lock, output);
  tell_encryption(row.encryption, output);
  if (!row.tags.empty()) output.tag_count = static_cast<int32_t>(read_tags(row.tags).size());
  if (range) {
    output.status_code = kPartialContent;
    output.content_length = static_cast<int64_t>(range->bytes);
    output.content_range =
        fmt::format("bytes {}-{}/{}", range->first, range->first + range->bytes - 1, row.bytes);
    if (range->bytes == 0) output.content_range.reset();
  }
  if (request.part_number && row.part_count > 0) output.parts_count = static_cast<int32_t>(row.part_count);
  // The checksum of the whole says nothing about a range of it; a part has its own.
  const bool is_whole = !range || range->bytes == row.bytes;
  const std::string checksum = part_checksum.value_or(is_whole ? row.checksum : std::string());
  if (to_lower(request.checksum_mode.value_or("")) == "enabled" && !checksum.empty()) {
    tell_checksum(output, require_algorithm(row.checksum_algorithm), checksum);
    output.checksum_type = row.checksum_type;
  }
}

}  // namespace

std::optional<ByteRange> find_range(const std::optional<std::string>& header, uint64_t object_bytes) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header || !header->starts_with(kUnit)) return std::nullopt;
  const std::string_view spec = std::string_view(*header).substr(kUnit.size());
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return std::nullopt;
  const auto first = number_in(spec.substr(0, dash));
  const auto last = number_in(spec.substr(dash + 1));
  if (!first) {
    if (!last || dash != 0) return std::nullopt;
    if (*last == 0 || object_bytes == 0) throw_invalid_range(*header, object_bytes);
    const uint64_t bytes = std::min(*last, object_bytes);
    return ByteRange{object_bytes - bytes, bytes};
  }
  if (!last && dash + 1 != spec.size()) return std::nullopt;
  if (last && *last < *first) return std::nullopt;
  if (*first >= object_bytes) throw_invalid_range(*header, object_bytes);
  const uint64_t end = last ? std::min(*last, object_bytes - 1) : object_bytes - 1;
  return ByteRange{*first, end - *first + 1};
}

async::Task<std::unique_ptr<Found>> find_object(Service& service, LongCall& call, Wanted wanted) {
  std::unique_ptr<Found> found;
  std::string problem;
  std::function<void(Call&)> look = [&](Call& inner) {
    auto one = std::make_unique<Found>();
    one->bucket = require_bucket(inner, wanted.bucket);
    Records records(service);
    one->row = require_version(records, one->bucket, wanted.key, wanted.version);
    wanted.check(inner, records, one->row);
    require_customer_key_for(one->row.encryption, wanted.customer);
    // As AWS: whoever names the version is not told when it ends.
    if (!wanted.version) one->expiration = expiration_of({inner.transaction, one->bucket.id}, one->row);
    auto extent = lease_extent(service, inner, records, one->row, wanted.customer);
    if (!extent) {
      problem = extent.error().message;
      return;
    }
    one->extent = std::move(*extent);
    one->extent.name = one->bucket.name + "/" + one->row.key;
    found = std::move(one);
  };
  for (int attempt = 0; attempt < kAttemptsMax && !found; ++attempt) {
    co_await look_up(service, call, look);
  }
  if (!found) {
    log::error(fmt::format("The object {}/{} cannot be read. {}", wanted.bucket, wanted.key, problem));
    throw_unreadable();
  }
  if (!is_use_kept(found->row, call.now, service.day())) {
    co_await note_use(service, call, wanted.bucket, wanted.key, found->row.version);
  }
  co_return found;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
// What is wrong with the request is said before it is known whether there is such an object.
async::Task<GetObjectOutput> get_object(Service& service, LongCall call, GetObjectRequest request) {
  if (request.versions) throw InvalidRequest("There is no such thing as the ?versions sub-resource for a key");
  if (request.uploads) throw InvalidRequest("Key is not expected for the GET method ?uploads subresource");
  refuse_encryption(request);
  if (request.part_number) require_part_number(*request.part_number);
  std::optional<ByteRange> range;
  std::optional<std::string> part_checksum;
  Wanted wanted{.bucket = request.bucket,
                .key = request.key,
                .version = request.version_id,
                .customer = customer_key_of(request),
                .check = {}};
  wanted.check = [&](Call& inner, Records& records, const VersionRow& row) {
    require_conditions(conditions_of(request), row, inner.now);
    require_readable(row, inner.now, "The operation is not valid for the object's storage class");
    range = wanted_range(records, request, row);
    part_checksum = checksum_of_part(records, request, row);
  };
  const std::unique_ptr<Found> found = co_await find_object(service, call, std::move(wanted));
  GetObjectOutput output;
  read_attributes(found->row.attributes, schema::kGetObjectOutput, output);
  describe(request, found->bucket, found->row, range, part_checksum, output);
  output.expiration = std::move(found->expiration);
  output.restore = restore_header(found->row.restoration, call.now);
  override_headers(call.principal, request, output);
  if (range) {
    found->extent.first = range->first;
    found->extent.bytes = range->bytes;
  }
  output.body = co_await begin_extent(service, call.reactor, std::move(found->extent));
  co_return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
HeadObjectOutput head_object(Service& service, Call& call, const HeadObjectRequest& request) {
  refuse_encryption(request);
  if (request.part_number) require_part_number(*request.part_number);
  const BucketRow bucket = require_bucket(call, request.bucket);
  Records records(service);
  const VersionRow row = require_version(records, bucket, request.key, request.version_id);
  require_conditions(conditions_of(request), row, call.now);
  require_customer_key_for(row.encryption, customer_key_of(request));
  HeadObjectOutput output;
  read_attributes(row.attributes, schema::kHeadObjectOutput, output);
  describe(request, bucket, row, wanted_range(records, request, row), checksum_of_part(records, request, row),
           output);
  if (!request.version_id) output.expiration = expiration_of({call.transaction, bucket.id}, row);
  output.restore = restore_header(row.restoration, call.now);
  if (!row.archive_tier.empty()) output.archive_status = row.archive_tier;
  override_headers(call.principal, request, output);
  return output;
}

}  // namespace holm::s3

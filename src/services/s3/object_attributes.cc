// GetObjectAttributes: what is known about an object, its parts and checksums in one answer.

#include <algorithm>

#include "s3/handlers.h"
#include "services/s3/checksums.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr int32_t kPartsPage = 1000;

bool asks_for(const GetObjectAttributesRequest& request, std::string_view name) {
  return std::ranges::find(request.object_attributes, name) != request.object_attributes.end();
}

GetObjectAttributesParts parts_of(Records& records, const GetObjectAttributesRequest& request,
                                  const VersionRow& row) {
  const auto count = static_cast<size_t>(std::clamp(request.max_parts.value_or(kPartsPage), 0, kPartsPage));
  const int32_t marker = request.part_number_marker.value_or(0);
  GetObjectAttributesParts parts{.total_parts_count = static_cast<int32_t>(row.part_count),
                                 .part_number_marker = marker,
                                 .next_part_number_marker = 0,
                                 .max_parts = static_cast<int32_t>(count),
                                 .is_truncated = false};
  for (const Piece& piece : pieces_of(records, row)) {
    if (piece.number <= marker) continue;
    if (parts.parts.size() == count) {
      parts.is_truncated = true;
      break;
    }
    ObjectPart part{.part_number = piece.number, .size = static_cast<int64_t>(piece.bytes)};
    tell_checksum(part, require_algorithm(row.checksum_algorithm), piece.checksum);
    parts.next_part_number_marker = piece.number;
    parts.parts.push_back(std::move(part));
  }
  return parts;
}

void require_attributes(const std::vector<std::string>& names) {
  if (names.empty()) {
    throw InvalidRequest(
        "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or "
        "empty");
  }
  constexpr std::string_view kNames[] = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"};
  for (const std::string& name : names) {
    if (std::ranges::find(kNames, name) != std::end(kNames)) continue;
    throw_invalid_argument("Invalid attribute name specified.");
  }
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
GetObjectAttributesOutput get_object_attributes(Service& service, Call& call,
                                                const GetObjectAttributesRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_attributes(request.object_attributes);
  Records records(service);
  const VersionRow row = require_version(records, bucket, request.key, request.version_id);
  require_customer_key_for(row.encryption, customer_key_of(request));
  GetObjectAttributesOutput output{.last_modified = row.modified};
  if (bucket.versioning != Versioning::Never) output.version_id = row.version;
  if (asks_for(request, "ETag")) output.e_tag = row.etag;
  if (asks_for(request, "StorageClass")) output.storage_class = row.storage_class;
  if (asks_for(request, "ObjectSize")) output.object_size = static_cast<int64_t>(row.bytes);
  if (asks_for(request, "ObjectParts") && row.part_count > 0)
    output.object_parts = parts_of(records, request, row);
  if (asks_for(request, "Checksum") && !row.checksum.empty()) {
    Checksum checksum{.checksum_type = row.checksum_type};
    tell_checksum(checksum, require_algorithm(row.checksum_algorithm), row.checksum);
    output.checksum = std::move(checksum);
  }
  return output;
}

}  // namespace holm::s3

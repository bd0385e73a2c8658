// Multipart uploads: beginning one, its parts, ending it without an object, listing.

#include "services/s3/uploads.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "s3/handlers.h"
#include "services/s3/attributes.h"
#include "services/s3/changes.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/lifecycle.h"
#include "services/s3/listing.h"
#include "services/s3/record_codec.h"
#include "services/s3/record_keys.h"
#include "services/s3/sealed_bytes.h"
#include "services/s3/service.h"
#include "services/s3/short_reads.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr size_t kUploadIdCharacters = 64;

struct ChecksumPlan {
  Algorithm algorithm = Algorithm::Crc64nvme;
  std::string type = "FULL_OBJECT";
};

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html#Full-object-checksums
ChecksumPlan plan_checksum(const CreateMultipartUploadRequest& request) {
  if (!request.checksum_algorithm) {
    if (request.checksum_type) {
      throw InvalidRequest(
          "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    }
    return {};
  }
  const Algorithm algorithm = require_algorithm(*request.checksum_algorithm);
  const std::string type = require_checksum_type(
      request.checksum_type.value_or(std::string(default_checksum_type(algorithm))));
  const bool fits = type == "FULL_OBJECT" ? is_crc(algorithm) : algorithm != Algorithm::Crc64nvme;
  if (!fits) {
    throw InvalidRequest(fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                                     type, to_lower(name_of(algorithm))));
  }
  return {algorithm, type};
}

Part part_from(const PartRow& row, const UploadRow& upload) {
  Part part{.part_number = row.number,
            .last_modified = time_text(row.modified),
            .e_tag = quoted(row.md5),
            .size = static_cast<int64_t>(row.bytes)};
  if (upload.is_checksum_asked) tell_checksum(part, upload.algorithm, row.checksum);
  return part;
}

std::string upload_owner(const std::string& owner, const BucketRow& bucket) {
  return owner.empty() ? bucket.account : owner;
}

// An account is told by its canonical id, a user or role by its ARN. What nobody signed is the bucket
// owner's.
Initiator initiator_of(const std::string& arn, const BucketRow& bucket, Owners& owners) {
  if (!arn.empty() && !arn.ends_with(":root"))
    return {.id = arn, .display_name = arn.substr(arn.rfind('/') + 1)};
  const auto parts = split(arn, ':');
  const Owner& owner = owners.of(parts.size() > 4 ? std::string(parts[4]) : bucket.account);
  return {.id = owner.id, .display_name = owner.display_name};
}

// Uploads of one key are listed in the order in which they were begun, which is that of their ids.
std::string new_upload_id(Service& service, Time now) {
  const std::string begun = fmt::format("{:012X}", to_milliseconds(now));
  return begun + service.random().alphanumeric(kUploadIdCharacters - begun.size());
}

template <class Output>
void tell_end(Call& call, const BucketRow& bucket, const std::string& key, Time initiated, Output& output) {
  const auto end = upload_end_of(call.transaction, bucket.id, key, initiated);
  if (!end) return;
  output.abort_date = end->time;
  output.abort_rule_id = end->rule;
}

}  // namespace

void require_part_number(int32_t number) {
  if (number >= 1 && number <= kPartsMax) return;
  throw_invalid_argument("Part number must be an integer between 1 and 10000, inclusive",
                         {"partNumber", std::to_string(number)});
}

void refuse_lone_part(const std::optional<std::string>& number, const std::optional<std::string>& upload) {
  if (number) {
    throw_invalid_argument("This operation does not accept partNumber without uploadId",
                           {"partNumber", *number});
  }
  if (!upload) return;
  aws::ServiceError error("MethodNotAllowed", 405,
                          "The specified method is not allowed against this resource.");
  error.with("Method", "PUT").with("ResourceType", "UPLOAD");
  error.headers = {{"Allow", "DELETE, POST, GET"}};
  throw error;
}

std::optional<CustomerKey> part_key(std::optional<CustomerKey> given, const UploadRow& upload) {
  // The same sentence where the key is missing and where it is one too many.
  if (upload.encryption.is_customer() != given.has_value()) {
    throw InvalidRequest(
        "The multipart upload initiate requested encryption. Subsequent part requests must include the "
        "appropriate encryption parameters.");
  }
  if (given && given->md5 != upload.encryption.customer_md5) {
    throw InvalidRequest("The provided encryption parameters did not match the ones used originally.");
  }
  return given;
}

void hide_md5(Service& service, const UploadRow& upload, Body& body) {
  if (!upload.encryption.hides_md5()) return;
  // Sending a part again gives the same ETag, which says nothing outside its upload.
  const auto hidden = crypto::hmac_sha256(service.key(), "part of " + upload.id + body.md5);
  body.md5 = std::string(crypto::bytes_of(hidden).substr(0, body.md5.size()));
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
CreateMultipartUploadOutput create_multipart_upload(Service& service, Call& call,
                                                    const CreateMultipartUploadRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  require_key(request.key);
  const ChecksumPlan plan = plan_checksum(request);
  const std::string id = new_upload_id(service, call.now);
  const Settings settings(call.transaction, bucket.id);
  const Possession possession = possession_of(service, call, bucket, settings, asked_list(request));
  const AskedEncryption asked = asked_encryption(request);
  Encryption encryption = encryption_in(settings, bucket, request.key, asked);
  // Whoever may not use the key is told so now, and the key's ARN is known from now on.
  (void)seal_data_key(service, call, encryption, asked.customer, make_data_key(service.random()));
  // The bucket's default begins when the object is complete.
  const Lock lock = lock_of(request, call.now);
  lock_in(settings, lock, call.now);
  const UploadRow upload{.id = id,
                         .bucket = bucket.id,
                         .key = request.key,
                         .initiated = call.now,
                         .storage_class = storage_class_of(request.storage_class),
                         .algorithm = plan.algorithm,
                         .checksum_type = plan.type,
                         .is_checksum_asked = request.checksum_algorithm.has_value(),
                         .tags = tags_of_header(request.tagging),
                         .attributes = attributes_of(request),
                         .lock = lock,
                         .possession = possession,
                         .encryption = encryption,
                         .initiator = call.principal.arn};
  change(service, call, [&](Records& records) {
    records.put(upload_key(id), encode_upload(upload));
    records.put(upload_place_key(bucket.id, request.key, id), "");
  });
  CreateMultipartUploadOutput output{.bucket = request.bucket, .key = request.key, .upload_id = id};
  tell_end(call, bucket, request.key, call.now, output);
  tell_encryption(encryption, output);
  if (request.checksum_algorithm) {
    output.checksum_algorithm = name_of(plan.algorithm);
    output.checksum_type = plan.type;
  }
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
async::Task<UploadPartOutput> upload_part(Service& service, LongCall call, UploadPartRequest request) {
  require_part_number(request.part_number);
  UploadRow upload;
  std::function<void(Call&)> look = [&](Call& inner) {
    Records records(service);
    upload = require_upload(records, require_bucket(inner, request.bucket), request.key, request.upload_id);
  };
  co_await look_up(service, call, look);
  const auto customer = part_key(customer_key_of(request), upload);
  BodyClaims claims{.content_md5 = request.content_md5,
                    .checksum = told_checksum(request),
                    .algorithm_name = request.checksum_algorithm,
                    .algorithm = upload.algorithm};
  Body body = co_await receive(service, call.reactor, std::move(request.body), std::move(claims));
  // An upload that was begun without an algorithm takes any, and has one of its own besides.
  if (body.told && upload.is_checksum_asked) {
    throw InvalidRequest(
        fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                    to_lower(name_of(upload.algorithm)), to_lower(name_of(body.told->algorithm))));
  }
  std::function<void(Call&, Records&)> store = [&](Call& inner, Records& records) {
    // It may have been completed or aborted while the body came.
    require_upload(records, require_bucket(inner, request.bucket), request.key, request.upload_id);
    store_part(service, inner, records, upload, customer, request.part_number, body);
  };
  hide_md5(service, upload, body);
  Subject subject{.bucket = request.bucket};
  co_await change_waiting(service, call, std::move(subject), store);
  UploadPartOutput output{.e_tag = quoted(hex_encode(body.md5))};
  const ToldChecksum told = body.told.value_or(ToldChecksum{body.algorithm, base64_encode(body.checksum)});
  tell_checksum(output, told.algorithm, told.value);
  tell_encryption(upload.encryption, output);
  co_return output;
}

AbortMultipartUploadOutput abort_multipart_upload(Service& service, Call& call,
                                                  const AbortMultipartUploadRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  change(service, call, [&](Records& records) {
    close_upload(records, require_upload(records, bucket, request.key, request.upload_id));
  });
  remove_parts(service, call, request.upload_id);
  return {};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
ListPartsOutput list_parts(Service& service, Call& call, const ListPartsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  Records records(service);
  const UploadRow upload = require_upload(records, bucket, request.key, request.upload_id);
  const auto count = static_cast<int32_t>(page_size(request.max_parts, "max-parts"));
  Owners owners(service);
  ListPartsOutput output{.bucket = bucket.name,
                         .key = upload.key,
                         .upload_id = upload.id,
                         .part_number_marker = request.part_number_marker.value_or(0),
                         .max_parts = count,
                         .is_truncated = false,
                         .initiator = initiator_of(upload.initiator, bucket, owners),
                         .owner = owners.of(upload_owner(upload.possession.owner, bucket)),
                         .storage_class = upload.storage_class};
  tell_end(call, bucket, upload.key, upload.initiated, output);
  for (const PartRow& row : list_parts(records, upload.id, output.part_number_marker.value_or(0),
                                       static_cast<size_t>(count) + 1)) {
    if (output.parts.size() == static_cast<size_t>(count)) {
      output.is_truncated = count > 0;
      break;
    }
    output.parts.push_back(part_from(row, upload));
  }
  output.next_part_number_marker = output.parts.empty() ? 0 : output.parts.back().part_number;
  if (upload.is_checksum_asked) {
    output.checksum_algorithm = name_of(upload.algorithm);
    output.checksum_type = upload.checksum_type;
  }
  return output;
}

namespace {

// Uploads of one key are in the order of their ids. A page may end between two of them. What was read last
// stands in `rows`.
Fetch fetch_uploads(Records& records, int64_t bucket, UploadPosition& position,
                    std::vector<UploadRow>& rows) {
  return [&records, bucket, &position, &rows](const std::string& from, const std::string& end, size_t count) {
    const bool goes_on = !position.id.empty() && from == position.key + '\0';
    rows =
        list_uploads(records, bucket, goes_on ? position.key : from, goes_on ? position.id : "", end, count);
    if (!rows.empty()) position = {rows.back().key, rows.back().id};
    std::vector<std::string_view> keys;
    for (const UploadRow& row : rows) keys.emplace_back(row.key);
    return keys;
  };
}

// The marker of an upload counts only with that of its key.
UploadPosition position_of(Records& records, int64_t bucket, const ListMultipartUploadsRequest& request) {
  const std::string key = request.key_marker.value_or("");
  if (key.empty()) return {};
  const std::string id = request.upload_id_marker.value_or("");
  // One that ended since it was listed is still a place in the list.
  const auto upload = find_upload(records, id);
  if (upload && (upload->bucket != bucket || upload->key != key))
    throw_invalid_argument("Invalid uploadId marker", {"upload-id-marker", id});
  return {key, id};
}

MultipartUpload upload_item(const UploadRow& row, const BucketRow& bucket, Owners& owners,
                            const std::optional<std::string>& encoding) {
  MultipartUpload upload{.upload_id = row.id,
                         .key = encoded(row.key, encoding),
                         .initiated = time_text(row.initiated),
                         .storage_class = row.storage_class,
                         .owner = owners.of(upload_owner(row.possession.owner, bucket)),
                         .initiator = initiator_of(row.initiator, bucket, owners)};
  if (row.is_checksum_asked) {
    upload.checksum_algorithm = name_of(row.algorithm);
    upload.checksum_type = row.checksum_type;
  }
  return upload;
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
ListMultipartUploadsOutput list_multipart_uploads(Service& service, Call& call,
                                                  const ListMultipartUploadsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const PageRequest page{.prefix = request.prefix.value_or(""),
                         .delimiter = request.delimiter.value_or(""),
                         .after = request.key_marker.value_or(""),
                         .items_max = page_size(request.max_uploads, "max-uploads")};
  require_encoding(request.encoding_type);
  Records records(service);
  const UploadPosition begin = position_of(records, bucket.id, request);
  UploadPosition position = begin;
  ListMultipartUploadsOutput output{.bucket = bucket.name,
                                    .key_marker = encoded(page.after, request.encoding_type),
                                    .upload_id_marker = begin.id,
                                    .max_uploads = static_cast<int32_t>(page.items_max),
                                    .encoding_type = request.encoding_type};
  if (request.prefix) output.prefix = encoded(page.prefix, request.encoding_type);
  if (!page.delimiter.empty()) output.delimiter = encoded(page.delimiter, request.encoding_type);
  Owners owners(service);
  std::vector<UploadRow> rows;
  Take take = [&](size_t index) {
    output.uploads.push_back(upload_item(rows[index], bucket, owners, request.encoding_type));
  };
  const PageResult result = read_page(page, fetch_uploads(records, bucket.id, position, rows), take);
  for (const std::string& prefix : result.common_prefixes) {
    output.common_prefixes.push_back({.prefix = encoded(prefix, request.encoding_type)});
  }
  output.is_truncated = result.is_truncated;
  // As AWS: the last upload is told at the end, too. A page that ends with a common prefix goes on behind that.
  const bool ends_with_upload =
      !output.uploads.empty() && *output.uploads.back().key == encoded(result.last, request.encoding_type);
  const bool is_told = result.is_truncated || ends_with_upload;
  output.next_key_marker = is_told ? encoded(result.last, request.encoding_type) : "";
  output.next_upload_id_marker = ends_with_upload ? output.uploads.back().upload_id : "";
  return output;
}

}  // namespace holm::s3

// Making an object of the parts of an upload.

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "aws/service/malformed_xml.h"
#include "s3/handlers.h"
#include "services/s3/changes.h"
#include "services/s3/conditions.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
#include "services/s3/record_keys.h"
#include "services/s3/service.h"
#include "services/s3/uploads.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr uint64_t kPartBytesMin = uint64_t{5} << 20;  // Of all parts but the last.

struct StoredPart {
  Piece piece;
  std::string md5;  // 16 bytes.
};

std::string bare(const std::string& etag) {
  std::string_view text = trim(etag);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return to_lower(text);
}

[[noreturn]] void throw_invalid_part(const UploadRow& upload, const CompletedPart& part) {
  aws::ServiceError error(
      "InvalidPart", 400,
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
      "specified entity tag may not match the part's entity tag.");
  error.with("UploadId", upload.id)
      .with("PartNumber", std::to_string(part.part_number.value_or(0)))
      .with("ETag", bare(part.e_tag.value_or("")));
  throw error;
}

// Where an algorithm was asked for, no other is taken.
void require_kind(const UploadRow& upload, const CompletedPart& part, const std::optional<ToldChecksum>& told) {
  if (!told || told->algorithm == upload.algorithm) return;
  throw aws::ServiceError("BadDigest", 400,
                          fmt::format("The {} you specified for part {} did not match what we received.",
                                      to_lower(name_of(told->algorithm)), part.part_number.value_or(0)));
}

StoredPart require_part(Records& records, const UploadRow& upload, const CompletedPart& wanted) {
  const auto row = find_part(records, upload.id, wanted.part_number.value_or(0));
  if (!row || bare(wanted.e_tag.value_or("")) != row->md5) throw_invalid_part(upload, wanted);
  const auto told = told_checksum(wanted);
  if (upload.is_checksum_asked) require_kind(upload, wanted, told);
  // Where no algorithm was asked for, clients repeat what they sent with each part; that was checked then.
  const bool is_known = told && (upload.is_checksum_asked || told->algorithm == upload.algorithm);
  if (is_known && (told->algorithm != upload.algorithm || told->value != row->checksum))
    throw_invalid_part(upload, wanted);
  return {.piece = {.number = row->number,
                    .bytes = row->bytes,
                    .checksum = row->checksum,
                    .blob = row->blob,
                    .body = row->body,
                    .sealed_key = row->sealed_key},
          .md5 = hex_decode(row->md5).value()};
}

std::vector<StoredPart> require_parts(Records& records, const UploadRow& upload,
                                      const CompleteMultipartUploadRequest& request) {
  if (!request.multipart_upload || request.multipart_upload->parts.empty()) {
    throw aws::MalformedXml();
  }
  const std::vector<CompletedPart>& wanted = request.multipart_upload->parts;
  std::vector<StoredPart> parts;
  for (const CompletedPart& part : wanted) {
    if (!part.part_number || !part.e_tag) {
      throw aws::MalformedXml();
    }
    require_part_number(part.part_number.value_or(0));
    if (!parts.empty() && parts.back().piece.number >= *part.part_number) {
      aws::ServiceError error(
          "InvalidPartOrder", 400,
          "The list of parts was not in ascending order. Parts must be ordered by part number.");
      error.with("UploadId", upload.id);
      throw error;
    }
    if (!parts.empty() && parts.back().piece.bytes < kPartBytesMin) {
      aws::ServiceError error("EntityTooSmall", 400,
                              "Your proposed upload is smaller than the minimum allowed size");
      error.with("ProposedSize", std::to_string(parts.back().piece.bytes))
          .with("MinSizeAllowed", std::to_string(kPartBytesMin))
          .with("PartNumber", std::to_string(parts.back().piece.number));
      throw error;
    }
    parts.push_back(require_part(records, upload, part));
  }
  return parts;
}

// Of the whole, from those of the parts: no byte is read again.
std::string checksum_of(const UploadRow& upload, const std::vector<StoredPart>& parts) {
  if (upload.checksum_type == "COMPOSITE") {
    Digest digest(upload.algorithm);
    for (const StoredPart& part : parts) digest.update(base64_decode(part.piece.checksum).value());
    return fmt::format("{}-{}", base64_encode(digest.finish()), parts.size());
  }
  std::string whole = base64_decode(parts.front().piece.checksum).value();
  for (size_t i = 1; i < parts.size(); ++i) {
    whole = combine(upload.algorithm, whole, base64_decode(parts[i].piece.checksum).value(),
                    parts[i].piece.bytes);
  }
  return base64_encode(whole);
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
std::string etag_of(const std::vector<StoredPart>& parts) {
  crypto::Md5 md5;
  for (const StoredPart& part : parts) md5.update(part.md5);
  return fmt::format("{}-{}", hex_encode(crypto::bytes_of(md5.finish())), parts.size());
}

void require_mode(const CompleteMultipartUploadRequest& request, const UploadRow& upload) {
  const std::string mode = upload.is_checksum_asked ? upload.checksum_type : "null";
  if (!request.checksum_type || require_checksum_type(*request.checksum_type) == mode) return;
  throw InvalidRequest(fmt::format(
      "The upload was created using the {} checksum mode. The complete request must use the same checksum "
      "mode.",
      mode));
}

void check_claims(const CompleteMultipartUploadRequest& request, const UploadRow& upload,
                  const VersionRow& row) {
  if (request.mpu_object_size && static_cast<uint64_t>(*request.mpu_object_size) != row.bytes) {
    throw InvalidRequest(fmt::format(
        "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}",
        *request.mpu_object_size, row.bytes));
  }
  const auto told = told_checksum(request);
  if (!told) return;
  const std::string told_whole = told->value.substr(0, told->value.find('-'));
  const bool is_right = told->algorithm == upload.algorithm &&
                        told_whole == row.checksum.substr(0, row.checksum.find('-'));
  if (is_right) return;
  throw aws::ServiceError("BadDigest", 400,
                          fmt::format("The {} you specified did not match the calculated checksum.",
                                      to_lower(name_of(upload.algorithm))));
}

CompleteMultipartUploadOutput answer(Call& call, const BucketRow& bucket, const VersionRow& row) {
  const std::string host = call.host.empty() ? "localhost" : call.host;
  CompleteMultipartUploadOutput output{
      .location = fmt::format("http://{}/{}/{}", host, bucket.name, percent_encode(row.key, Slash::Keep)),
      .bucket = bucket.name,
      .key = row.key,
      .e_tag = quoted(row.etag),
      .checksum_type = row.checksum_type};
  tell_checksum(output, require_algorithm(row.checksum_algorithm), row.checksum);
  if (row.version != "null") output.version_id = row.version;
  output.expiration = expiration_of({call.transaction, bucket.id}, row);
  tell_encryption(row.encryption, output);
  return output;
}

// The object that an upload becomes, but for its parts.
NewVersion version_of(const UploadRow& upload, const std::vector<StoredPart>& parts, Lock lock) {
  NewVersion version{.row = {.key = upload.key,
                             .etag = etag_of(parts),
                             .storage_class = upload.storage_class,
                             .checksum_algorithm = std::string(name_of(upload.algorithm)),
                             .checksum = checksum_of(upload, parts),
                             .checksum_type = upload.checksum_type,
                             .part_count = static_cast<int64_t>(parts.size()),
                             .tags = upload.tags,
                             .attributes = upload.attributes,
                             .lock = std::move(lock),
                             .encryption = upload.encryption,
                             .owner = upload.possession.owner,
                             .list = upload.possession.list},
                     .upload = upload.id};
  for (const StoredPart& part : parts) version.row.bytes += part.piece.bytes;
  return version;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
// A condition is about what was there when the upload began: whoever wrote since was first.
void require_undisturbed(Records& records, const BucketRow& bucket, const UploadRow& upload,
                         const CompleteMultipartUploadRequest& request) {
  if (!request.if_match && !request.if_none_match) return;
  const auto current = find_version(records, bucket.id, request.key, std::nullopt);
  if (!current || current->modified <= upload.initiated) return;
  aws::ServiceError error(
      "ConditionalRequestConflict", 409,
      "The conditional request cannot succeed due to a conflicting operation against this resource.");
  error.with("Condition", request.if_match ? "If-Match" : "If-None-Match").with("Key", request.key);
  throw error;
}

// Makes an object of the parts that are named.
VersionRow complete(Service& service, Call& call, Records& records, const BucketRow& bucket,
                    const CompleteMultipartUploadRequest& request) {
  const UploadRow upload = require_upload(records, bucket, request.key, request.upload_id);
  // Completing needs no key of the customer's, but a wrong one is none of this upload's.
  if (auto customer = customer_key_of(request)) part_key(std::move(customer), upload);
  require_mode(request, upload);
  std::vector<StoredPart> parts = require_parts(records, upload, request);
  require_write_conditions(records, bucket, request.key, request.if_match, request.if_none_match);
  require_undisturbed(records, bucket, upload, request);
  NewVersion version =
      version_of(upload, parts, lock_in({call.transaction, bucket.id}, upload.lock, call.now));
  check_claims(request, upload, version.row);
  close_upload(records, upload);
  for (StoredPart& part : parts) {
    records.erase(part_key(upload.id, part.piece.number));
    version.pieces.push_back(std::move(part.piece));
  }
  VersionRow row = version.row;
  const Change change = add_version(service, call, records, bucket, std::move(version));
  row.version = change.version;
  row.modified = call.now;
  record_event(service, call, records, bucket,
               {.name = "ObjectCreated:CompleteMultipartUpload",
                .key = row.key,
                .bytes = row.bytes,
                .etag = row.etag,
                .version = row.version,
                .sequence = change.id});
  return row;
}

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
// Completing again what was completed answers the same. Parts that were uploaded and not named end with the
// upload.
CompleteMultipartUploadOutput complete_multipart_upload(Service& service, Call& call,
                                                        const CompleteMultipartUploadRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  std::optional<VersionRow> done;
  change(service, call, [&](Records& records) {
    done = find_completed(records, bucket.id, request.upload_id);
    if (!done || done->key != request.key) done = complete(service, call, records, bucket, request);
  });
  remove_parts(service, call, request.upload_id);
  return answer(call, bucket, *done);
}

}  // namespace holm::s3

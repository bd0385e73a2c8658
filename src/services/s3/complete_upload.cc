// Making an object of the parts of an upload.

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "s3/handlers.h"
#include "services/s3/conditions.h"
#include "services/s3/lifecycle.h"
#include "services/s3/notifications.h"
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

[[noreturn]] void throw_invalid_part(const UploadRow& upload, const CompletedPart& part) {
  aws::ServiceError error(
      "InvalidPart", 400,
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
      "specified entity tag may not match the part's entity tag.");
  error.with("UploadId", upload.id)
      .with("PartNumber", std::to_string(part.part_number.value_or(0)))
      .with("ETag", part.e_tag.value_or(""));
  throw error;
}

std::string bare(const std::string& etag) {
  std::string_view text = trim(etag);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return to_lower(text);
}

StoredPart require_part(Call& call, const UploadRow& upload, const CompletedPart& wanted) {
  auto row = call.transaction.find(
      "SELECT bytes, md5, checksum, blob, content, sealed_key FROM s3_part WHERE upload = ?1 AND number = ?2",
      {upload.id, int64_t{wanted.part_number.value_or(0)}});
  if (!row || bare(wanted.e_tag.value_or("")) != row->text(1)) throw_invalid_part(upload, wanted);
  const auto told = told_checksum(wanted);
  // Where no algorithm was asked for, clients repeat what they sent with each part; that was checked then.
  const bool is_known = told && (upload.is_checksum_asked || told->algorithm == upload.algorithm);
  if (is_known && (told->algorithm != upload.algorithm || told->value != row->text(2))) {
    throw_invalid_part(upload, wanted);
  }
  return {.piece = {.number = *wanted.part_number,
                    .bytes = static_cast<uint64_t>(row->integer(0)),
                    .checksum = row->text(2),
                    .blob = row->optional_text(3),
                    .content = row->is_null(4) ? std::string() : row->blob(4),
                    .sealed_key = row->is_null(5) ? std::string() : row->blob(5),
                    .data_key = {}},
          .md5 = hex_decode(row->text(1)).value()};
}

std::vector<StoredPart> require_parts(Call& call, const UploadRow& upload,
                                      const CompleteMultipartUploadRequest& request) {
  if (!request.multipart_upload || request.multipart_upload->parts.empty()) {
    throw aws::ServiceError(
        "MalformedXML", 400,
        "The XML you provided was not well-formed or did not validate against our published schema");
  }
  const std::vector<CompletedPart>& wanted = request.multipart_upload->parts;
  std::vector<StoredPart> parts;
  for (const CompletedPart& part : wanted) {
    if (!part.part_number || !part.e_tag) {
      throw aws::ServiceError(
          "MalformedXML", 400,
          "The XML you provided was not well-formed or did not validate against our published schema");
    }
    require_part_number(part.part_number.value_or(0));
    if (!parts.empty() && parts.back().piece.number >= *part.part_number) {
      throw aws::ServiceError(
          "InvalidPartOrder", 400,
          "The list of parts was not in ascending order. Parts must be ordered by part number.");
    }
    if (!parts.empty() && parts.back().piece.bytes < kPartBytesMin) {
      aws::ServiceError error("EntityTooSmall", 400,
                              "Your proposed upload is smaller than the minimum allowed size");
      error.with("ProposedSize", std::to_string(parts.back().piece.bytes))
          .with("MinSizeAllowed", std::to_string(kPartBytesMin))
          .with("PartNumber", std::to_string(parts.back().piece.number));
      throw error;
    }
    parts.push_back(require_part(call, upload, part));
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

void check_claims(const CompleteMultipartUploadRequest& request, const UploadRow& upload,
                  const VersionRow& row) {
  if (request.mpu_object_size && static_cast<uint64_t>(*request.mpu_object_size) != row.bytes) {
    throw InvalidRequest(fmt::format(
        "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}",
        *request.mpu_object_size, row.bytes));
  }
  if (request.checksum_type && require_checksum_type(*request.checksum_type) != upload.checksum_type) {
    throw InvalidRequest(
        fmt::format("The upload was created using the {} checksum mode. The complete request must use the "
                    "same checksum mode.",
                    upload.checksum_type));
  }
  const auto told = told_checksum(request);
  if (!told) return;
  const std::string told_whole = told->value.substr(0, told->value.find('-'));
  if (told->algorithm != upload.algorithm || told_whole != row.checksum.substr(0, row.checksum.find('-'))) {
    throw aws::ServiceError("BadDigest", 400,
                            fmt::format("The {} you specified did not match the calculated checksum.",
                                        to_lower(name_of(told->algorithm))));
  }
}

// Parts that were uploaded and not named end with the upload.
void end_upload(Service& service, Call& call, const UploadRow& upload, const std::vector<StoredPart>& parts) {
  std::vector<std::string> unused;
  for (const sql::Row& row : call.transaction.run(
           "SELECT number, blob FROM s3_part WHERE upload = ?1 AND blob IS NOT NULL", {upload.id})) {
    const bool is_used = std::ranges::any_of(
        parts, [&](const StoredPart& part) { return part.piece.number == row.integer(0); });
    if (!is_used) unused.push_back(row.text(1));
  }
  call.transaction.run("DELETE FROM s3_upload WHERE id = ?1", {upload.id});
  service.forget_blobs(call, std::move(unused));
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

}  // namespace

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
// Completing again what was completed answers the same.
CompleteMultipartUploadOutput complete_multipart_upload(Service& service, Call& call,
                                                        const CompleteMultipartUploadRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  auto done = find_completed(call.transaction, bucket.id, request.upload_id);
  if (done && done->key == request.key) return answer(call, bucket, *done);
  const UploadRow upload = require_upload(call, bucket, request.key, request.upload_id);
  // Completing needs no key of the customer's, but a wrong one is none of this upload's.
  if (auto customer = customer_key_of(request)) part_key(std::move(customer), upload);
  std::vector<StoredPart> parts = require_parts(call, upload, request);
  require_write_conditions(call, bucket, request.key, request.if_match, request.if_none_match);

  NewVersion version{.row = {.key = upload.key,
                             .etag = etag_of(parts),
                             .storage_class = upload.storage_class,
                             .checksum_algorithm = std::string(name_of(upload.algorithm)),
                             .checksum = checksum_of(upload, parts),
                             .checksum_type = upload.checksum_type,
                             .part_count = static_cast<int64_t>(parts.size()),
                             .tags = upload.tags,
                             .attributes = upload.attributes,
                             .lock = lock_in({call.transaction, bucket.id}, upload.lock, call.now),
                             .encryption = upload.encryption,
                             .owner = upload.possession.owner,
                             .list = upload.possession.list},
                     .upload = upload.id};
  for (const StoredPart& part : parts) version.row.bytes += part.piece.bytes;
  check_claims(request, upload, version.row);
  end_upload(service, call, upload, parts);
  for (StoredPart& part : parts) version.pieces.push_back(std::move(part.piece));
  VersionRow row = version.row;
  const Change change = add_version(service, call, bucket, std::move(version));
  row.version = change.version;
  row.modified = call.now;
  record_event(service, call, bucket,
               {.name = "ObjectCreated:CompleteMultipartUpload",
                .key = row.key,
                .bytes = row.bytes,
                .etag = row.etag,
                .version = row.version,
                .sequence = change.id});
  return answer(call, bucket, row);
}

}  // namespace holm::s3

// Uploads and parts as records.

#include <set>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "s3/errors.h"
#include "services/s3/changes.h"
#include "services/s3/checksums.h"
#include "services/s3/record_codec.h"
#include "services/s3/record_keys.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "services/s3/uploads.h"

namespace holm::s3 {

namespace {

constexpr size_t kTogether = 1000;  // Parts that are removed in one commit.

template <class Row>
Row require_readable(std::optional<Row> row, const std::string& upload) {
  if (row) return std::move(*row);
  log::error("S3: what is known of the upload " + upload + " cannot be read.");
  throw_unreadable();
}

PartRow part_in(const std::string& bytes, const std::string& upload, int32_t number) {
  PartRow row = require_readable(read_part(bytes), upload);
  row.number = number;
  return row;
}

void release(Records& records, const PartRow& row) {
  if (row.body != 0) records.forget_body(row.body);
  if (row.blob) records.disown_blob(*row.blob);
}

}  // namespace

std::optional<UploadRow> find_upload(Records& records, const std::string& id) {
  const auto bytes = records.find(upload_key(id));
  if (!bytes) return std::nullopt;
  UploadRow row = require_readable(read_upload(*bytes), id);
  row.id = id;
  return row;
}

UploadRow require_upload(Records& records, const BucketRow& bucket, const std::string& key,
                         const std::string& id) {
  auto row = find_upload(records, id);
  if (row && row->bucket == bucket.id && row->key == key) return std::move(*row);
  NoSuchUpload error(
      "The specified upload does not exist. The upload ID may be invalid, or the upload may "
      "have been aborted or completed.");
  error.with("UploadId", id);
  throw error;
}

std::vector<UploadRow> list_uploads(Records& records, int64_t bucket, const std::string& from,
                                    const std::string& id, const std::string& end, size_t count) {
  std::vector<UploadRow> rows;
  for (const objects::Record& place : records.scan(upload_range(bucket, from, id, end), count)) {
    // One that ended since then is told without what it was like.
    UploadPosition position = position_of_upload(place.key);
    auto row = find_upload(records, position.id);
    rows.push_back(row ? std::move(*row)
                       : UploadRow{.id = position.id, .bucket = bucket, .key = position.key});
  }
  return rows;
}

std::optional<PartRow> find_part(Records& records, const std::string& upload, int32_t number) {
  const auto bytes = records.find(part_key(upload, number));
  if (!bytes) return std::nullopt;
  return part_in(*bytes, upload, number);
}

std::vector<PartRow> list_parts(Records& records, const std::string& upload, int32_t after, size_t count) {
  std::vector<PartRow> parts;
  for (const objects::Record& record : records.scan(parts_range(upload, after), count))
    parts.push_back(part_in(record.value, upload, number_of_part(record.key)));
  return parts;
}

void close_upload(Records& records, const UploadRow& upload) {
  records.erase(upload_key(upload.id));
  records.erase(upload_place_key(upload.bucket, upload.key, upload.id));
}

void remove_parts(Service& service, Call& call, const std::string& upload) {
  for (bool is_more = true; is_more;) {
    change(service, call, [&](Records& records) {
      const std::vector<PartRow> parts = list_parts(records, upload, 0, kTogether);
      is_more = parts.size() == kTogether;
      for (const PartRow& part : parts) {
        release(records, part);
        records.erase(part_key(upload, part.number));
      }
    });
  }
}

void end_uploads(Service& service, Call& call, int64_t bucket) {
  while (true) {
    Records records(service);
    const auto uploads = list_uploads(records, bucket, "", "", "", kTogether);
    if (uploads.empty()) return;
    for (const UploadRow& upload : uploads) {
      change(service, call, [&](Records& changed) { close_upload(changed, upload); });
      remove_parts(service, call, upload.id);
    }
  }
}

void remove_orphans(Service& service, Call& call) {
  std::set<int64_t> buckets;
  for (const sql::Row& row : call.transaction.run("SELECT id FROM s3_bucket")) buckets.insert(row.integer(0));
  objects::Range range = all_uploads();
  for (auto page = Records(service).scan(range, kTogether); !page.empty();
       page = Records(service).scan(range, kTogether)) {
    for (const objects::Record& record : page) {
      UploadRow upload = require_readable(read_upload(record.value), record.key);
      upload.id = id_of_upload(record.key);
      if (buckets.contains(upload.bucket)) continue;
      change(service, call, [&](Records& changed) { close_upload(changed, upload); });
    }
    range.from = page.back().key + '\0';
  }
  // One part of each upload is looked at.
  range = all_parts();
  for (auto part = Records(service).scan(range, 1); !part.empty(); part = Records(service).scan(range, 1)) {
    const std::string upload = upload_of_part(part.front().key);
    Records records(service);
    if (!find_upload(records, upload)) remove_parts(service, call, upload);
    range.from = parts_range(upload, 0).end;
  }
}

void store_part(Service& service, Call& call, Records& records, const UploadRow& upload,
                const std::optional<CustomerKey>& customer, int32_t number, const Body& body) {
  // KMS makes S3's own key when it is first used.
  if (records.wait_for_writer(upload.encryption.is_kms())) return;
  if (const auto old = find_part(records, upload.id, number)) release(records, *old);
  Encryption encryption = upload.encryption;
  PartRow part{.number = number,
               .bytes = body.bytes,
               .md5 = hex_encode(body.md5),
               .checksum = base64_encode(body.checksum),
               .modified = call.now,
               .sealed_key = seal_data_key(service, call, encryption, customer, body.data_key)};
  if (body.stored && body.is_blob()) {
    part.blob = records.adopt_blob(body.stored);
    records.own_blob(*part.blob);
  } else if (body.stored) {
    part.body = records.adopt(body.stored);
  }
  records.put(part_key(upload.id, number), encode_part(part));
}

}  // namespace holm::s3

// Rows become records, some at a time: first the records are durable, then the rows are removed. A record
// that is there already was made before a crash.

#include "services/s3/former_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "objects/coding.h"
#include "services/s3/archive.h"
#include "services/s3/record_codec.h"
#include "services/s3/record_keys.h"
#include "services/s3/records.h"
#include "services/s3/service.h"
#include "sql/database.h"

namespace holm::s3 {

namespace {

constexpr int64_t kTogether = 200;  // Rows with their bytes, of up to 16 KiB each.

struct FormerVersion {
  int64_t bucket = 0;
  VersionRow row;
  std::string content;
  std::vector<Piece> pieces;
};

std::string blob_in(const sql::Row& row, int column) {
  return row.is_null(column) ? std::string() : row.blob(column);
}

VersionRow version_from(const sql::Row& row) {
  return {.id = row.integer(0),
          .key = row.text(1),
          .version = row.text(2),
          .is_current = row.integer(3) != 0,
          .what = row.integer(4) != 0 ? What::Marker : What::Object,
          .bytes = static_cast<uint64_t>(row.integer(5)),
          .etag = row.text(6),
          .modified = from_milliseconds(row.integer(7)),
          .storage_class = row.text(8),
          .checksum_algorithm = row.text(9),
          .checksum = row.text(10),
          .checksum_type = row.text(11),
          .part_count = row.integer(12),
          .tags = row.text(13),
          .attributes = row.text(14),
          .lock = lock_from(row.text(15), row.integer(16), row.text(17)),
          .encryption = read_encryption(row.text(20)),
          .owner = row.text(18),
          .list = row.text(19),
          .replication = row.text(21),
          .restoration = restoration_from(row.integer(22), row.integer(23)),
          .used = row.integer(24) != 0 ? std::optional(from_milliseconds(row.integer(24))) : std::nullopt,
          .archive_tier = row.text(25),
          .stored = {.upload = row.optional_text(26).value_or(""),
                     .blob = row.optional_text(27),
                     .sealed_key = blob_in(row, 29)}};
}

std::vector<Piece> pieces_from(sql::Transaction& transaction, int64_t version) {
  std::vector<Piece> pieces;
  for (const sql::Row& row :
       transaction.run("SELECT number, bytes, checksum, blob, content, sealed_key FROM s3_piece"
                       " WHERE version = ?1 ORDER BY number",
                       {version})) {
    pieces.push_back({.number = static_cast<int32_t>(row.integer(0)),
                      .bytes = static_cast<uint64_t>(row.integer(1)),
                      .checksum = row.text(2),
                      .blob = row.optional_text(3),
                      .content = blob_in(row, 4),
                      .sealed_key = blob_in(row, 5)});
  }
  return pieces;
}

std::vector<FormerVersion> some_versions(sql::Transaction& transaction) {
  std::vector<FormerVersion> versions;
  for (const sql::Row& row : transaction.run(
           "SELECT id, key, version, is_current, is_marker, bytes, etag, modified, storage_class,"
           " checksum_algorithm, checksum, checksum_type, part_count, tags, attributes, lock_mode, "
           "lock_until,"
           " legal_hold, owner, list, encryption, replication, restore_days, restored_until, used,"
           " archive_tier, upload, blob, content, sealed_key, bucket FROM s3_version ORDER BY id LIMIT ?1",
           {kTogether})) {
    FormerVersion version{.bucket = row.integer(30), .row = version_from(row), .content = blob_in(row, 28)};
    if (version.row.part_count > 0) version.pieces = pieces_from(transaction, version.row.id);
    versions.push_back(std::move(version));
  }
  return versions;
}

void commit(Service& service, Records& records) {
  if (!records.is_changed()) return;
  Records::Commit made = records.take_commit();
  const auto done = objects::commit_and_wait(service.objects().metadata(), std::move(made.batch));
  CHECK_FATAL(done.has_value());  // Without what users have stored there is nothing to start.
}

bool is_taken_over(Records& records, const FormerVersion& version) {
  if (records.find(past_key(version.bucket, version.row.key, version.row.id))) return true;
  const auto current = records.find(current_key(version.bucket, version.row.key));
  return current && version_in(*current, version.row.key, true).id == version.row.id;
}

void take_over(Records& records, FormerVersion version) {
  if (is_taken_over(records, version)) return;
  if (!version.content.empty()) version.row.stored.body = records.adopt(version.content);
  keep_new(records, version.bucket, version.row, std::move(version.pieces));
}

// Jobs knew versions by their ids alone.
void tell_jobs(Service& service, sql::Transaction& transaction, const FormerVersion& version) {
  const Restoration& restoration = version.row.restoration;
  if (restoration.days == 0 && !restoration.until) return;
  const auto bucket = transaction.find("SELECT name FROM s3_bucket WHERE id = ?1", {version.bucket});
  service.jobs().schedule(transaction, restore_job(bucket.value().text(0), version.row),
                          restoration.until.value_or(Time{}));
}

// False: there are no more.
bool take_some_versions(Service& service) {
  auto transaction = service.database().begin(sql::Access::Write);
  std::vector<FormerVersion> versions = some_versions(*transaction);
  if (versions.empty()) return false;
  Records records(service);
  for (const FormerVersion& version : versions) take_over(records, version);
  commit(service, records);
  for (const FormerVersion& version : versions) tell_jobs(service, *transaction, version);
  transaction->run("DELETE FROM s3_piece WHERE version <= ?1", {versions.back().row.id});
  transaction->run("DELETE FROM s3_version WHERE id <= ?1", {versions.back().row.id});
  transaction->commit();
  return true;
}

UploadRow upload_from(const sql::Row& row) {
  return {.id = row.text(0),
          .bucket = row.integer(16),
          .key = row.text(1),
          .initiated = from_milliseconds(row.integer(2)),
          .storage_class = row.text(3),
          .algorithm = require_algorithm(row.text(4)),
          .checksum_type = row.text(5),
          .is_checksum_asked = row.integer(6) != 0,
          .tags = row.text(7),
          .attributes = row.text(8),
          .lock = lock_from(row.text(9), row.integer(10), row.text(11)),
          .possession = {.owner = row.text(12), .list = row.text(13)},
          .encryption = read_encryption(row.text(15)),
          .initiator = row.text(14)};
}

// Up to so many parts of an upload, and the rows of those. False: there are no more.
bool take_some_parts(Service& service, sql::Transaction& transaction, const std::string& upload) {
  const auto rows = transaction.run(
      "SELECT number, bytes, md5, checksum, modified, blob, content, sealed_key FROM s3_part WHERE upload = "
      "?1"
      " ORDER BY number LIMIT ?2",
      {upload, kTogether});
  if (rows.empty()) return false;
  Records records(service);
  for (const sql::Row& row : rows) {
    PartRow part{.number = static_cast<int32_t>(row.integer(0)),
                 .bytes = static_cast<uint64_t>(row.integer(1)),
                 .md5 = row.text(2),
                 .checksum = row.text(3),
                 .modified = from_milliseconds(row.integer(4)),
                 .blob = row.optional_text(5),
                 .sealed_key = blob_in(row, 7)};
    if (find_part(records, upload, part.number)) continue;
    if (const std::string content = blob_in(row, 6); !content.empty()) part.body = records.adopt(content);
    if (part.blob) records.own_blob(*part.blob);
    records.put(part_key(upload, part.number), encode_part(part));
  }
  commit(service, records);
  transaction.run("DELETE FROM s3_part WHERE upload = ?1 AND number <= ?2", {upload, rows.back().integer(0)});
  return true;
}

bool take_upload(Service& service) {
  auto transaction = service.database().begin(sql::Access::Write);
  const auto row = transaction->find(
      "SELECT id, key, initiated, storage_class, checksum_algorithm, checksum_type, is_checksum_asked, tags,"
      " attributes, lock_mode, lock_until, legal_hold, owner, list, initiator, encryption, bucket"
      " FROM s3_upload LIMIT 1",
      {});
  if (!row) return false;
  const UploadRow upload = upload_from(*row);
  Records records(service);
  records.put(upload_key(upload.id), encode_upload(upload));
  records.put(upload_place_key(upload.bucket, upload.key, upload.id), "");
  commit(service, records);
  while (take_some_parts(service, *transaction, upload.id)) {
  }
  transaction->run("DELETE FROM s3_upload WHERE id = ?1", {upload.id});
  transaction->commit();
  return true;
}

// Every bucket has its record, whoever made it and whatever a crash came between.
void keep_bucket_records(Service& service) {
  Records records(service);
  const auto buckets = service.database().begin(sql::Access::Read)->run("SELECT id, name FROM s3_bucket");
  for (const sql::Row& bucket : buckets) {
    const std::string id = objects::ordered_bytes(static_cast<uint64_t>(bucket.integer(0)));
    if (records.find(bucket_key(bucket.text(1))) != id) records.put(bucket_key(bucket.text(1)), id);
  }
  commit(service, records);
}

int64_t find_first_id(Service& service) {
  const auto bytes = Records(service).find(first_id_key());
  return bytes && bytes->size() == sizeof(int64_t) ? static_cast<int64_t>(objects::number_of(*bytes)) : 0;
}

int64_t keep_first_id(Service& service) {
  const auto last = service.database().begin(sql::Access::Read)->find("SELECT max(id) FROM s3_version", {});
  const int64_t id = last.value().optional_integer(0).value_or(0);
  if (id <= find_first_id(service)) return find_first_id(service);
  Records records(service);
  records.put(first_id_key(), objects::ordered_bytes(static_cast<uint64_t>(id)));
  commit(service, records);
  return id;
}

}  // namespace

int64_t take_rows_over(Service& service) {
  const int64_t first_id = keep_first_id(service);
  size_t steps = 0;
  while (take_some_versions(service)) ++steps;
  while (take_upload(service)) ++steps;
  if (steps > 0) log::info("S3: objects that were rows of the database are in the object store now.");
  keep_bucket_records(service);
  return first_id;
}

}  // namespace holm::s3

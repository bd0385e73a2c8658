// The rows of objects.

#include "services/s3/versions.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "blobs/blobs.h"
#include "s3/errors.h"
#include "services/s3/replication.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kNull = "null";
constexpr size_t kEtagBytes = 16;
constexpr std::string_view kColumns =
    "id, key, version, is_current, is_marker, bytes, etag, modified, storage_class, checksum_algorithm,"
    " checksum, checksum_type, part_count, tags, attributes, lock_mode, lock_until, legal_hold, owner, list,"
    " encryption, replication, restore_days, restored_until, used, archive_tier";

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
          .archive_tier = row.text(25)};
}

// Removes the row of a version that has so many parts, and with it what it consists of.
void delete_row(Service& service, Call& call, int64_t id, int64_t part_count) {
  std::vector<std::string> blobs;
  auto take = [&](const sql::Row& row) {
    if (auto blob = row.optional_text(0)) blobs.push_back(std::move(*blob));
  };
  if (part_count > 0) {
    for (const sql::Row& row : call.transaction.run("SELECT blob FROM s3_piece WHERE version = ?1", {id}))
      take(row);
  }
  for (const sql::Row& row :
       call.transaction.run("DELETE FROM s3_version WHERE id = ?1 RETURNING blob", {id}))
    take(row);
  service.forget_blobs(call, std::move(blobs));
}

// NULL for no bytes.
sql::Value blob_value(const std::string& bytes) {
  if (bytes.empty()) return {};
  return sql::Blob{bytes};
}

// Removes the version "null", which the one to come replaces. What was there.
std::optional<Change> delete_null_version(Service& service, Call& call, const BucketRow& bucket,
                                          const std::string& key) {
  const auto old = call.transaction.find(
      "SELECT id, is_marker, part_count FROM s3_version WHERE bucket = ?1 AND key = ?2 AND version = 'null'",
      {bucket.id, key});
  if (!old) return std::nullopt;
  delete_row(service, call, old->integer(0), old->integer(2));
  return Change{.id = old->integer(0),
                .version = std::string(kNull),
                .what = old->integer(1) != 0 ? What::Marker : What::Object};
}

// The id of the row.
int64_t insert(Call& call, const BucketRow& bucket, const NewVersion& version) {
  const VersionRow& row = version.row;
  // Without versions there was at most the one called "null", which is gone.
  if (bucket.versioning != Versioning::Never) {
    call.transaction.run(
        "UPDATE s3_version SET is_current = 0 WHERE bucket = ?1 AND key = ?2 AND is_current = 1",
        {bucket.id, row.key});
  }
  const auto made = call.transaction.find(
      "INSERT INTO s3_version (bucket, key, version, is_current, is_marker, bytes, etag, modified,"
      " storage_class, checksum_algorithm, checksum, checksum_type, part_count, upload, tags, attributes,"
      " blob, content, lock_mode, lock_until, legal_hold, owner, list, encryption, sealed_key,"
      " replication)"
      " VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,"
      " ?21, ?22, ?23, ?24, ?25) RETURNING id",
      {bucket.id,
       row.key,
       row.version,
       int64_t{row.what == What::Marker},
       static_cast<int64_t>(row.bytes),
       row.etag,
       to_milliseconds(row.modified),
       row.storage_class,
       row.checksum_algorithm,
       row.checksum,
       row.checksum_type,
       row.part_count,
       sql::optional_value(version.upload),
       row.tags,
       row.attributes,
       sql::optional_value(version.blob),
       blob_value(version.content),
       row.lock.mode,
       milliseconds_of(row.lock.until),
       row.lock.legal_hold,
       row.owner,
       row.list,
       write_encryption(row.encryption),
       blob_value(version.sealed_key),
       row.replication});
  return made.value().integer(0);
}

Change insert_current(Service& service, Call& call, const BucketRow& bucket, NewVersion version) {
  if (bucket.versioning == Versioning::Enabled) {
    if (version.row.replication != kReplica)
      version.row.version = service.random().alphanumeric(kVersionIdCharacters);
  } else {
    version.row.version = kNull;
    delete_null_version(service, call, bucket, version.row.key);
  }
  version.row.replication = replication_of(call.transaction, bucket, version.row);
  version.row.id = insert(call, bucket, version);
  if (!version.row.replication.empty() && version.row.replication != kReplica) {
    schedule_replication(service, call, bucket, version.row);
  }
  return {.id = version.row.id, .version = version.row.version, .what = version.row.what};
}

}  // namespace

bool is_version_id(std::string_view text) {
  return text == kNull ||
         (text.size() == kVersionIdCharacters &&
          text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
              std::string_view::npos);
}

std::string owner_in(const BucketRow& bucket, Ownership ownership, const VersionRow& row) {
  return row.owner.empty() || ownership == Ownership::Enforced ? bucket.account : row.owner;
}

std::string quoted(const std::string& etag) { return "\"" + etag + "\""; }

void require_key(const std::string& key) {
  if (key.size() > kKeyBytesMax) {
    aws::ServiceError error("KeyTooLongError", 400, "Your key is too long");
    error.with("Size", std::to_string(key.size())).with("MaxSizeAllowed", std::to_string(kKeyBytesMax));
    throw error;
  }
  if (key.empty() || !is_utf8(key)) {
    throw aws::ServiceError("InvalidURI", 400, "Couldn't parse the specified URI.");
  }
}

std::optional<VersionRow> find_version(sql::Transaction& transaction, int64_t bucket, const std::string& key,
                                       const std::optional<std::string>& version) {
  static const std::string kByVersion =
      fmt::format("SELECT {} FROM s3_version WHERE bucket = ?1 AND key = ?2 AND version = ?3", kColumns);
  static const std::string kCurrent =
      fmt::format("SELECT {} FROM s3_version WHERE bucket = ?1 AND key = ?2 AND is_current = 1", kColumns);
  auto row = version ? transaction.find(kByVersion, {bucket, key, *version})
                     : transaction.find(kCurrent, {bucket, key});
  if (!row) return std::nullopt;
  return version_from(*row);
}

std::optional<VersionRow> find_completed(sql::Transaction& transaction, int64_t bucket,
                                         const std::string& upload) {
  auto row = transaction.find(
      fmt::format("SELECT {} FROM s3_version WHERE bucket = ?1 AND upload = ?2", kColumns), {bucket, upload});
  if (!row) return std::nullopt;
  return version_from(*row);
}

VersionRow require_version(Call& call, const BucketRow& bucket, const std::string& key,
                           const std::optional<std::string>& version) {
  auto row = find_version(call.transaction, bucket.id, key, version);
  const bool is_marker = row && row->what == What::Marker;
  if (row && !is_marker) return std::move(*row);
  if (version && is_marker) {
    aws::ServiceError error("MethodNotAllowed", 405,
                            "The specified method is not allowed against this resource.");
    error.with("Method", "GET").with("ResourceType", "DeleteMarker");
    error.headers = {
        {"Allow", "DELETE"}, {"x-amz-delete-marker", "true"}, {"x-amz-version-id", row->version}};
    throw error;
  }
  if (version && !is_version_id(*version)) {
    aws::ServiceError error("InvalidArgument", 400, "Invalid version id specified");
    error.with("ArgumentName", "versionId").with("ArgumentValue", *version);
    throw error;
  }
  if (version) {
    aws::ServiceError error("NoSuchVersion", 404, "The specified version does not exist.");
    error.with("Key", key).with("VersionId", *version);
    throw error;
  }
  NoSuchKey error("The specified key does not exist.");
  error.with("Key", key);
  error.headers = {{"x-amz-delete-marker", is_marker ? "true" : "false"}};
  if (is_marker) error.headers.emplace_back("x-amz-version-id", row->version);
  throw error;
}

std::vector<Piece> pieces_of(sql::Transaction& transaction, int64_t version) {
  std::vector<Piece> pieces;
  for (const sql::Row& row : transaction.run("SELECT number, bytes, checksum, blob, content, sealed_key FROM "
                                             "s3_piece WHERE version = ?1 ORDER BY number",
                                             {version})) {
    pieces.push_back({.number = static_cast<int32_t>(row.integer(0)),
                      .bytes = static_cast<uint64_t>(row.integer(1)),
                      .checksum = row.text(2),
                      .blob = row.optional_text(3),
                      .content = row.is_null(4) ? std::string() : row.blob(4),
                      .sealed_key = row.is_null(5) ? std::string() : row.blob(5),
                      .data_key = {}});
  }
  return pieces;
}

Result<Extent> lease_extent(Service& service, Call& call, const VersionRow& row,
                            const std::optional<CustomerKey>& customer) {
  auto extent = lease_sealed(service, call, row);
  if (!extent) return extent;
  for (Piece& piece : extent->pieces) {
    if (!piece.sealed_key.empty() && piece.bytes > 0)
      piece.data_key = open_data_key(service, call, row.encryption, customer, piece.sealed_key);
  }
  return extent;
}

Result<Extent> lease_sealed(Service& service, Call& call, const VersionRow& row) {
  Extent extent{.bytes = row.bytes};
  if (row.part_count > 0) {
    extent.pieces = pieces_of(call.transaction, row.id);
  } else {
    auto bytes =
        call.transaction.find("SELECT blob, content, sealed_key FROM s3_version WHERE id = ?1", {row.id});
    extent.pieces.push_back({.bytes = row.bytes,
                             .blob = bytes.value().optional_text(0),
                             .content = bytes->is_null(1) ? std::string() : bytes->blob(1),
                             .sealed_key = bytes->is_null(2) ? std::string() : bytes->blob(2),
                             .data_key = {}});
  }
  std::vector<std::string> blobs;
  for (const Piece& piece : extent.pieces) {
    if (piece.blob) blobs.push_back(*piece.blob);
  }
  if (blobs.empty()) return extent;
  extent.lease = service.leases().lease(blobs);
  if (!extent.lease) return failure("Its bytes are being removed.");
  // The snapshot may be older than a removal that has ended already.
  if (auto first = service.store().open(blobs.front()); !first) return std::unexpected(first.error());
  return extent;
}

void give_body(Service& service, Call& call, const std::optional<CustomerKey>& customer, const Body& body,
               NewVersion& version) {
  VersionRow& row = version.row;
  row.bytes = body.bytes;
  row.etag = row.encryption.hides_md5() ? service.random().hex(2 * kEtagBytes) : hex_encode(body.md5);
  row.checksum_algorithm = name_of(body.algorithm);
  row.checksum = base64_encode(body.checksum);
  row.checksum_type = "FULL_OBJECT";
  version.content = body.content;
  version.sealed_key = seal_data_key(service, call, row.encryption, customer, body.data_key);
  if (!body.blob) return;
  version.blob = body.blob->id();
  call.after_commit([blob = body.blob] { blob->keep(); });
}

Change add_version(Service& service, Call& call, const BucketRow& bucket, NewVersion version) {
  if (version.row.replication != kReplica) version.row.modified = call.now;
  const std::vector<Piece> pieces = std::move(version.pieces);
  Change change = insert_current(service, call, bucket, std::move(version));
  for (const Piece& piece : pieces) {
    call.transaction.run(
        "INSERT INTO s3_piece (version, number, bytes, checksum, blob, content, sealed_key)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        {change.id, int64_t{piece.number}, static_cast<int64_t>(piece.bytes), piece.checksum,
         sql::optional_value(piece.blob), blob_value(piece.content), blob_value(piece.sealed_key)});
  }
  return change;
}

void update_replica(sql::Transaction& transaction, int64_t id, const VersionRow& row) {
  transaction.run(
      "UPDATE s3_version SET tags = ?2, list = ?3, owner = ?4, lock_mode = ?5, lock_until = ?6, legal_hold = "
      "?7"
      " WHERE id = ?1",
      {id, row.tags, row.list, row.owner, row.lock.mode, milliseconds_of(row.lock.until),
       row.lock.legal_hold});
}

void set_replication(sql::Transaction& transaction, int64_t id, const std::string& status) {
  transaction.run("UPDATE s3_version SET replication = ?2 WHERE id = ?1", {id, status});
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
std::optional<Change> remove_object(Service& service, Call& call, const BucketRow& bucket,
                                    const std::string& key) {
  if (bucket.versioning == Versioning::Never) return delete_null_version(service, call, bucket, key);
  NewVersion marker{.row = {.key = key, .what = What::Marker, .modified = call.now}};
  Change change = insert_current(service, call, bucket, std::move(marker));
  change.is_marker_added = true;
  return change;
}

std::optional<Change> remove_version(Service& service, Call& call, const BucketRow& bucket,
                                     const std::string& key, const std::string& version) {
  auto old = find_version(call.transaction, bucket.id, key, version);
  if (!old) return std::nullopt;
  delete_row(service, call, old->id, old->part_count);
  if (old->is_current) {
    call.transaction.run(
        "UPDATE s3_version SET is_current = 1 WHERE id ="
        " (SELECT max(id) FROM s3_version WHERE bucket = ?1 AND key = ?2)",
        {bucket.id, key});
  }
  return Change{.id = old->id, .version = old->version, .what = old->what};
}

}  // namespace holm::s3

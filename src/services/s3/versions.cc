// Versions of objects: one record for the newest of a key, one for each before it.

#include "services/s3/versions.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "blobs/blobs.h"
#include "objects/coding.h"
#include "s3/errors.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/record_codec.h"
#include "services/s3/records.h"
#include "services/s3/replication.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kNull = "null";
constexpr size_t kEtagBytes = 16;
constexpr size_t kPiecesTogether = 200;  // In one record.

std::optional<VersionRow> find_current(Records& records, int64_t bucket, const std::string& key) {
  return found_version_in(records.find(current_key(bucket, key)), key, true);
}

// The record of one that is not the current one.
std::optional<std::string> find_past_record(Records& records, int64_t bucket, const std::string& key,
                                            const std::string& version) {
  const auto id = records.find(past_name_key(bucket, key, version));
  if (!id || id->size() != sizeof(uint64_t)) return std::nullopt;
  return records.find(past_key(bucket, key, static_cast<int64_t>(objects::number_of(*id))));
}

std::optional<VersionRow> find_past(Records& records, int64_t bucket, const std::string& key,
                                    const std::string& version) {
  return found_version_in(find_past_record(records, bucket, key, version), key, false);
}

// What a version consists of goes with it.
void release(Records& records, const VersionRow& row) {
  if (row.stored.body != 0) records.forget_body(row.stored.body);
  if (row.stored.blob) records.disown_blob(*row.stored.blob);
  if (!row.stored.upload.empty()) records.erase(completed_key(row.stored.upload));
  if (row.part_count == 0) return;
  for (const Piece& piece : pieces_of(records, row)) {
    if (piece.body != 0) records.forget_body(piece.body);
    if (piece.blob) records.disown_blob(*piece.blob);
  }
  for (size_t first = 0; first < static_cast<size_t>(row.part_count); first += kPiecesTogether)
    records.erase(pieces_key(row.id, static_cast<uint32_t>(first / kPiecesTogether)));
}

void erase_past(Records& records, int64_t bucket, const VersionRow& row) {
  records.erase(past_key(bucket, row.key, row.id));
  records.erase(past_name_key(bucket, row.key, row.version));
}

// The current version gives way to a newer one.
void make_past(Records& records, int64_t bucket, const VersionRow& row) {
  records.put(past_key(bucket, row.key, row.id), encode_version(row));
  records.put(past_name_key(bucket, row.key, row.version),
              objects::ordered_bytes(static_cast<uint64_t>(row.id)));
}

// The newest one there was before becomes current again.
void make_current(Records& records, int64_t bucket, const std::string& key) {
  records.erase(current_key(bucket, key));
  const auto before = records.scan(past_range(bucket, key), 1);
  if (before.empty()) return;
  const VersionRow row = version_in(before.front().value, key, false);
  erase_past(records, bucket, row);
  records.put(current_key(bucket, key), encode_version(row));
}

Change change_of(const VersionRow& row) { return {.id = row.id, .version = row.version, .what = row.what}; }

// What the bytes of a version consist of becomes its own.
void own_bytes(Records& records, const VersionRow& row, std::vector<Piece> pieces) {
  if (row.stored.blob) records.own_blob(*row.stored.blob);
  for (Piece& piece : pieces) {
    if (piece.blob) records.own_blob(*piece.blob);
    if (!piece.content.empty()) piece.body = records.adopt(piece.content);
  }
  for (size_t first = 0; first < pieces.size(); first += kPiecesTogether) {
    const size_t last = std::min(first + kPiecesTogether, pieces.size());
    records.put(pieces_key(row.id, static_cast<uint32_t>(first / kPiecesTogether)),
                encode_pieces({pieces.begin() + static_cast<std::ptrdiff_t>(first),
                               pieces.begin() + static_cast<std::ptrdiff_t>(last)}));
  }
}

void put_version(Records& records, int64_t bucket, const VersionRow& row) {
  if (!row.is_current) return make_past(records, bucket, row);
  records.put(current_key(bucket, row.key), encode_version(row));
}

void tell_completed(Records& records, int64_t bucket, const VersionRow& row) {
  if (row.stored.upload.empty()) return;
  records.put(completed_key(row.stored.upload),
              encode_completed({.bucket = bucket, .key = row.key, .version = row.version}));
}

Change insert_current(Service& service, Call& call, Records& records, const BucketRow& bucket,
                      NewVersion version) {
  VersionRow& row = version.row;
  auto before = find_current(records, bucket.id, row.key);
  if (bucket.versioning == Versioning::Enabled) {
    if (row.replication != kReplica) row.version = service.random().alphanumeric(kVersionIdCharacters);
  } else {
    row.version = kNull;
    const bool is_replaced = before && before->version == row.version;
    const auto past = before && !is_replaced ? find_past(records, bucket.id, row.key, row.version) : std::nullopt;
    if (past) {
      release(records, *past);
      erase_past(records, bucket.id, *past);
    }
    if (is_replaced) {
      release(records, *before);
      before.reset();
    }
  }
  if (before) make_past(records, bucket.id, *before);
  row.id = records.take_id();
  row.stored = {
      .upload = version.upload.value_or(""), .blob = version.blob, .sealed_key = version.sealed_key};
  if (version.body) row.stored.body = records.adopt(std::move(version.body));
  if (!version.content.empty()) row.stored.body = records.adopt(version.content);
  row.replication = replication_of(call.transaction, bucket, row);
  row.is_current = true;
  keep_new(records, bucket.id, row, std::move(version.pieces));
  if (!row.replication.empty() && row.replication != kReplica)
    schedule_replication(records, call, bucket, row);
  return change_of(row);
}

}  // namespace

void keep_new(Records& records, int64_t bucket, const VersionRow& row, std::vector<Piece> pieces) {
  own_bytes(records, row, std::move(pieces));
  put_version(records, bucket, row);
  tell_completed(records, bucket, row);
}

bool is_version_id(std::string_view text) {
  return text == kNull ||
         (text.size() == kVersionIdCharacters &&
          text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
              std::string_view::npos);
}

bool may_have(const BucketRow& bucket, std::string_view version) {
  return bucket.versioning == Versioning::Never ? version == kNull : is_version_id(version);
}

std::string owner_in(const BucketRow& bucket, Ownership ownership, const std::string& owner) {
  return owner.empty() || ownership == Ownership::Enforced ? bucket.account : owner;
}

std::string quoted(std::string_view etag) {
  std::string text;
  text.reserve(etag.size() + 2);
  text += '"';
  text += etag;
  text += '"';
  return text;
}

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

namespace {

// The current version, or the one that is named, by two ways to look. The latest of the past becomes the
// current one when that is removed, maybe between the two looks: then it is looked for again.
template <class Current, class Past>
auto current_or_past(Current current, Past past, const std::optional<std::string>& version) {
  auto row = current();
  while (version && row && row->version != *version) {
    if (auto found = past()) return found;
    auto now = current();
    if (now && now->version == row->version) return decltype(now)();
    row = std::move(now);
  }
  return row;
}

}  // namespace

std::optional<VersionRow> find_version(Records& records, int64_t bucket, const std::string& key,
                                       const std::optional<std::string>& version) {
  return current_or_past([&] { return find_current(records, bucket, key); },
                         [&] { return find_past(records, bucket, key, *version); }, version);
}

std::optional<Standing> find_standing(Records& records, int64_t bucket, const std::string& key,
                                      const std::optional<std::string>& version) {
  const std::string current = current_key(bucket, key);
  return current_or_past(
      [&] { return found_standing_in(records.find(current), key); },
      [&] { return found_standing_in(find_past_record(records, bucket, key, *version), key); }, version);
}

std::optional<VersionRow> find_completed(Records& records, int64_t bucket, const std::string& upload) {
  const auto bytes = records.find(completed_key(upload));
  const auto place = bytes ? read_completed(*bytes) : std::nullopt;
  if (!place || place->bucket != bucket) return std::nullopt;
  return find_version(records, bucket, place->key, place->version);
}

namespace {

[[noreturn]] void throw_marker(const VersionRow& marker, std::string_view method) {
  aws::ServiceError error("MethodNotAllowed", 405,
                          "The specified method is not allowed against this resource.");
  error.with("Method", std::string(method)).with("ResourceType", "DeleteMarker");
  error.headers = {
      {"Allow", "DELETE"}, {"x-amz-delete-marker", "true"}, {"x-amz-version-id", marker.version}};
  throw error;
}

}  // namespace

VersionRow require_changeable(Records& records, const BucketRow& bucket, const std::string& key,
                              const std::optional<std::string>& version, std::string_view method) {
  const auto row = find_version(records, bucket.id, key, version);
  if (row && row->what == What::Marker) throw_marker(*row, method);
  return require_version(records, bucket, key, version);
}

VersionRow require_version(Records& records, const BucketRow& bucket, const std::string& key,
                           const std::optional<std::string>& version) {
  auto row = find_version(records, bucket.id, key, version);
  const bool is_marker = row && row->what == What::Marker;
  if (row && !is_marker) return std::move(*row);
  if (version && is_marker) throw_marker(*row, "GET");
  if (version && !may_have(bucket, *version))
    throw_invalid_argument("Invalid version id specified", Argument{"versionId", *version});
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

std::vector<Piece> pieces_of(Records& records, const VersionRow& row) {
  std::vector<Piece> pieces;
  while (pieces.size() < static_cast<size_t>(row.part_count)) {
    const auto index = static_cast<uint32_t>(pieces.size() / kPiecesTogether);
    const auto bytes = records.find(pieces_key(row.id, index));
    // They may have been removed since the version was found: then it has none.
    const auto more = bytes ? read_pieces(*bytes) : std::nullopt;
    if (!more || more->empty()) return {};
    pieces.insert(pieces.end(), more->begin(), more->end());
  }
  return pieces;
}

Result<Extent> lease_extent(Service& service, Call& call, Records& records, const VersionRow& row,
                            const std::optional<CustomerKey>& customer) {
  auto extent = lease_sealed(service, records, row);
  if (!extent) return extent;
  for (Piece& piece : extent->pieces) {
    if (!piece.sealed_key.empty() && piece.bytes > 0)
      piece.data_key = open_data_key(service, call, row.encryption, customer, piece.sealed_key);
  }
  return extent;
}

Result<Extent> lease_sealed(Service& service, Records& records, const VersionRow& row) {
  Extent extent{.bytes = row.bytes};
  if (row.part_count > 0) {
    extent.pieces = pieces_of(records, row);
    if (extent.pieces.empty()) return failure("Its parts are being removed.");
  } else {
    extent.pieces.push_back({.bytes = row.bytes,
                             .blob = row.stored.blob,
                             .body = row.stored.body,
                             .sealed_key = row.stored.sealed_key});
  }
  std::vector<std::string> blobs;
  Piece* first = nullptr;
  for (Piece& piece : extent.pieces) {
    if (piece.blob) {
      blobs.push_back(*piece.blob);
      if (first == nullptr) first = &piece;
    }
    if (piece.body == 0) continue;
    auto content = records.read_body(piece.body);
    if (!content) return std::unexpected(content.error());
    piece.content = std::move(*content);
  }
  if (first == nullptr) return extent;
  extent.lease = service.leases().lease(blobs);
  if (!extent.lease) return failure("Its bytes are being removed.");
  // What was found may be older than a removal that has ended already.
  auto reader = service.store().open(*first->blob);
  if (!reader) return std::unexpected(reader.error());
  first->reader = std::move(*reader);
  return extent;
}

bool give_body(Service& service, Call& call, Records& records, const std::optional<CustomerKey>& customer,
               const Body& body, NewVersion& version) {
  VersionRow& row = version.row;
  // KMS makes S3's own key when it is first used.
  if (records.wait_for_writer(row.encryption.is_kms())) return false;
  row.bytes = body.bytes;
  row.etag = row.encryption.hides_md5() ? service.random().hex(2 * kEtagBytes) : hex_encode(body.md5);
  row.checksum_algorithm = name_of(body.algorithm);
  row.checksum = base64_encode(body.checksum);
  row.checksum_type = "FULL_OBJECT";
  version.sealed_key = seal_data_key(service, call, row.encryption, customer, body.data_key);
  if (body.stored && body.is_blob()) {
    version.blob = records.adopt_blob(body.stored);
  } else {
    version.body = body.stored;
  }
  return true;
}

Change add_version(Service& service, Call& call, Records& records, const BucketRow& bucket,
                   NewVersion version) {
  if (version.row.replication != kReplica) version.row.modified = call.now;
  return insert_current(service, call, records, bucket, std::move(version));
}

void keep_version(Records& records, int64_t bucket, const VersionRow& row) {
  put_version(records, bucket, row);
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
std::optional<Change> remove_object(Service& service, Call& call, Records& records, const BucketRow& bucket,
                                    const std::string& key) {
  if (bucket.versioning == Versioning::Never) return remove_version(records, bucket, key, std::string(kNull));
  NewVersion marker{.row = {.key = key, .what = What::Marker, .modified = call.now}};
  Change change = insert_current(service, call, records, bucket, std::move(marker));
  change.is_marker_added = true;
  return change;
}

std::optional<Change> remove_version(Records& records, const BucketRow& bucket, const std::string& key,
                                     const std::string& version) {
  const auto old = find_version(records, bucket.id, key, version);
  if (!old) return std::nullopt;
  release(records, *old);
  if (old->is_current) {
    make_current(records, bucket.id, key);
  } else {
    erase_past(records, bucket.id, *old);
  }
  return change_of(*old);
}

}  // namespace holm::s3

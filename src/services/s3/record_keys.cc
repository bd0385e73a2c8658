// The keys of S3's records in the object store.

#include "services/s3/record_keys.h"

#include "base/check.h"
#include "base/strings.h"
#include "objects/coding.h"
#include "services/s3/listing.h"

namespace holm::s3 {

namespace {

using objects::number_of;
using objects::ordered_bytes;
using objects::Range;

constexpr std::string_view kBucket = "3b", kCurrent = "3o", kPast = "3h", kPastName = "3i", kPieces = "3m",
                           kCompleted = "3c", kUpload = "3U", kUploadPlace = "3u", kPart = "3p", kBlob = "3w",
                           kOutbox = "3x", kFirstId = "3n";
constexpr size_t kTypeBytes = 2, kNumberBytes = 8;
constexpr std::string_view kEnd("\0\0", 2);  // Behind a key that something follows: before all that goes on.

std::string with(std::string_view type, std::string_view rest) {
  std::string bytes(type);
  bytes += rest;
  return bytes;
}

std::string of_bucket(std::string_view type, int64_t bucket) {
  return with(type, ordered_bytes(static_cast<uint64_t>(bucket)));
}

// So that the end of a key is not found within it, and the order stays.
std::string escaped(std::string_view key) {
  if (key.find('\0') == std::string_view::npos) return std::string(key);
  return replace_all(std::string(key), std::string_view("\0", 1), std::string_view("\0\xff", 2));
}

std::string unescaped(std::string_view key) {
  if (key.find('\0') == std::string_view::npos) return std::string(key);
  return replace_all(std::string(key), std::string_view("\0\xff", 2), std::string_view("\0", 1));
}

Range prefix_range(std::string prefix) { return {.from = prefix, .end = end_of_prefix(prefix)}; }

// Newer ones first.
std::string descending(int64_t id) { return ordered_bytes(~static_cast<uint64_t>(id)); }

Range key_range(std::string_view type, int64_t bucket, const std::string& from, const std::string& end) {
  std::string all = of_bucket(type, bucket);
  return {.from = all + from, .end = end.empty() ? end_of_prefix(all) : all + end};
}

}  // namespace

std::string bucket_key(std::string_view name) { return with(kBucket, name); }

std::string current_key(int64_t bucket, std::string_view key) {
  return of_bucket(kCurrent, bucket) + std::string(key);
}

Range current_range(int64_t bucket, std::string_view from, std::string_view end) {
  return key_range(kCurrent, bucket, std::string(from), std::string(end));
}

std::string_view key_of_current(std::string_view record_key) {
  return record_key.substr(kTypeBytes + kNumberBytes);
}

std::string past_key(int64_t bucket, std::string_view key, int64_t id) {
  return of_bucket(kPast, bucket) + escaped(key) + std::string(kEnd) + descending(id);
}

Range past_range(int64_t bucket, std::string_view key) {
  return prefix_range(of_bucket(kPast, bucket) + escaped(key) + std::string(kEnd));
}

Range past_range(int64_t bucket, std::string_view from, int64_t id, std::string_view end) {
  Range range = key_range(kPast, bucket, escaped(from), escaped(end));
  if (id != 0) range.from = past_key(bucket, from, id - 1);
  return range;
}

VersionPosition position_of_past(std::string_view record_key) {
  CHECK(record_key.size() >= kTypeBytes + 2 * kNumberBytes + kEnd.size());
  const std::string_view id = record_key.substr(record_key.size() - kNumberBytes);
  record_key.remove_suffix(kNumberBytes + kEnd.size());
  return {unescaped(record_key.substr(kTypeBytes + kNumberBytes)), static_cast<int64_t>(~number_of(id))};
}

std::string past_name_key(int64_t bucket, std::string_view key, std::string_view version) {
  return of_bucket(kPastName, bucket) + escaped(key) + std::string(kEnd) + std::string(version);
}

std::string pieces_key(int64_t version, uint32_t index) {
  return of_bucket(kPieces, version) + ordered_bytes(index);
}

std::string completed_key(std::string_view upload) { return with(kCompleted, upload); }
std::string upload_key(std::string_view id) { return with(kUpload, id); }

std::string upload_place_key(int64_t bucket, std::string_view key, std::string_view id) {
  return of_bucket(kUploadPlace, bucket) + escaped(key) + std::string(kEnd) + std::string(id);
}

Range upload_range(int64_t bucket, std::string_view from, std::string_view id, std::string_view end) {
  Range range = key_range(kUploadPlace, bucket, escaped(from), escaped(end));
  if (!id.empty()) range.from = upload_place_key(bucket, from, id) + '\0';
  return range;
}

Range all_uploads() { return prefix_range(std::string(kUpload)); }

std::string id_of_upload(std::string_view record_key) { return std::string(record_key.substr(kTypeBytes)); }

UploadPosition position_of_upload(std::string_view record_key) {
  record_key.remove_prefix(kTypeBytes + kNumberBytes);
  const size_t end = record_key.rfind(kEnd);
  CHECK(end != std::string_view::npos);
  return {unescaped(record_key.substr(0, end)), std::string(record_key.substr(end + kEnd.size()))};
}

std::string part_key(std::string_view upload, int32_t number) {
  return with(kPart, upload) + ordered_bytes(static_cast<uint64_t>(number));
}

Range parts_range(std::string_view upload, int32_t after) {
  Range range = prefix_range(with(kPart, upload));
  if (after > 0) range.from = part_key(upload, after + 1);
  return range;
}

Range all_parts() { return prefix_range(std::string(kPart)); }

std::string upload_of_part(std::string_view record_key) {
  CHECK(record_key.size() >= kTypeBytes + kNumberBytes);
  record_key.remove_suffix(kNumberBytes);
  return std::string(record_key.substr(kTypeBytes));
}

int32_t number_of_part(std::string_view record_key) {
  CHECK(record_key.size() >= kTypeBytes + kNumberBytes);
  return static_cast<int32_t>(number_of(record_key.substr(record_key.size() - kNumberBytes)));
}

std::string blob_key(std::string_view blob) { return with(kBlob, blob); }
Range all_blobs() { return prefix_range(std::string(kBlob)); }
std::string blob_of(std::string_view record_key) { return std::string(record_key.substr(kTypeBytes)); }

std::string outbox_key(uint64_t number) { return with(kOutbox, ordered_bytes(number)); }
Range whole_outbox() { return prefix_range(std::string(kOutbox)); }
std::string first_id_key() { return std::string(kFirstId); }

}  // namespace holm::s3

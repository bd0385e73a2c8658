// Records as bytes: what is written is read, and nothing else.

#include "services/s3/record_codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "services/s3/outbox.h"
#include "services/s3/record_keys.h"

namespace holm::s3 {

namespace {

VersionRow full_version() {
  return {.id = 77,
          .key = "k",
          .version = "v",
          .what = What::Marker,
          .bytes = 1'000'000'000'000,
          .etag = "e",
          .modified = from_milliseconds(1234567890123),
          .storage_class = "GLACIER",
          .checksum_algorithm = "SHA256",
          .checksum = "c",
          .checksum_type = "COMPOSITE",
          .part_count = 3,
          .tags = "t",
          .attributes = "{}",
          .lock = {.mode = "GOVERNANCE", .until = from_milliseconds(5), .legal_hold = "ON"},
          .encryption = {.method = "aws:kms", .kms_key = "arn", .context = "{}", .has_bucket_key = true},
          .owner = "o",
          .list = "l",
          .replication = "PENDING",
          .restoration = {.days = -1, .until = from_milliseconds(6)},
          .used = from_milliseconds(7),
          .archive_tier = "a",
          .stored = {.upload = "u", .blob = "b", .body = 9, .sealed_key = std::string("\0s", 2)}};
}

TEST(RecordCodec, ReadsWhatItWrites) {
  const std::string bytes = encode_version(full_version());
  const auto row = read_version(bytes);
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(encode_version(*row), bytes);
  EXPECT_EQ(row->restoration.days, -1);
  EXPECT_EQ(row->encryption.kms_key, "arn");
  EXPECT_TRUE(row->encryption.has_bucket_key);
  EXPECT_EQ(row->lock.until, from_milliseconds(5));
  EXPECT_EQ(row->stored.blob, "b");
  EXPECT_EQ(row->stored.body, 9u);
  const VersionRow plain = read_version(encode_version({.key = "k"})).value();
  EXPECT_FALSE(plain.stored.blob || plain.used || plain.restoration.until);
  EXPECT_EQ(plain.storage_class, "STANDARD");
}

TEST(RecordCodec, AnOutlineHasWhatListsTell) {
  VersionRow version = full_version();
  EXPECT_FALSE(outline_in(encode_version(version), "k").has_value()) << "a delete marker is no object";
  version.what = What::Object;
  for (const std::string method : {"aws:kms", ""}) {
    version.encryption.method = method;
    const std::string bytes = encode_version(version);
    const Outline row = outline_in(bytes, "k").value();
    EXPECT_EQ(row.key, "k");
    EXPECT_EQ(row.bytes, 1'000'000'000'000u);
    EXPECT_EQ(row.etag, "e");
    EXPECT_EQ(row.modified, from_milliseconds(1234567890123));
    EXPECT_EQ(row.storage_class, "GLACIER");
    EXPECT_EQ(row.checksum_algorithm, "SHA256");
    EXPECT_EQ(row.checksum_type, "COMPOSITE");
    EXPECT_EQ(row.owner, "o");
    EXPECT_EQ(row.restoration.until, from_milliseconds(6));
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_ANY_THROW(outline_in(std::string_view(bytes).substr(0, length), "k")) << length;
    }
  }
}

TEST(RecordCodec, PermissionsAreToldWhatTheyDependOn) {
  EXPECT_FALSE(found_standing_in(std::nullopt, "k").has_value());
  VersionRow version = full_version();
  for (const std::string method : {"aws:kms", ""}) {
    version.encryption.method = method;
    const std::string bytes = encode_version(version);
    const Standing standing = found_standing_in(bytes, "k").value();
    EXPECT_EQ(standing.what, What::Marker);
    EXPECT_EQ(standing.version, "v");
    EXPECT_EQ(standing.tags, "t");
    EXPECT_EQ(standing.owner, "o");
    EXPECT_EQ(standing.list, "l");
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_ANY_THROW(found_standing_in(bytes.substr(0, length), "k")) << length;
    }
  }
}

std::string seed(const std::string& name) {
  std::ifstream file("corpus/record_codec_fuzz/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// They lie on users' disks: what is in the fuzzer's corpus was written by a program of before.
TEST(RecordCodec, ReadsWhatWasWrittenBefore) {
  EXPECT_EQ(encode_version(full_version()), seed("version_full"));
  for (const std::string name : {"version_small", "version_full", "version_marker", "version_customer"}) {
    const auto row = read_version(seed(name));
    ASSERT_TRUE(row.has_value()) << name;
    EXPECT_EQ(encode_version(*row), seed(name));
  }
  const auto upload = read_upload(seed("upload"));
  ASSERT_TRUE(upload.has_value());
  EXPECT_EQ(upload->lock.mode, "COMPLIANCE");
  EXPECT_EQ(encode_upload(*upload), seed("upload"));
  const auto part = read_part(seed("part"));
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(encode_part(*part), seed("part"));
  const auto completed = read_completed(seed("completed"));
  ASSERT_TRUE(completed.has_value());
  EXPECT_EQ(encode_completed(*completed), seed("completed"));
  const auto pieces = read_pieces(seed("pieces"));
  ASSERT_TRUE(pieces.has_value());
  EXPECT_EQ(encode_pieces(*pieces), seed("pieces"));
  EXPECT_FALSE(read_pieces(seed("pieces_many")).has_value());
  const auto job = read_job(seed("job"));
  ASSERT_TRUE(job.has_value());
  EXPECT_EQ(encode_job(job->first, job->second), seed("job"));
}

TEST(RecordCodec, ReadsNothingElse) {
  const std::string bytes = encode_version(full_version());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(read_version(std::string_view(bytes).substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(read_version(bytes + "x").has_value());
  EXPECT_FALSE(read_version("\x02" + bytes.substr(1)).has_value()) << "of a format to come";
  EXPECT_FALSE(read_pieces("\x01\xff\xff\xff\x7f").has_value()) << "more pieces than there are";
}

TEST(RecordKeys, AreInTheOrderOfListsAndTellWhatTheyAreOf) {
  const std::string with_zero("a\0b", 3);
  const std::vector<std::pair<std::string, int64_t>> places = {
      {"a", 9}, {"a", 2}, {std::string("a\0", 2), 5}, {with_zero, 7}, {"a\x01", 3}, {"ab", 1}, {"b", 4}};
  std::string before;
  for (const auto& [key, id] : places) {
    const std::string place = past_key(1, key, id);
    EXPECT_LT(before, place);
    before = place;
    EXPECT_EQ(position_of_past(place).key, key);
    EXPECT_EQ(position_of_past(place).id, id);
    const objects::Range own = past_range(1, key);
    for (const auto& [other, number] : places) {
      const std::string at = past_key(1, other, number);
      EXPECT_EQ(at >= own.from && at < own.end, other == key);
    }
  }
  const UploadPosition upload = position_of_upload(upload_place_key(3, with_zero, "id"));
  EXPECT_EQ(upload.key, with_zero);
  EXPECT_EQ(upload.id, "id");
  EXPECT_EQ(number_of_part(part_key("u", 10'000)), 10'000);
  EXPECT_EQ(upload_of_part(part_key("u", 10'000)), "u");
}

}  // namespace

}  // namespace holm::s3

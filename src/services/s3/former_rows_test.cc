// A database as the program before left it: everything in it is there afterwards, wherever a crash came
// between.

#include "services/s3/former_rows.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "services/s3/encryption.h"
#include "services/s3/records.h"
#include "services/s3/sealed_bytes.h"
#include "services/s3/test_place.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

// Writes rows as S3 did while its versions were rows.
class FormerRows : public ::testing::Test {
 protected:
  void SetUp() override {
    s3_.emplace(folder_.path());
    s3_->create_bucket("bbb");
  }

  void run(const std::string& text, std::vector<sql::Value> arguments) {
    auto transaction = s3_->database().begin(sql::Access::Write);
    transaction->run(text, std::move(arguments));
    transaction->commit();
  }

  // Plain bytes, as they were before bodies were sealed.
  void add_version(int64_t id, const std::string& key, const std::string& version, bool is_current,
                   const std::string& content) {
    run("INSERT INTO s3_version (id, bucket, key, version, is_current, is_marker, bytes, etag, modified,"
        " storage_class, checksum_algorithm, checksum, checksum_type, part_count, tags, attributes, content)"
        " VALUES (?1, 1, ?2, ?3, ?4, 0, ?5, 'e', 1000, 'STANDARD', 'CRC32', 'c', 'FULL_OBJECT', 0, '', '{}', "
        "?6)",
        {id, key, version, int64_t{is_current}, static_cast<int64_t>(content.size()), sql::Blob{content}});
  }

  std::string read(const std::string& key, std::optional<std::string> version = std::nullopt) {
    return s3_->get({.bucket = "bbb", .key = key, .version_id = std::move(version)});
  }

  void restart() {
    s3_.reset();
    s3_.emplace(folder_.path());
  }

  int64_t rows() {
    return s3_->database()
        .begin(sql::Access::Read)
        ->find(
            "SELECT (SELECT count(*) FROM s3_version) + (SELECT count(*) FROM s3_piece) +"
            " (SELECT count(*) FROM s3_upload) + (SELECT count(*) FROM s3_part)",
            {})
        ->integer(0);
  }

  TestFolder folder_;
  std::optional<TestS3> s3_;
};

TEST_F(FormerRows, BecomeRecordsAtTheFirstStart) {
  const std::string first(32, '1'), second(32, '2');
  for (int64_t id = 1; id <= 450; ++id)
    add_version(id, "key-" + std::to_string(id), "null", true, "content " + std::to_string(id));
  add_version(1000, "kept", first, false, "first");
  add_version(1001, "kept", second, true, "second");
  run("UPDATE s3_bucket SET versioning = 'Enabled' WHERE id = 1", {});
  restart();
  EXPECT_EQ(rows(), 0);
  for (int64_t id = 1; id <= 450; ++id)
    EXPECT_EQ(read("key-" + std::to_string(id)), "content " + std::to_string(id));
  EXPECT_EQ(read("kept"), "second");
  EXPECT_EQ(read("kept", first), "first");
  // What comes now is newer than all of them.
  s3_->put("bbb", "kept", "third");
  const auto versions = s3_->call<ListObjectVersions>({.bucket = "bbb", .prefix = "kept"}).versions;
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[1].version_id, second);
  EXPECT_EQ(versions[2].version_id, first);
  EXPECT_EQ(versions[0].is_latest, true);
  restart();
  EXPECT_EQ(read("kept"), "third");
}

TEST_F(FormerRows, AreTakenOverOnceThoughACrashComesInBetween) {
  add_version(1, "k", "null", true, "content");
  restart();
  const uint64_t bodies = Records(s3_->service()).scan({.from = "3o", .end = "3p"}, 10).size();
  // The record was durable, and the row not removed yet.
  add_version(1, "k", "null", true, "content");
  restart();
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(read("k"), "content");
  EXPECT_EQ(Records(s3_->service()).scan({.from = "3o", .end = "3p"}, 10).size(), bodies);
}

TEST_F(FormerRows, OfPartsAndUnfinishedUploadsGoOn) {
  const std::string upload(64, 'u');
  run("INSERT INTO s3_version (id, bucket, key, version, is_current, is_marker, bytes, etag, modified,"
      " storage_class, checksum_algorithm, checksum, checksum_type, part_count, upload, tags, attributes)"
      " VALUES (5, 1, 'whole', 'null', 1, 0, 8, 'e-2', 1000, 'STANDARD', 'CRC32', 'c', 'COMPOSITE', 2, ?1, "
      "'', '{}')",
      {std::string(64, 'w')});
  run("INSERT INTO s3_piece (version, number, bytes, checksum, content) VALUES (5, 1, 5, 'c', ?1), (5, 2, 3, "
      "'d', ?2)",
      {sql::Blob{"first"}, sql::Blob{"2nd"}});
  run("INSERT INTO s3_upload (id, bucket, key, initiated, initiator, storage_class, checksum_algorithm,"
      " checksum_type, is_checksum_asked, tags, attributes)"
      " VALUES (?1, 1, 'begun', 1000, '', 'STANDARD', 'CRC32', 'COMPOSITE', 0, '', '{}')",
      {upload});
  run("INSERT INTO s3_part (upload, number, bytes, md5, checksum, modified, content)"
      " VALUES (?1, 1, 4, '098f6bcd4621d373cade4e832627b4f6', '2H9+DA==', 1000, ?2)",
      {upload, sql::Blob{"test"}});
  restart();
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(read("whole"), "first2nd");
  EXPECT_EQ(s3_->get({.bucket = "bbb", .key = "whole", .part_number = 2}), "2nd");
  EXPECT_EQ(s3_->call<ListMultipartUploads>({.bucket = "bbb"}).uploads.size(), 1u);
  CompletedMultipartUpload parts{.parts = {{.e_tag = "098f6bcd4621d373cade4e832627b4f6", .part_number = 1}}};
  s3_->call<CompleteMultipartUpload>(
      {.bucket = "bbb", .key = "begun", .multipart_upload = parts, .upload_id = upload});
  EXPECT_EQ(read("begun"), "test");
  s3_->call<DeleteObject>({.bucket = "bbb", .key = "whole"});
  s3_->call<DeleteObject>({.bucket = "bbb", .key = "begun"});
  EXPECT_EQ(s3_->outcome<DeleteBucket>({.bucket = "bbb"}), "200");
}

}  // namespace

}  // namespace holm::s3

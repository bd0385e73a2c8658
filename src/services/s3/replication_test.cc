// Replication: what is copied elsewhere, how it looks there, and what each version says about it.

#include "services/s3/replication.h"

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class ReplicationTest : public ::testing::Test {
 protected:
  ReplicationTest() {
    for (const char* name : {"here", "there"}) {
      s3.create_bucket(name);
      s3.call<PutBucketVersioning>({.bucket = name, .versioning_configuration = {.status = "Enabled"}});
    }
  }

  static ReplicationRule rule() {
    return {.id = "all",
            .priority = 1,
            .filter = ReplicationRuleFilter{.prefix = "kept/"},
            .status = "Enabled",
            .destination = {.bucket = "arn:aws:s3:::there"},
            .delete_marker_replication = DeleteMarkerReplication{.status = "Enabled"}};
  }
  std::string put(ReplicationRule rule, const std::string& bucket = "here") {
    return s3.outcome<PutBucketReplication>(
        {.bucket = bucket, .replication_configuration = {.role = kTestRole, .rules = {std::move(rule)}}});
  }
  std::string status(const std::string& key, const std::string& bucket = "here") {
    return s3.call<HeadObject>({.bucket = bucket, .key = key}).replication_status.value_or("none");
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(ReplicationTest, CopiesNewVersionsAsTheyAre) {
  ASSERT_EQ(put(rule()), "200");
  const std::string large(100'000, 'x');
  const auto small = s3.put("here", "kept/small", "few");
  s3.put("here", "kept/large", large);
  s3.put("here", "other", "stays");
  EXPECT_EQ(status("kept/small"), "PENDING");
  s3.wait(std::chrono::hours(1));
  s3.jobs().run_due();
  EXPECT_EQ(status("kept/small"), "COMPLETED");
  EXPECT_EQ(status("kept/small", "there"), "REPLICA");
  EXPECT_EQ(status("other"), "none");
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "there", .key = "other"}), "404 NoSuchKey");
  EXPECT_EQ(s3.get({.bucket = "there", .key = "kept/small", .version_id = small.version_id}), "few");
  EXPECT_EQ(s3.get({.bucket = "there", .key = "kept/large"}), large);
  const auto was = s3.call<HeadObject>({.bucket = "here", .key = "kept/large"});
  const auto is = s3.call<HeadObject>({.bucket = "there", .key = "kept/large"});
  EXPECT_EQ(was.e_tag, is.e_tag);
  EXPECT_EQ(was.last_modified, is.last_modified);
  EXPECT_EQ(s3.blob_count(), 2u);
}

TEST_F(ReplicationTest, TagsAndMarkersFollow) {
  ASSERT_EQ(put(rule()), "200");
  s3.put("here", "kept/a", "x");
  s3.jobs().run_due();
  s3.call<PutObjectTagging>(
      {.bucket = "here", .key = "kept/a", .tagging = {.tag_set = {{.key = "k", .value = "v"}}}});
  EXPECT_EQ(status("kept/a"), "PENDING");
  s3.jobs().run_due();
  EXPECT_EQ(s3.call<GetObjectTagging>({.bucket = "there", .key = "kept/a"}).tag_set.size(), 1u);
  s3.call<DeleteObject>({.bucket = "here", .key = "kept/a"});
  s3.jobs().run_due();
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "there", .key = "kept/a"}), "404 NoSuchKey");
  EXPECT_EQ(s3.call<ListObjectVersions>({.bucket = "there"}).delete_markers.size(), 1u);
}

TEST_F(ReplicationTest, FailsWithoutTheRightsOrTheDestination) {
  ASSERT_EQ(put(rule()), "200");
  s3.deny("s3:ReplicateObject");
  s3.put("here", "kept/a", "x");
  s3.jobs().run_due();
  EXPECT_EQ(status("kept/a"), "FAILED");
  s3.deny("");
  s3.call<DeleteBucket>({.bucket = "there"});
  s3.put("here", "kept/b", "x");
  s3.jobs().run_due();
  EXPECT_EQ(status("kept/b"), "FAILED");
}

TEST_F(ReplicationTest, AReplicaIsNotReplicatedOn) {
  ASSERT_EQ(put(rule()), "200");
  ReplicationRule back = rule();
  back.destination.bucket = "arn:aws:s3:::here";
  ASSERT_EQ(put(back, "there"), "200");
  s3.put("here", "kept/a", "x");
  s3.jobs().run_due();
  s3.jobs().run_due();
  EXPECT_EQ(s3.call<ListObjectVersions>({.bucket = "here"}).versions.size(), 1u);
  EXPECT_EQ(status("kept/a", "there"), "REPLICA");
}

TEST_F(ReplicationTest, WhatCannotBeDoneIsRefused) {
  ReplicationRule wrong = rule();
  wrong.destination.bucket = "arn:aws:s3:::nowhere";
  EXPECT_EQ(put(wrong), "400 InvalidRequest");
  wrong = rule();
  wrong.priority.reset();
  EXPECT_EQ(put(wrong), "400 InvalidRequest");
  wrong = rule();
  wrong.destination.encryption_configuration = EncryptionConfiguration{.replica_kms_key_id = "k"};
  EXPECT_EQ(put(wrong), "501 NotImplemented");
  s3.create_bucket("plain");
  EXPECT_EQ(put(rule(), "plain"), "400 InvalidRequest");
  wrong.destination = {.bucket = "arn:aws:s3:::plain"};
  EXPECT_EQ(put(wrong), "400 InvalidRequest");
  EXPECT_EQ(s3.outcome<GetBucketReplication>({.bucket = "here"}),
            "404 ReplicationConfigurationNotFoundError");
  ASSERT_EQ(put(rule()), "200");
  EXPECT_EQ(s3.outcome<PutBucketVersioning>(
                {.bucket = "here", .versioning_configuration = {.status = "Suspended"}}),
            "409 InvalidBucketState");
  s3.call<DeleteBucketReplication>({.bucket = "here"});
  EXPECT_EQ(s3.outcome<GetBucketReplication>({.bucket = "here"}),
            "404 ReplicationConfigurationNotFoundError");
}

}  // namespace

}  // namespace holm::s3

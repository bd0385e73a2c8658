// Object Lock: what is protected stays, whoever asks.

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

using std::chrono::hours;

class ObjectLock : public ::testing::Test {
 protected:
  void SetUp() override {
    CreateBucketRequest request{.bucket = "locked"};
    request.create_bucket_configuration = CreateBucketConfiguration{.location_constraint = "eu-west-1"};
    request.object_lock_enabled_for_bucket = true;
    s3.call<CreateBucket>(std::move(request));
    s3.create_bucket("plain");
    s3.put("plain", "k", "x");
    version = *s3.put("locked", "k", "x").version_id;
  }

  std::string retain(const std::string& mode, Time until, bool bypass = false) {
    return s3.outcome<PutObjectRetention>(
        {.bucket = "locked",
         .key = "k",
         .retention = ObjectLockRetention{.mode = mode, .retain_until_date = until},
         .bypass_governance_retention = bypass});
  }
  std::string remove(bool bypass = false) {
    return s3.outcome<DeleteObject>(
        {.bucket = "locked", .key = "k", .version_id = version, .bypass_governance_retention = bypass});
  }
  std::string configure(const std::string& bucket, DefaultRetention retention) {
    return s3.outcome<PutObjectLockConfiguration>(
        {.bucket = bucket,
         .object_lock_configuration =
             ObjectLockConfiguration{.object_lock_enabled = "Enabled",
                                     .rule = ObjectLockRule{.default_retention = std::move(retention)}}});
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
  std::string version;
};

TEST_F(ObjectLock, KeepsAVersionUntilItsTimeIsOver) {
  EXPECT_EQ(retain("COMPLIANCE", s3.now() + hours(1)), "200");
  EXPECT_EQ(remove(), "403 AccessDenied");
  EXPECT_EQ(remove(true), "403 AccessDenied") << "nobody may set compliance aside";
  EXPECT_EQ(s3.outcome<DeleteObject>({.bucket = "locked", .key = "k"}), "200") << "a marker removes nothing";
  s3.wait(hours(2));
  EXPECT_EQ(remove(), "200");
}

TEST_F(ObjectLock, InGovernanceIsSetAsideOnRequestOnly) {
  EXPECT_EQ(retain("GOVERNANCE", s3.now() + hours(2)), "200");
  EXPECT_EQ(retain("GOVERNANCE", s3.now() + hours(3)), "200") << "longer is always allowed";
  EXPECT_EQ(retain("GOVERNANCE", s3.now() + hours(1)), "403 AccessDenied");
  EXPECT_EQ(retain("COMPLIANCE", s3.now() + hours(3)), "403 AccessDenied");
  EXPECT_EQ(retain("GOVERNANCE", s3.now() + hours(1), true), "200");
  EXPECT_EQ(remove(), "403 AccessDenied");
  EXPECT_EQ(remove(true), "200");
}

TEST_F(ObjectLock, ByLegalHoldHasNoEnd) {
  auto hold = [&](const char* status) {
    return s3.outcome<PutObjectLegalHold>(
        {.bucket = "locked", .key = "k", .legal_hold = ObjectLockLegalHold{.status = status}});
  };
  EXPECT_EQ(s3.outcome<GetObjectLegalHold>({.bucket = "locked", .key = "k"}),
            "404 NoSuchObjectLockConfiguration");
  EXPECT_EQ(hold("ON"), "200");
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "locked", .key = "k"}).object_lock_legal_hold_status, "ON");
  s3.wait(hours(24 * 365));
  EXPECT_EQ(remove(true), "403 AccessDenied");
  EXPECT_EQ(hold("MAYBE"), "400 MalformedXML");
  EXPECT_EQ(hold("OFF"), "200");
  EXPECT_EQ(remove(), "200");
}

TEST_F(ObjectLock, OfTheBucketIsGivenToItsNewObjects) {
  EXPECT_EQ(configure("locked", {.mode = "COMPLIANCE", .days = 1}), "200");
  version = *s3.put("locked", "k", "y").version_id;
  const auto head = s3.call<HeadObject>({.bucket = "locked", .key = "k"});
  EXPECT_EQ(head.object_lock_mode, "COMPLIANCE");
  EXPECT_EQ(head.object_lock_retain_until_date, s3.now() + hours(24));
  EXPECT_EQ(remove(), "403 AccessDenied");
  EXPECT_EQ(configure("locked", {.mode = "COMPLIANCE", .days = 1, .years = 1}), "400 MalformedXML");
  EXPECT_EQ(configure("locked", {.mode = "COMPLIANCE", .days = 0}), "400 InvalidRetentionPeriod");
  EXPECT_EQ(configure("locked", {.mode = "compliance", .years = 1}), "400 MalformedXML");
}

TEST_F(ObjectLock, NeedsVersionsForEver) {
  EXPECT_EQ(configure("plain", {.mode = "GOVERNANCE", .days = 1}), "409 InvalidBucketState");
  EXPECT_EQ(s3.outcome<PutBucketVersioning>(
                {.bucket = "locked", .versioning_configuration = {.status = "Suspended"}}),
            "409 InvalidBucketState");
  s3.call<PutBucketVersioning>({.bucket = "plain", .versioning_configuration = {.status = "Enabled"}});
  EXPECT_EQ(configure("plain", {.mode = "GOVERNANCE", .days = 1}), "200");
}

TEST_F(ObjectLock, IsRefusedWhereTheBucketHasNone) {
  PutObjectRequest request{.bucket = "plain", .key = "l"};
  request.object_lock_legal_hold_status = "ON";
  EXPECT_EQ(s3.outcome<PutObject>(std::move(request)), "400 InvalidRequest");
  EXPECT_EQ(s3.outcome<GetObjectRetention>({.bucket = "plain", .key = "k"}), "400 InvalidRequest");
  EXPECT_EQ(s3.outcome<GetObjectLockConfiguration>({.bucket = "plain"}),
            "404 ObjectLockConfigurationNotFoundError");
  PutObjectRequest half{.bucket = "locked", .key = "l"};
  half.object_lock_mode = "GOVERNANCE";
  EXPECT_EQ(s3.outcome<PutObject>(std::move(half)), "400 InvalidArgument");
}

TEST_F(ObjectLock, OfOneObjectDoesNotKeepTheOthersOfARequest) {
  retain("GOVERNANCE", s3.now() + hours(1));
  const std::string other = *s3.put("locked", "other", "x").version_id;
  const auto output = s3.call<DeleteObjects>(
      {.bucket = "locked",
       .delete_ = {.objects = {{.key = "k", .version_id = version}, {.key = "other", .version_id = other}}}});
  ASSERT_EQ(output.errors.size(), 1u);
  EXPECT_EQ(output.errors.front().code, "AccessDenied");
  EXPECT_EQ(output.errors.front().key, "k");
  ASSERT_EQ(output.deleted.size(), 1u);
  EXPECT_EQ(output.deleted.front().key, "other");
}

}  // namespace

}  // namespace holm::s3

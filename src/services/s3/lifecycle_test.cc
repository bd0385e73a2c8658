// Lifecycle rules: which are taken, and what the daily job does.

#include "services/s3/lifecycle.h"

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

using std::chrono::days;

class Lifecycle : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }

  std::string set(LifecycleRule rule) {
    rule.status = rule.status.empty() ? "Enabled" : rule.status;
    if (!rule.filter && !rule.prefix) rule.prefix = "";
    return s3.outcome<PutBucketLifecycleConfiguration>(
        {.bucket = "bbb",
         .lifecycle_configuration = BucketLifecycleConfiguration{.rules = {std::move(rule)}}});
  }
  void enable_versions() {
    s3.call<PutBucketVersioning>({.bucket = "bbb", .versioning_configuration = {.status = "Enabled"}});
  }
  // What is left after that many days, with the job run on each.
  std::string keys_after(int count) {
    for (int day = 0; day < count; ++day) {
      s3.wait(days(1));
      s3.jobs().run_due();
    }
    std::string keys;
    for (const Object& object : s3.call<ListObjectsV2>({.bucket = "bbb"}).contents) keys += *object.key + " ";
    return keys;
  }
  size_t versions() {
    const auto output = s3.call<ListObjectVersions>({.bucket = "bbb"});
    return output.versions.size() + output.delete_markers.size();
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Lifecycle, EndsObjectsAfterTheirDays) {
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.days = 2}, .prefix = "logs/"}), "200");
  s3.put("bbb", "logs/a", std::string(100'000, 'x'));
  s3.put("bbb", "kept", "x");
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "logs/a"}).expiration.value_or("").substr(0, 43),
            "expiry-date=\"Sun, 04 Jan 2026 00:00:00 GMT\"")
      << "from the midnight after it was made";
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "kept"}).expiration, std::nullopt);
  EXPECT_TRUE(s3.call<CopyObject>({.bucket = "bbb", .copy_source = "bbb/kept", .key = "logs/b"})
                  .expiration.has_value());
  s3.call<DeleteObject>({.bucket = "bbb", .key = "logs/b"});
  EXPECT_EQ(keys_after(2), "kept logs/a ");
  EXPECT_EQ(keys_after(1), "kept ");
  EXPECT_EQ(s3.blob_count(), 0u);
}

TEST_F(Lifecycle, HidesVersionsThenRemovesThem) {
  enable_versions();
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.days = 1},
                 .noncurrent_version_expiration = NoncurrentVersionExpiration{.noncurrent_days = 1}}),
            "200");
  s3.put("bbb", "k", "x");
  EXPECT_EQ(keys_after(2), "");
  EXPECT_EQ(versions(), 2u) << "the version and the marker that hides it";
  keys_after(2);
  EXPECT_EQ(versions(), 1u) << "the marker";
  keys_after(1);
  EXPECT_EQ(versions(), 0u) << "a marker that hides nothing goes as well";
}

TEST_F(Lifecycle, KeepsSoManyNewerVersions) {
  enable_versions();
  set({.noncurrent_version_expiration =
           NoncurrentVersionExpiration{.noncurrent_days = 1, .newer_noncurrent_versions = 2}});
  for (int i = 0; i < 6; ++i) s3.put("bbb", "k", "x");
  keys_after(3);
  EXPECT_EQ(versions(), 3u) << "the current one and two more";
}

TEST_F(Lifecycle, LeavesWhatIsLocked) {
  enable_versions();
  s3.call<PutObjectLockConfiguration>(
      {.bucket = "bbb",
       .object_lock_configuration = ObjectLockConfiguration{
           .object_lock_enabled = "Enabled",
           .rule = ObjectLockRule{.default_retention = DefaultRetention{.mode = "COMPLIANCE", .days = 30}}}});
  set({.noncurrent_version_expiration = NoncurrentVersionExpiration{.noncurrent_days = 1}});
  s3.put("bbb", "k", "x");
  s3.put("bbb", "k", "y");
  keys_after(5);
  EXPECT_EQ(versions(), 2u);
}

TEST_F(Lifecycle, IsAboutTagsAndSizesTogether) {
  LifecycleRuleAndOperator both{
      .prefix = "a", .tags = {{.key = "k", .value = "v"}}, .object_size_greater_than = 2};
  set({.expiration = LifecycleExpiration{.days = 1}, .filter = LifecycleRuleFilter{.and_ = both}});
  auto put = [&](const std::string& key, const std::string& content, const std::string& tagging) {
    PutObjectRequest request{.bucket = "bbb", .key = key, .tagging = tagging};
    request.body = std::make_shared<async::StringSource>(content);
    s3.call<PutObject>(std::move(request));
  };
  put("a1", "xxx", "k=v");
  put("a2", "xx", "k=v");
  put("a3", "xxx", "k=other");
  put("b", "xxx", "k=v");
  EXPECT_EQ(keys_after(2), "a2 a3 b ");
}

TEST_F(Lifecycle, MovesOnlyWhatIsLargeEnough) {
  set({.prefix = "", .transitions = {{.days = 0, .storage_class = "GLACIER_IR"}}});
  s3.put("bbb", "small", "x");
  s3.put("bbb", "large", std::string(128 * 1024, 'x'));
  keys_after(1);
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "small"}).storage_class, std::nullopt);
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "large"}).storage_class, "GLACIER_IR");
}

TEST_F(Lifecycle, MovesOnlyDownwards) {
  set({.prefix = "",
       .transitions = {{.days = 0, .storage_class = "GLACIER"}, {.days = 3, .storage_class = "GLACIER_IR"}}});
  s3.put("bbb", "k", std::string(128 * 1024, 'x'));
  keys_after(1);
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "k"}).storage_class, "GLACIER");
  EXPECT_EQ(s3.outcome<GetObject>({.bucket = "bbb", .key = "k"}), "403 InvalidObjectState");
  keys_after(4);
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "k"}).storage_class, "GLACIER");
}

TEST_F(Lifecycle, ArchivesWhatIsSmallWhereThatIsAsked) {
  LifecycleRule rule{.prefix = "",
                     .status = "Enabled",
                     .transitions = {{.days = 0, .storage_class = "GLACIER_IR"},
                                     {.days = 1, .storage_class = "DEEP_ARCHIVE"}}};
  auto set_for = [&](const std::string& size) {
    return s3.outcome<PutBucketLifecycleConfiguration>(
        {.bucket = "bbb",
         .lifecycle_configuration = BucketLifecycleConfiguration{.rules = {rule}},
         .transition_default_minimum_object_size = size});
  };
  EXPECT_EQ(set_for("none"), "400 InvalidRequest");
  EXPECT_EQ(set_for("varies_by_storage_class"), "200");
  EXPECT_EQ(
      s3.call<GetBucketLifecycleConfiguration>({.bucket = "bbb"}).transition_default_minimum_object_size,
      "varies_by_storage_class");
  s3.put("bbb", "small", "x");
  keys_after(1);
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "small"}).storage_class, std::nullopt);
  keys_after(1);
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "small"}).storage_class, "DEEP_ARCHIVE");
}

TEST_F(Lifecycle, EndsUploadsThatNobodyCompletes) {
  set({.prefix = "",
       .abort_incomplete_multipart_upload = AbortIncompleteMultipartUpload{.days_after_initiation = 1}});
  const auto upload = s3.call<CreateMultipartUpload>({.bucket = "bbb", .key = "k"});
  EXPECT_EQ(upload.abort_date, s3.now() + days(2)) << "at the end of tomorrow";
  EXPECT_FALSE(upload.abort_rule_id.value_or("").empty());
  keys_after(1);
  EXPECT_EQ(s3.call<ListMultipartUploads>({.bucket = "bbb"}).uploads.size(), 1u);
  keys_after(1);
  EXPECT_EQ(s3.call<ListMultipartUploads>({.bucket = "bbb"}).uploads.size(), 0u);
}

TEST_F(Lifecycle, RulesThatSayNothingOrTooMuchAreRefused) {
  EXPECT_EQ(set({}), "400 InvalidRequest");
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.days = 0}}), "400 InvalidArgument");
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.date = s3.now() + std::chrono::hours(1)}}),
            "400 InvalidArgument");
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.date = s3.now(), .days = 1}}), "400 MalformedXML");
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.days = 1}, .id = std::string(256, 'a')}),
            "400 InvalidArgument");
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.days = 1}, .status = "enabled"}), "400 MalformedXML");
  EXPECT_EQ(set({.transitions = {{.days = 1, .storage_class = "STANDARD_IA"}}}), "400 InvalidArgument");
  EXPECT_EQ(set({.transitions = {{.days = 1, .storage_class = "NOWHERE"}}}), "400 MalformedXML");
  EXPECT_EQ(set({.expiration = LifecycleExpiration{.days = 5},
                 .transitions = {{.days = 5, .storage_class = "GLACIER"}}}),
            "400 InvalidArgument")
      << "it would end where it moved to at once";
  EXPECT_EQ(s3.outcome<GetBucketLifecycleConfiguration>({.bucket = "bbb"}),
            "404 NoSuchLifecycleConfiguration");
  EXPECT_EQ(s3.outcome<DeleteBucketLifecycle>({.bucket = "bbb"}), "200");
}

}  // namespace

}  // namespace holm::s3

// Archives: what cannot be read there, and for how long it can once it was restored.

#include "services/s3/archive.h"

#include <gtest/gtest.h>

#include "formats/json.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

using std::chrono::days;

class Archives : public ::testing::Test {
 protected:
  void SetUp() override {
    s3.create_bucket("bbb");
    put("k", "GLACIER");
  }

  void put(const std::string& key, const std::string& storage_class) {
    PutObjectRequest request{.bucket = "bbb", .key = key, .storage_class = storage_class};
    request.body = std::make_shared<async::StringSource>("hello");
    s3.call<PutObject>(std::move(request));
  }
  std::string restore(const std::string& key, RestoreRequest request) {
    return s3.outcome<RestoreObject>({.bucket = "bbb", .key = key, .restore_request = std::move(request)});
  }
  std::string header() { return s3.call<HeadObject>({.bucket = "bbb", .key = "k"}).restore.value_or(""); }
  std::string read() { return s3.outcome<GetObject>({.bucket = "bbb", .key = "k"}); }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Archives, HaveToBeRestoredBeforeTheyAreRead) {
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "k"}).storage_class, "GLACIER");
  EXPECT_EQ(read(), "403 InvalidObjectState");
  EXPECT_EQ(s3.outcome<CopyObject>({.bucket = "bbb", .copy_source = "bbb/k", .key = "copy"}),
            "403 InvalidObjectState");
  EXPECT_EQ(header(), "");

  EXPECT_EQ(
      s3.call<RestoreObject>({.bucket = "bbb", .key = "k", .restore_request = RestoreRequest{.days = 2}})
          .status_code,
      202);
  EXPECT_EQ(header(), "ongoing-request=\"true\"");
  EXPECT_EQ(read(), "403 InvalidObjectState");
  EXPECT_EQ(restore("k", {.days = 2}), "409 RestoreAlreadyInProgress");

  s3.jobs().run_due();
  EXPECT_EQ(header(), "ongoing-request=\"false\", expiry-date=\"Sun, 04 Jan 2026 00:00:00 GMT\"")
      << "two days from now, and the rest of that day";
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k"}), "hello");
  EXPECT_EQ(s3.outcome<CopyObject>({.bucket = "bbb", .copy_source = "bbb/k", .key = "copy"}), "200");

  s3.wait(days(3));
  EXPECT_EQ(read(), "403 InvalidObjectState") << "before the job has looked, too";
  s3.jobs().run_due();
  EXPECT_EQ(header(), "");
}

TEST_F(Archives, StayReadableForAsLongAsWasAskedForLast) {
  restore("k", {.days = 1});
  s3.jobs().run_due();
  EXPECT_EQ(
      s3.call<RestoreObject>({.bucket = "bbb", .key = "k", .restore_request = RestoreRequest{.days = 9}})
          .status_code,
      std::nullopt)
      << "200: there is a copy already";
  s3.wait(days(5));
  s3.jobs().run_due();
  EXPECT_EQ(read(), "200");
  restore("k", {.days = 1});
  s3.wait(days(2));
  s3.jobs().run_due();
  EXPECT_EQ(read(), "403 InvalidObjectState");
  EXPECT_EQ(restore("k", {.days = 1}), "200") << "as often as one likes";
}

TEST_F(Archives, TellListsThatAskWhatIsRestored) {
  restore("k", {.days = 1});
  ListObjectsV2Request request{.bucket = "bbb"};
  EXPECT_EQ(s3.call<ListObjectsV2>(request).contents.at(0).restore_status, std::nullopt);
  request.optional_object_attributes = {"RestoreStatus"};
  EXPECT_EQ(s3.call<ListObjectsV2>(request).contents.at(0).restore_status->is_restore_in_progress, true);
  s3.jobs().run_due();
  const auto status = s3.call<ListObjectsV2>(request).contents.at(0).restore_status;
  EXPECT_EQ(status->is_restore_in_progress, false);
  EXPECT_TRUE(status->restore_expiry_date.has_value());
}

TEST_F(Archives, TellWhatBecomesOfThem) {
  TopicConfiguration topic{.topic_arn = "arn:aws:sns:eu-west-1:123456789012:t",
                           .events = {"s3:ObjectRestore:*"}};
  s3.call<PutBucketNotificationConfiguration>(
      {.bucket = "bbb", .notification_configuration = {.topic_configurations = {topic}}});
  restore("k", {.days = 1});
  while (s3.jobs().run_due() > 0) continue;
  s3.wait(days(2));
  while (s3.jobs().run_due() > 0) continue;
  std::string names;
  for (const std::string& text : s3.published()) {
    const auto message = formats::parse_json(text).value();
    if (const formats::Value* records = message.find("Records"))
      names += *records->as_array()->at(0).find("eventName")->as_string() + " ";
  }
  EXPECT_EQ(names, "ObjectRestore:Post ObjectRestore:Completed ObjectRestore:Delete ");
}

TEST_F(Archives, RefuseWhatCannotBeRestored) {
  put("plain", "STANDARD");
  put("deep", "DEEP_ARCHIVE");
  EXPECT_EQ(restore("plain", {.days = 1}), "403 InvalidObjectState");
  EXPECT_EQ(restore("none", {.days = 1}), "404 NoSuchKey");
  EXPECT_EQ(restore("k", {}), "400 MalformedXML");
  EXPECT_EQ(restore("k", {.days = 0}), "400 InvalidArgument");
  EXPECT_EQ(restore("deep", {.days = 1, .glacier_job_parameters = GlacierJobParameters{.tier = "Expedited"}}),
            "400 InvalidArgument");
  EXPECT_EQ(restore("deep", {.days = 1, .glacier_job_parameters = GlacierJobParameters{.tier = "Bulk"}}),
            "200");
}

}  // namespace

}  // namespace holm::s3

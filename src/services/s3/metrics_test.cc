// What S3 measures: how much buckets hold, and requests for whoever asked for them.

#include <gtest/gtest.h>

#include "services/s3/request_metrics.h"
#include "services/s3/storage_metrics.h"
#include "services/s3/test_place.h"

namespace holm::s3 {
namespace {

using namespace std::chrono_literals;

class MetricsTest : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("shop"); }

  std::string put(MetricsConfiguration configuration) {
    const std::string id = configuration.id;
    return s3.outcome<PutBucketMetricsConfiguration>(
        {.bucket = "shop", .id = id, .metrics_configuration = std::move(configuration)});
  }
  void request(const std::string& operation, const std::string& method, const std::string& key,
               int status = 200, uint64_t bytes_received = 0) {
    const aws::Caller caller = s3.caller(kTestAccount, "eu-west-1", "test");
    const std::string path = "/shop/" + key;
    s3.service().request_log().record({.caller = caller,
                                       .operation = operation,
                                       .method = method,
                                       .target = path,
                                       .path = path,
                                       .query = {},
                                       .status = status,
                                       .error_code = {},
                                       .bytes_sent = 100,
                                       .bytes_received = bytes_received,
                                       .signature = {},
                                       .duration = 7ms,
                                       .until_first_byte = 3ms});
  }
  // As KeptMetrics names it.
  metrics::Statistics of(const std::string& name, const std::string& filter = "all") {
    return s3.measured().of("AWS/S3 " + name + " BucketName=shop FilterId=" + filter);
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(MetricsTest, RequestsAreCountedByTheirKind) {
  EXPECT_FALSE(s3.service().request_log().is_wanted());
  EXPECT_EQ(put({.id = "all"}), "200");
  EXPECT_TRUE(s3.service().request_log().is_wanted());
  request("GetObject", "GET", "a");
  request("GetObject", "GET", "b", 404);
  request("PutObject", "PUT", "a", 200, 50);
  request("ListObjectsV2", "GET", "");
  request("HeadObject", "HEAD", "a");
  request("DeleteObjects", "POST", "");
  EXPECT_EQ(of("AllRequests").sum, 6);
  EXPECT_EQ(of("GetRequests").sum, 2);
  EXPECT_EQ(of("PutRequests").sum, 1);
  EXPECT_EQ(of("ListRequests").sum, 1);
  EXPECT_EQ(of("HeadRequests").sum, 1);
  EXPECT_EQ(of("DeleteRequests").sum, 1);
  EXPECT_EQ(of("4xxErrors").sum, 1);
  EXPECT_EQ(of("4xxErrors").count, 6);
  EXPECT_EQ(of("BytesUploaded").sum, 50);
  EXPECT_EQ(of("BytesDownloaded").sum, 200) << "of the object and the list; an error is neither";
  EXPECT_EQ(of("TotalRequestLatency").max, 7);
  EXPECT_EQ(of("FirstByteLatency").count, 5) << "not of what came with a body";
}

TEST_F(MetricsTest, FiltersAreOfPrefixesAndTags) {
  s3.call<PutObject>({.body = std::make_shared<async::StringSource>("x"),
                      .bucket = "shop",
                      .key = "photos/a",
                      .tagging = "kind=cat"});
  EXPECT_EQ(put({.id = "photos", .filter = MetricsFilter{.prefix = "photos/"}}), "200");
  const MetricsAndOperator both{.prefix = "photos/", .tags = {{.key = "kind", .value = "cat"}}};
  EXPECT_EQ(put({.id = "cats", .filter = MetricsFilter{.and_ = both}}), "200");
  request("GetObject", "GET", "photos/a");
  request("GetObject", "GET", "photos/b");
  request("GetObject", "GET", "notes/a");
  EXPECT_EQ(of("AllRequests", "photos").sum, 2);
  EXPECT_EQ(of("AllRequests", "cats").sum, 1);
}

TEST_F(MetricsTest, ConfigurationsComeAndGo) {
  EXPECT_EQ(put({.id = "b", .filter = MetricsFilter{.prefix = "a", .tag = Tag{.key = "k", .value = "v"}}}),
            "400 MalformedXML");
  EXPECT_EQ(put({.id = "b"}), "200");
  EXPECT_EQ(put({.id = "a"}), "200");
  const auto listed = s3.call<ListBucketMetricsConfigurations>({.bucket = "shop"});
  ASSERT_EQ(listed.metrics_configuration_list.size(), 2u);
  EXPECT_EQ(listed.metrics_configuration_list[0].id, "a");
  s3.call<DeleteBucketMetricsConfiguration>({.bucket = "shop", .id = "a"});
  s3.call<DeleteBucketMetricsConfiguration>({.bucket = "shop", .id = "b"});
  EXPECT_FALSE(s3.service().request_log().is_wanted());
  EXPECT_EQ(s3.outcome<GetBucketMetricsConfiguration>({.bucket = "shop", .id = "a"}),
            "404 NoSuchConfiguration");
}

TEST_F(MetricsTest, StorageIsMeasuredEveryDay) {
  s3.call<PutObject>({.body = std::make_shared<async::StringSource>("12345"), .bucket = "shop", .key = "a"});
  s3.call<PutObject>({.body = std::make_shared<async::StringSource>("123"), .bucket = "shop", .key = "b"});
  s3.call<PutObject>({.body = std::make_shared<async::StringSource>("1234567"),
                      .bucket = "shop",
                      .key = "c",
                      .storage_class = "STANDARD_IA"});
  s3.wait(24h);
  s3.jobs().run_due();
  auto size_of = [&](const std::string& type) {
    return s3.measured().of("AWS/S3 BucketSizeBytes BucketName=shop StorageType=" + type).sum;
  };
  EXPECT_EQ(size_of("StandardStorage"), 8);
  EXPECT_EQ(size_of("StandardIAStorage"), 7);
  EXPECT_EQ(s3.measured().of("AWS/S3 NumberOfObjects BucketName=shop StorageType=AllStorageTypes").sum, 3);
}

}  // namespace
}  // namespace holm::s3

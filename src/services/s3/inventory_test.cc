// Inventories: which there may be, and what is delivered.

#include "services/s3/inventory.h"

#include <gtest/gtest.h>

#include "formats/json.h"
#include "http/gzip.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

using std::chrono::days;

class Inventories : public ::testing::Test {
 protected:
  void SetUp() override {
    s3.create_bucket("bbb");
    s3.create_bucket("lists");
  }

  static InventoryConfiguration daily() {
    return {.destination = {.s3_bucket_destination = {.bucket = "arn:aws:s3:::lists",
                                                      .format = "CSV",
                                                      .prefix = "x"}},
            .is_enabled = true,
            .id = "all",
            .included_object_versions = "Current",
            .optional_fields = {"StorageClass", "Size"},
            .schedule = {.frequency = "Daily"}};
  }
  std::string set(const InventoryConfiguration& configuration) {
    return s3.outcome<PutBucketInventoryConfiguration>(
        {.bucket = "bbb", .id = "all", .inventory_configuration = configuration});
  }
  std::vector<std::string> keys_after_days(int count) {
    for (int i = 0; i < count; ++i) {
      s3.wait(days(1));
      s3.jobs().run_due();
    }
    std::vector<std::string> keys;
    for (const Object& object : s3.call<ListObjectsV2>({.bucket = "lists"}).contents)
      keys.push_back(*object.key);
    return keys;
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Inventories, AreDeliveredWithAManifest) {
  s3.put("bbb", "a \"b\"", "hello");
  s3.put("bbb", "c", "");
  EXPECT_EQ(set(daily()), "200");
  const auto keys = keys_after_days(1);
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0], "x/bbb/all/2026-01-02T00-00Z/manifest.checksum");
  EXPECT_EQ(keys[1], "x/bbb/all/2026-01-02T00-00Z/manifest.json");
  const auto manifest = formats::parse_json(s3.get({.bucket = "lists", .key = keys[1]})).value();
  EXPECT_EQ(*manifest.find("sourceBucket")->as_string(), "bbb");
  EXPECT_EQ(*manifest.find("fileSchema")->as_string(), "Bucket, Key, Size, StorageClass") << "in AWS's order";
  const formats::Value& file = manifest.find("files")->as_array()->at(0);
  EXPECT_EQ(*file.find("key")->as_string(), keys[2]);
  const auto lines = http::gunzip(s3.get({.bucket = "lists", .key = keys[2]}), 1000);
  ASSERT_TRUE(lines.has_value());
  EXPECT_EQ(*lines, "\"bbb\",\"a%20%22b%22\",\"5\",\"STANDARD\"\n\"bbb\",\"c\",\"0\",\"STANDARD\"\n");
}

TEST_F(Inventories, OfAllVersionsSayWhichTheyAre) {
  s3.call<PutBucketVersioning>({.bucket = "bbb", .versioning_configuration = {.status = "Enabled"}});
  s3.put("bbb", "k", "x");
  s3.call<DeleteObject>({.bucket = "bbb", .key = "k"});
  InventoryConfiguration all = daily();
  all.included_object_versions = "All";
  all.optional_fields = {};
  EXPECT_EQ(set(all), "200");
  const auto keys = keys_after_days(1);
  const std::string lines = http::gunzip(s3.get({.bucket = "lists", .key = keys.at(2)}), 1000).value();
  EXPECT_NE(lines.find("\"false\",\"false\"\n"), std::string::npos) << lines;
  EXPECT_NE(lines.find("\"true\",\"true\"\n"), std::string::npos) << lines;
}

TEST_F(Inventories, ComeOnSundaysOrEveryDay) {
  InventoryConfiguration weekly = daily();
  weekly.schedule.frequency = "Weekly";
  EXPECT_EQ(set(weekly), "200");
  EXPECT_EQ(keys_after_days(2).size(), 0u) << "Friday and Saturday";
  EXPECT_EQ(keys_after_days(1).size(), 2u) << "Sunday, of an empty bucket";
  EXPECT_EQ(keys_after_days(6).size(), 2u);
  weekly.is_enabled = false;
  EXPECT_EQ(set(weekly), "200");
  EXPECT_EQ(keys_after_days(1).size(), 2u);
}

TEST_F(Inventories, AreKeptReadAndRemoved) {
  EXPECT_EQ(set(daily()), "200");
  const auto got = s3.call<GetBucketInventoryConfiguration>({.bucket = "bbb", .id = "all"});
  EXPECT_EQ(got.inventory_configuration->schedule.frequency, "Daily");
  EXPECT_EQ(s3.call<ListBucketInventoryConfigurations>({.bucket = "bbb"}).inventory_configuration_list.size(),
            1u);
  EXPECT_EQ(s3.outcome<DeleteBucketInventoryConfiguration>({.bucket = "bbb", .id = "all"}), "200");
  EXPECT_EQ(s3.outcome<GetBucketInventoryConfiguration>({.bucket = "bbb", .id = "all"}),
            "404 NoSuchConfiguration");
  EXPECT_EQ(s3.outcome<DeleteBucketInventoryConfiguration>({.bucket = "bbb", .id = "all"}),
            "404 NoSuchConfiguration");
  EXPECT_EQ(keys_after_days(2).size(), 0u);
}

TEST_F(Inventories, ThatCannotBeMadeAreRefused) {
  InventoryConfiguration wrong = daily();
  wrong.id = "other";
  EXPECT_EQ(set(wrong), "400 IdMismatch");
  wrong = daily();
  wrong.destination.s3_bucket_destination.bucket = "arn:aws:s3:::none";
  EXPECT_EQ(set(wrong), "400 InvalidS3DestinationBucket");
  wrong = daily();
  wrong.destination.s3_bucket_destination.format = "ORC";
  EXPECT_EQ(set(wrong), "501 NotImplemented");
  wrong = daily();
  wrong.optional_fields = {"IntelligentTieringAccessTier"};
  EXPECT_EQ(set(wrong), "501 NotImplemented");
}

TEST_F(Inventories, OtherConfigurationsAreNotSet) {
  EXPECT_EQ(s3.outcome<GetBucketAnalyticsConfiguration>({.bucket = "bbb", .id = "a"}),
            "404 NoSuchConfiguration");
  EXPECT_EQ(s3.outcome<GetBucketMetricsConfiguration>({.bucket = "bbb", .id = "a"}),
            "404 NoSuchConfiguration");
  EXPECT_EQ(s3.outcome<GetBucketIntelligentTieringConfiguration>({.bucket = "bbb", .id = "a"}),
            "404 NoSuchConfiguration");
  EXPECT_EQ(s3.outcome<ListBucketMetricsConfigurations>({.bucket = "none"}), "404 NoSuchBucket");
  EXPECT_EQ(s3.call<ListBucketAnalyticsConfigurations>({.bucket = "bbb"}).is_truncated, false);
}

}  // namespace

}  // namespace holm::s3

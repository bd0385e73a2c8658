// What nobody uses for long goes to the tiers of archives, and comes back when it is restored.

#include "services/s3/tiering.h"

#include <gtest/gtest.h>

#include "formats/json.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

using std::chrono::days;

constexpr size_t kWatchedBytes = 128 * 1024;

class Tiers : public ::testing::Test {
 protected:
  void SetUp() override {
    s3.create_bucket("bbb");
    put("k", "INTELLIGENT_TIERING");
  }

  void put(const std::string& key, const std::string& storage_class, size_t bytes = kWatchedBytes) {
    PutObjectRequest request{.bucket = "bbb", .key = key, .storage_class = storage_class};
    request.body = std::make_shared<async::StringSource>(std::string(bytes, 'x'));
    s3.call<PutObject>(std::move(request));
  }

  static IntelligentTieringConfiguration configuration(std::vector<Tiering> tierings) {
    return {.id = "rule", .status = "Enabled", .tierings = std::move(tierings)};
  }
  std::string set(IntelligentTieringConfiguration wanted) {
    return s3.outcome<PutBucketIntelligentTieringConfiguration>(
        {.bucket = "bbb", .id = "rule", .intelligent_tiering_configuration = std::move(wanted)});
  }
  void set_both() {
    ASSERT_EQ(set(configuration({{.days = 90, .access_tier = "ARCHIVE_ACCESS"},
                                 {.days = 180, .access_tier = "DEEP_ARCHIVE_ACCESS"}})),
              "200");
  }

  void pass(int count) {
    s3.wait(days(count));
    while (s3.jobs().run_due() > 0) continue;
  }
  std::string tier(const std::string& key = "k") {
    return s3.call<HeadObject>({.bucket = "bbb", .key = key}).archive_status.value_or("");
  }
  std::string read() { return s3.outcome<GetObject>({.bucket = "bbb", .key = "k"}); }
  std::string restore(RestoreRequest request) {
    return s3.outcome<RestoreObject>({.bucket = "bbb", .key = "k", .restore_request = std::move(request)});
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Tiers, HoldWhatWasNotUsedForSoManyDays) {
  set_both();
  pass(89);
  EXPECT_EQ(tier(), "");
  pass(2);
  EXPECT_EQ(tier(), "ARCHIVE_ACCESS");
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "k"}).storage_class, "INTELLIGENT_TIERING");
  EXPECT_EQ(read(), "403 InvalidObjectState");
  EXPECT_EQ(s3.outcome<CopyObject>({.bucket = "bbb", .copy_source = "bbb/k", .key = "copy"}),
            "403 InvalidObjectState");
  pass(90);
  EXPECT_EQ(tier(), "DEEP_ARCHIVE_ACCESS");
}

TEST_F(Tiers, DoNotTakeWhatIsUsed) {
  set_both();
  for (int i = 0; i < 4; ++i) {
    pass(60);
    EXPECT_EQ(read(), "200") << i;
    EXPECT_EQ(tier(), "") << i;
  }
  pass(60);
  EXPECT_EQ(s3.outcome<CopyObject>({.bucket = "bbb", .copy_source = "bbb/k", .key = "copy"}), "200");
  pass(60);
  EXPECT_EQ(tier(), "") << "a copy uses its source";
  pass(31);
  EXPECT_EQ(tier(), "ARCHIVE_ACCESS") << "to look at it is no use";
}

TEST_F(Tiers, TakeOnlyWhatIsWatched) {
  put("small", "INTELLIGENT_TIERING", kWatchedBytes - 1);
  put("standard", "STANDARD");
  set_both();
  pass(200);
  EXPECT_EQ(tier("small"), "");
  EXPECT_EQ(tier("standard"), "");
  EXPECT_EQ(tier(), "DEEP_ARCHIVE_ACCESS");
}

TEST_F(Tiers, TakeOnlyWhatTheFilterIsAbout) {
  put("old/k", "INTELLIGENT_TIERING");
  s3.call<PutObjectTagging>(
      {.bucket = "bbb", .key = "old/k", .tagging = {.tag_set = {{.key = "kind", .value = "photo"}}}});
  IntelligentTieringConfiguration wanted = configuration({{.days = 90, .access_tier = "ARCHIVE_ACCESS"}});
  wanted.filter = IntelligentTieringFilter{
      .and_ = IntelligentTieringAndOperator{.prefix = "old/", .tags = {{.key = "kind", .value = "film"}}}};
  EXPECT_EQ(set(wanted), "200");
  pass(91);
  EXPECT_EQ(tier("old/k"), "");
  wanted.filter->and_->tags.at(0).value = "photo";
  EXPECT_EQ(set(wanted), "200");
  pass(1);
  EXPECT_EQ(tier("old/k"), "ARCHIVE_ACCESS");
  EXPECT_EQ(tier(), "");
}

TEST_F(Tiers, TakeNothingWhileTheyAreOff) {
  IntelligentTieringConfiguration wanted = configuration({{.days = 90, .access_tier = "ARCHIVE_ACCESS"}});
  wanted.status = "Disabled";
  EXPECT_EQ(set(wanted), "200");
  pass(91);
  EXPECT_EQ(tier(), "");
}

TEST_F(Tiers, GiveBackWhatIsRestoredForGood) {
  set_both();
  pass(91);
  EXPECT_EQ(restore({.days = 1}), "400 InvalidArgument");
  EXPECT_EQ(restore({}), "200");
  EXPECT_EQ(restore({}), "409 RestoreAlreadyInProgress");
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "k"}).restore, "ongoing-request=\"true\"");
  EXPECT_EQ(read(), "403 InvalidObjectState");
  s3.jobs().run_due();
  EXPECT_EQ(tier(), "");
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "k"}).restore, std::nullopt);
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k"}), std::string(kWatchedBytes, 'x'));
  pass(89);
  EXPECT_EQ(read(), "200") << "to restore it was to use it";
}

TEST_F(Tiers, AreToldOf) {
  TopicConfiguration topic{.topic_arn = "arn:aws:sns:eu-west-1:123456789012:t",
                           .events = {"s3:IntelligentTiering"}};
  s3.call<PutBucketNotificationConfiguration>(
      {.bucket = "bbb", .notification_configuration = {.topic_configurations = {topic}}});
  set_both();
  pass(91);
  const auto message = formats::parse_json(s3.published().back()).value();
  const formats::Value* record = &message.find("Records")->as_array()->at(0);
  EXPECT_EQ(*record->find("eventName")->as_string(), "IntelligentTiering");
  EXPECT_EQ(*record->find("intelligentTieringEventData")->find("destinationAccessTier")->as_string(),
            "ARCHIVE_ACCESS");
}

TEST_F(Tiers, ThatCannotBeAreRefused) {
  EXPECT_EQ(set(configuration({})), "400 MalformedXML");
  EXPECT_EQ(set(configuration({{.days = 89, .access_tier = "ARCHIVE_ACCESS"}})), "400 InvalidArgument");
  EXPECT_EQ(set(configuration({{.days = 179, .access_tier = "DEEP_ARCHIVE_ACCESS"}})), "400 InvalidArgument");
  EXPECT_EQ(set(configuration({{.days = 731, .access_tier = "ARCHIVE_ACCESS"}})), "400 InvalidArgument");
  EXPECT_EQ(set(configuration({{.days = 90, .access_tier = "ARCHIVE_ACCESS"},
                               {.days = 91, .access_tier = "ARCHIVE_ACCESS"}})),
            "400 InvalidArgument");
  IntelligentTieringConfiguration two = configuration({{.days = 90, .access_tier = "ARCHIVE_ACCESS"}});
  two.filter = IntelligentTieringFilter{.prefix = "a", .tag = Tag{.key = "a", .value = "b"}};
  EXPECT_EQ(set(two), "400 MalformedXML");
  two.filter.reset();
  two.id = "other";
  EXPECT_EQ(set(two), "400 MalformedXML");
  EXPECT_EQ(s3.outcome<DeleteBucketIntelligentTieringConfiguration>({.bucket = "bbb", .id = "rule"}),
            "404 NoSuchConfiguration");
}

}  // namespace

}  // namespace holm::s3

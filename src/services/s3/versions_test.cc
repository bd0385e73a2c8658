// Versions, delete markers and what is current.

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class Versions : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }
  void set(const std::string& status) {
    s3.call<PutBucketVersioning>({.bucket = "bbb", .versioning_configuration = {.status = status}});
  }
  std::string read(std::optional<std::string> version = std::nullopt) {
    return s3.get({.bucket = "bbb", .key = "k", .version_id = std::move(version)});
  }
  std::string head(std::optional<std::string> version = std::nullopt) {
    return s3.outcome<HeadObject>({.bucket = "bbb", .key = "k", .version_id = std::move(version)});
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Versions, StayUntilTheyAreDeletedByName) {
  s3.put("bbb", "k", "before");
  set("Enabled");
  const auto first = s3.put("bbb", "k", "first").version_id;
  const auto second = s3.put("bbb", "k", "second").version_id;
  ASSERT_TRUE(first && second && first != second);
  EXPECT_EQ(read(), "second");
  EXPECT_EQ(read(first), "first");
  EXPECT_EQ(read("null"), "before");
  const auto gone = s3.call<DeleteObject>({.bucket = "bbb", .key = "k"});
  EXPECT_EQ(gone.delete_marker, true);
  EXPECT_EQ(head(), "404 NoSuchKey");
  EXPECT_EQ(head(gone.version_id), "405 MethodNotAllowed");
  EXPECT_EQ(head(std::string(32, 'n')), "404 NoSuchVersion");
  EXPECT_EQ(head("none"), "400 InvalidArgument");
  EXPECT_EQ(read(second), "second");
  const auto marker = s3.call<DeleteObject>({.bucket = "bbb", .key = "k", .version_id = gone.version_id});
  EXPECT_EQ(marker.delete_marker, true);
  EXPECT_EQ(read(), "second") << "without the marker the object is back";
  s3.call<DeleteObject>({.bucket = "bbb", .key = "k", .version_id = second});
  EXPECT_EQ(read(), "first");
  EXPECT_EQ(s3.outcome<DeleteBucket>({.bucket = "bbb"}), "409 BucketNotEmpty");
}

TEST_F(Versions, NeedNoDeviceAndSayItOnceSomebodySaidSo) {
  auto told = [&] { return s3.call<GetBucketVersioning>({.bucket = "bbb"}).mfa_delete; };
  auto say = [&](std::optional<std::string> mfa_delete) {
    return s3.outcome<PutBucketVersioning>(
        {.bucket = "bbb",
         .versioning_configuration = {.mfa_delete = std::move(mfa_delete), .status = "Enabled"}});
  };
  EXPECT_EQ(say(std::nullopt), "200");
  EXPECT_EQ(told(), std::nullopt);
  EXPECT_EQ(say("Enabled"), "501 NotImplemented");
  EXPECT_EQ(told(), std::nullopt);
  EXPECT_EQ(say("Disabled"), "200");
  EXPECT_EQ(told(), "Disabled");
  EXPECT_EQ(say(std::nullopt), "200");
  EXPECT_EQ(told(), "Disabled");
}

TEST_F(Versions, OfManyAreRemovedEachForItself) {
  set("Enabled");
  const auto first = s3.put("bbb", "k", "first").version_id;
  const auto second = s3.put("bbb", "k", "second").version_id;
  const std::string missing(32, 'n');
  const auto output = s3.call<DeleteObjects>({.bucket = "bbb",
                                              .delete_ = {.objects = {{.key = "k", .version_id = first},
                                                                      {.key = "k", .version_id = "none"},
                                                                      {.key = "k", .version_id = missing}}}});
  ASSERT_EQ(output.deleted.size(), 2u);
  EXPECT_EQ(output.deleted[0].version_id, first);
  EXPECT_EQ(output.deleted[1].version_id, missing) << "what is gone may be deleted";
  ASSERT_EQ(output.errors.size(), 1u);
  EXPECT_EQ(output.errors[0].code, "NoSuchVersion");
  EXPECT_EQ(output.errors[0].version_id, "none");
  EXPECT_EQ(read(), "second");
}

TEST_F(Versions, SuspendedReplaceOnlyTheNullVersion) {
  set("Enabled");
  const auto kept = s3.put("bbb", "k", "kept").version_id;
  set("Suspended");
  EXPECT_EQ(s3.put("bbb", "k", "null 1").version_id, std::nullopt);
  s3.put("bbb", "k", "null 2");
  EXPECT_EQ(read("null"), "null 2");
  EXPECT_EQ(read(kept), "kept");
  const auto gone = s3.call<DeleteObject>({.bucket = "bbb", .key = "k"});
  EXPECT_EQ(gone.version_id, "null");
  EXPECT_EQ(head("null"), "405 MethodNotAllowed");
  EXPECT_EQ(read(kept), "kept");
}

}  // namespace

}  // namespace holm::s3

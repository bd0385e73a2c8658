// Which permissions operations need: the holes that other stores had are rows here.

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class Access : public ::testing::Test {
 protected:
  void SetUp() override {
    s3.create_bucket("bbb");
    s3.create_bucket("source");
    s3.put("bbb", "k", "x");
  }

  // "s3:GetObject arn:aws:s3:::bbb/k; …", or the status and code of an error.
  template <class Op>
  std::string needed(typename Op::Input input, aws::Principal principal = root()) {
    std::string text;
    aws::Caller caller{.account = kTestAccount, .region = "eu-west-1", .principal = std::move(principal)};
    try {
      s3.transact(caller, sql::Access::Read, [&](aws::Call& call) {
        const aws::Operation& operation = *aws::find_operation(model(), Op::name);
        for (const aws::Access& each : s3.service().access(operation, &input, call)) {
          text += (text.empty() ? "" : "; ") + each.action + " " +
                  each.resource.substr(each.resource.rfind(':') + 1);
        }
      });
    } catch (const aws::ServiceError& error) {
      return std::to_string(error.http_status) + " " + error.code;
    }
    return text;
  }

  static aws::Principal root() {
    return {.kind = aws::Principal::Kind::Root, .account = kTestAccount, .id = kTestAccount};
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Access, IsAskedForOnTheVeryObject) {
  EXPECT_EQ(needed<GetObject>({.bucket = "bbb", .key = "k"}), "s3:GetObject bbb/k");
  EXPECT_EQ(needed<HeadObject>({.bucket = "bbb", .key = "k"}), "s3:GetObject bbb/k");
  EXPECT_EQ(needed<GetObject>({.bucket = "bbb", .key = "k", .version_id = "null"}),
            "s3:GetObjectVersion bbb/k")
      << "reading a version is a right of its own";
  EXPECT_EQ(needed<GetObject>({.bucket = "bbb", .key = "none"}), "s3:ListBucket bbb")
      << "whether a key exists is known only to those who may list";
  EXPECT_EQ(needed<DeleteObject>({.bucket = "bbb", .key = "k", .version_id = "v"}),
            "s3:DeleteObjectVersion bbb/k");
  EXPECT_EQ(needed<DeleteObject>({.bucket = "bbb", .key = "../source/k"}), "s3:DeleteObject bbb/../source/k")
      << "a key is no path";
  EXPECT_EQ(needed<UploadPart>({.bucket = "bbb", .key = "k"}), "s3:PutObject bbb/k");
  EXPECT_EQ(needed<ListObjectsV2>({.bucket = "bbb"}), "s3:ListBucket bbb");
  EXPECT_EQ(needed<ListObjectVersions>({.bucket = "bbb"}), "s3:ListBucketVersions bbb");
  EXPECT_EQ(needed<PutObject>({.bucket = "bbb", .key = "k", .tagging = "a=b"}),
            "s3:PutObject bbb/k; s3:PutObjectTagging bbb/k");
  EXPECT_EQ(needed<DeleteObjects>({.bucket = "bbb", .delete_ = {.objects = {{.key = "a"}, {.key = "b"}}}}),
            "s3:DeleteObject bbb/a; s3:DeleteObject bbb/b");
}

TEST_F(Access, OfCopiesIsAskedForOnTheirSourceToo) {
  s3.put("source", "a b", "x");
  EXPECT_EQ(needed<CopyObject>({.bucket = "bbb", .copy_source = "source/a%20b", .key = "k"}),
            "s3:PutObject bbb/k; s3:GetObject source/a b");
  EXPECT_EQ(needed<CopyObject>({.bucket = "bbb", .copy_source = "/source/a%20b?versionId=null", .key = "k"}),
            "s3:PutObject bbb/k; s3:GetObjectVersion source/a b");
  EXPECT_EQ(needed<UploadPartCopy>({.bucket = "bbb", .copy_source = "source%2Fa%20b", .key = "k"}),
            "s3:PutObject bbb/k; s3:GetObject source/a b");
  EXPECT_EQ(needed<UploadPartCopy>({.bucket = "bbb", .copy_source = "none/k", .key = "k"}),
            "404 NoSuchBucket");
  for (const char* source : {"", "/", "bbb", "bbb/", "//k", "%zz/k"}) {
    EXPECT_EQ(needed<CopyObject>({.bucket = "bbb", .copy_source = source, .key = "k"}), "400 InvalidArgument")
        << source;
  }
}

TEST_F(Access, IsDeniedToStrangersWherePublicBucketsAreRestricted) {
  s3.call<PutPublicAccessBlock>({.bucket = "bbb"});
  s3.call<PutBucketPolicy>(
      {.bucket = "bbb",
       .policy =
           R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
           R"("Resource":"arn:aws:s3:::bbb/*"}]})"});
  EXPECT_EQ(needed<GetObject>({.bucket = "bbb", .key = "k"}, {}), "s3:GetObject bbb/k");
  s3.call<PutPublicAccessBlock>(
      {.bucket = "bbb", .public_access_block_configuration = {.restrict_public_buckets = true}});
  EXPECT_EQ(needed<GetObject>({.bucket = "bbb", .key = "k"}, {}), "403 AccessDenied");
  EXPECT_EQ(needed<GetObject>({.bucket = "bbb", .key = "k"}), "s3:GetObject bbb/k");
}

TEST_F(Access, IsDeniedWhereTheOwnerIsNotTheExpectedOne) {
  EXPECT_EQ(needed<HeadBucket>({.bucket = "bbb", .expected_bucket_owner = "999999999999"}),
            "403 AccessDenied");
  EXPECT_EQ(needed<HeadBucket>({.bucket = "bbb", .expected_bucket_owner = kTestAccount}),
            "s3:ListBucket bbb");
  s3.put("source", "k", "x");
  EXPECT_EQ(needed<CopyObject>({.bucket = "bbb",
                                .copy_source = "source/k",
                                .key = "k",
                                .expected_source_bucket_owner = "999999999999"}),
            "403 AccessDenied");
}

}  // namespace

}  // namespace holm::s3

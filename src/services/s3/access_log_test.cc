// Server access logs.

#include "services/s3/access_log.h"

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class AccessLogs : public ::testing::Test {
 protected:
  void SetUp() override {
    s3.create_bucket("source");
    s3.create_bucket("logs");
  }

  std::string set(LoggingEnabled logging) {
    return s3.outcome<PutBucketLogging>(
        {.bucket = "source", .bucket_logging_status = {.logging_enabled = std::move(logging)}});
  }
  void record(const std::string& path, const std::string& user_agent = "curl/8") {
    aws::Caller caller = s3.caller(kTestAccount, "eu-west-1", "test");
    caller.principal = {.kind = aws::Principal::Kind::User,
                        .account = kTestAccount,
                        .arn = "arn:aws:iam::123456789012:user/eric",
                        .id = "AIDA"};
    caller.source_ip = "192.0.2.3";
    caller.user_agent = user_agent;
    caller.host = "localhost:4566";
    caller.request_id = "request";
    s3.service().access_log().record({.caller = caller,
                                      .operation = "GetObject",
                                      .method = "GET",
                                      .target = path + "?versionId=null",
                                      .path = path,
                                      .query = "versionId=null",
                                      .status = 200,
                                      .error_code = {},
                                      .bytes_sent = 5,
                                      .signature = "SigV4",
                                      .duration = std::chrono::milliseconds(7)});
  }
  // What was delivered, after its time.
  std::string delivered() {
    s3.wait(std::chrono::minutes(1));
    s3.jobs().run_due();
    std::string text;
    for (const Object& object : s3.call<ListObjectsV2>({.bucket = "logs"}).contents)
      text += *object.key + "\n" + s3.get({.bucket = "logs", .key = *object.key});
    return text;
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(AccessLogs, AreLinesAsAwsWritesThem) {
  EXPECT_FALSE(s3.service().access_log().is_wanted());
  EXPECT_EQ(set({.target_bucket = "logs", .target_prefix = "log/"}), "200");
  EXPECT_TRUE(s3.service().access_log().is_wanted());
  s3.put("source", "a b", "hello");
  record("/source/a%20b");
  record("/source/a%20b", "evil\" \n\"forged");
  const std::string text = delivered();
  EXPECT_EQ(text.substr(0, 24), "log/2026-01-01-00-01-00-");
  const std::string owner = canonical_id(kTestAccount);
  EXPECT_NE(
      text.find("\n" + owner +
                " source [01/Jan/2026:00:00:00 +0000] 192.0.2.3 arn:aws:iam::123456789012:user/eric request"
                " REST.GET.OBJECT a%20b \"GET /source/a%20b?versionId=null HTTP/1.1\" 200 - 5 5 7 7 \"-\""
                " \"curl/8\" null cmVxdWVzdA== SigV4 - AuthHeader localhost:4566 - - -\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("\"evil_ __forged\""), std::string::npos) << "no client writes lines of its own";
  EXPECT_EQ(delivered(), text) << "nothing comes twice";
}

TEST_F(AccessLogs, OfOtherBucketsAreNotKept) {
  set({.target_bucket = "logs", .target_prefix = ""});
  record("/logs/x");
  record("/none/x");
  EXPECT_EQ(delivered(), "");
}

TEST_F(AccessLogs, CanBePartitioned) {
  set({.target_bucket = "logs",
       .target_prefix = "p/",
       .target_object_key_format = TargetObjectKeyFormat{.partitioned_prefix = PartitionedPrefix{}}});
  record("/source/x");
  EXPECT_EQ(delivered().substr(0, 63), "p/123456789012/eu-west-1/source/2026/01/01/2026-01-01-00-01-00-");
}

TEST_F(AccessLogs, GoOnlyWhereTheyMay) {
  EXPECT_EQ(set({.target_bucket = "none", .target_prefix = ""}), "400 InvalidTargetBucketForLogging");
  s3.act_as(kOtherAccount);
  s3.create_bucket("theirs");
  s3.act_as(kTestAccount);
  EXPECT_EQ(set({.target_bucket = "theirs", .target_prefix = ""}), "400 InvalidTargetBucketForLogging");
  EXPECT_EQ(s3.call<GetBucketLogging>({.bucket = "source"}).logging_enabled, std::nullopt);
}

TEST(LoggedOperation, SaysWhatWasAskedFor) {
  EXPECT_EQ(logged_operation("PutObject", "PUT", "", true), "REST.PUT.OBJECT");
  EXPECT_EQ(logged_operation("ListObjectsV2", "GET", "list-type=2&prefix=a", false), "REST.GET.BUCKET");
  EXPECT_EQ(logged_operation("UploadPart", "PUT", "partNumber=1&uploadId=x", true), "REST.PUT.PART");
  EXPECT_EQ(logged_operation("CompleteMultipartUpload", "POST", "uploadId=x", true), "REST.POST.UPLOAD");
  EXPECT_EQ(logged_operation("DeleteObjects", "POST", "delete", false), "REST.POST.MULTI_OBJECT_DELETE");
  EXPECT_EQ(logged_operation("CopyObject", "PUT", "", true), "REST.COPY.OBJECT");
  EXPECT_EQ(logged_operation("GetObjectTagging", "GET", "tagging", true), "REST.GET.OBJECT_TAGGING");
}

}  // namespace

}  // namespace holm::s3

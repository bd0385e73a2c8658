// Buckets and what is set on them.

#include <gtest/gtest.h>

#include "services/s3/cors.h"
#include "services/s3/public_access.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

// The status and message of a refused preflight.
std::string refusal(const CorsRules& rules, const aws::BrowserRequest& request) {
  try {
    rules.preflight(request);
    return "allowed";
  } catch (const aws::ServiceError& error) {
    return std::to_string(error.http_status) + " " + error.what();
  }
}

class Buckets : public ::testing::Test {
 protected:
  std::string create(const std::string& name, std::optional<std::string> region) {
    CreateBucketRequest request{.bucket = name};
    if (region)
      request.create_bucket_configuration = CreateBucketConfiguration{.location_constraint = region};
    return s3.outcome<CreateBucket>(std::move(request));
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Buckets, AreNamedAndPlacedByAwssRules) {
  EXPECT_EQ(create("good-name.1", "eu-west-1"), "200");
  EXPECT_EQ(create("good-name.1", "eu-west-1"), "409 BucketAlreadyOwnedByYou");
  EXPECT_EQ(create("other", std::nullopt), "400 IllegalLocationConstraintException");
  EXPECT_EQ(create("other", "eu-central-1"), "400 IllegalLocationConstraintException");
  EXPECT_EQ(create("other", "us-east-1"), "400 IllegalLocationConstraintException");
  for (const char* name :
       {"ab", "Upper", "under_score", "-a-b", "a..b", "192.168.1.1", "xn--abc", "a-s3alias", "a/b", "abc."}) {
    EXPECT_EQ(create(name, "eu-west-1"), "400 InvalidBucketName") << name;
  }
  EXPECT_EQ(s3.call<ListBuckets>({}).buckets.size(), 1u);
  EXPECT_EQ(s3.call<HeadBucket>({.bucket = "good-name.1"}).bucket_region, "eu-west-1");
  EXPECT_EQ(s3.outcome<DeleteBucket>({.bucket = "good-name.1"}), "200");
  EXPECT_EQ(s3.outcome<HeadBucket>({.bucket = "good-name.1"}), "404 NoSuchBucket");
}

TEST_F(Buckets, SayWhatIsNotSetInTheWordsThatToolsWaitFor) {
  s3.create_bucket("bbb");
  EXPECT_EQ(s3.outcome<GetBucketCors>({.bucket = "bbb"}), "404 NoSuchCORSConfiguration");
  EXPECT_EQ(s3.outcome<GetBucketPolicy>({.bucket = "bbb"}), "404 NoSuchBucketPolicy");
  EXPECT_EQ(s3.outcome<GetBucketTagging>({.bucket = "bbb"}), "404 NoSuchTagSet");
  EXPECT_EQ(s3.outcome<GetBucketWebsite>({.bucket = "bbb"}), "404 NoSuchWebsiteConfiguration");
  EXPECT_EQ(s3.outcome<GetBucketLifecycleConfiguration>({.bucket = "bbb"}),
            "404 NoSuchLifecycleConfiguration");
  EXPECT_EQ(s3.outcome<GetBucketReplication>({.bucket = "bbb"}), "404 ReplicationConfigurationNotFoundError");
  EXPECT_EQ(s3.outcome<GetObjectLockConfiguration>({.bucket = "bbb"}),
            "404 ObjectLockConfigurationNotFoundError");
  EXPECT_EQ(s3.call<GetBucketEncryption>({.bucket = "bbb"})
                .server_side_encryption_configuration->rules.at(0)
                .apply_server_side_encryption_by_default->sse_algorithm,
            "AES256");
  EXPECT_EQ(s3.call<GetBucketVersioning>({.bucket = "bbb"}).status, std::nullopt);
  EXPECT_EQ(s3.call<GetBucketRequestPayment>({.bucket = "bbb"}).payer, "BucketOwner");
  EXPECT_EQ(
      s3.call<GetPublicAccessBlock>({.bucket = "bbb"}).public_access_block_configuration->block_public_policy,
      true);
}

TEST_F(Buckets, AnswerBrowsersByTheirRules) {
  s3.create_bucket("bbb");
  s3.call<PutBucketCors>(
      {.bucket = "bbb",
       .cors_configuration = {.cors_rules = {{.allowed_headers = {"content-*"},
                                              .allowed_methods = {"PUT"},
                                              .allowed_origins = {"http://*.example.com", "https://site"},
                                              .expose_headers = {"ETag"},
                                              .max_age_seconds = 600},
                                             {.allowed_methods = {"GET"}, .allowed_origins = {"*"}}}}});
  struct Case {
    const char* origin;
    const char* method;
    const char* headers;
    const char* allowed;  // Empty: refused.
  };
  const Case cases[] = {{"http://a.example.com", "PUT", "Content-Type", "http://a.example.com"},
                        {"https://site", "PUT", "content-type, content-md5", "https://site"},
                        {"https://site", "PUT", "content-type, x-other", ""},
                        {"https://site.evil", "PUT", "", ""},
                        {"http://example.com", "PUT", "", ""},
                        {"https://anybody", "GET", "", "*"},
                        {"https://anybody", "DELETE", "", ""}};
  const CorsRules rules(s3.database());
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.origin) + c.method + c.headers);
    const aws::BrowserRequest asked{
        .bucket = "bbb", .origin = c.origin, .method = c.method, .headers = c.headers};
    if (*c.allowed != '\0') {
      EXPECT_EQ(rules.preflight(asked).front().second, c.allowed);
    } else {
      EXPECT_EQ(refusal(rules, asked).substr(0, 36), "403 CORSResponse: This CORS request ");
    }
  }
  EXPECT_EQ(refusal(rules, {.bucket = "none", .origin = "https://a", .method = "GET"}),
            "403 CORSResponse: Bucket not found");
  EXPECT_EQ(refusal(rules, {.bucket = "bbb", .method = "GET"}),
            "400 Insufficient information. Origin request header needed.");
  EXPECT_EQ(refusal(rules, {.bucket = "bbb", .origin = "https://a"}),
            "400 Invalid Access-Control-Request-Method: null");
  EXPECT_EQ(rules.actual({.bucket = "bbb", .origin = "https://anybody", .method = "GET"}).front().second,
            "*");
  EXPECT_TRUE(rules.actual({.bucket = "bbb", .origin = "https://anybody", .method = "PUT"}).empty());
  EXPECT_TRUE(rules.actual({.bucket = "none", .origin = "https://anybody", .method = "GET"}).empty());
}

TEST(PublicPolicies, AreThoseThatLetAnybodyIn) {
  auto policy = [](const std::string& rest) {
    return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",)" + rest +
           "}]}";
  };
  EXPECT_TRUE(is_public_policy(policy(R"("Principal":"*","Resource":"*")")));
  EXPECT_TRUE(is_public_policy(policy(R"("Principal":{"AWS":["1","*"]},"Resource":"*")")));
  EXPECT_FALSE(is_public_policy(policy(R"("Principal":{"AWS":"123456789012"},"Resource":"*")")));
  EXPECT_FALSE(
      is_public_policy(policy(R"("Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})")));
  EXPECT_TRUE(
      is_public_policy(policy(R"("Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}})")));
  EXPECT_TRUE(is_public_policy(policy(R"("Principal":"*","Condition":{"StringLike":{"aws:UserId":"*"}})")));
  EXPECT_TRUE(is_public_policy("not JSON"));
}

TEST_F(Buckets, RefusePublicPoliciesUntilThatIsAllowed) {
  s3.create_bucket("bbb");
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",)"
      R"("Resource":"arn:aws:s3:::bbb/*"}]})";
  EXPECT_EQ(s3.outcome<PutBucketPolicy>({.bucket = "bbb", .policy = policy}), "403 AccessDenied");
  s3.call<PutPublicAccessBlock>({.bucket = "bbb"});
  EXPECT_EQ(s3.outcome<PutBucketPolicy>({.bucket = "bbb", .policy = policy}), "200");
  EXPECT_EQ(s3.call<GetBucketPolicy>({.bucket = "bbb"}).policy, policy);
  EXPECT_EQ(s3.call<GetBucketPolicyStatus>({.bucket = "bbb"}).policy_status->is_public, true);
  s3.create_bucket("ccc");
  s3.call<PutPublicAccessBlock>({.bucket = "ccc"});
  EXPECT_EQ(s3.outcome<PutBucketPolicy>({.bucket = "ccc", .policy = policy}), "400 MalformedPolicy")
      << "another bucket's objects";
}

TEST_F(Buckets, RecordEventsWithTheirCause) {
  s3.create_bucket("bbb");
  LambdaFunctionConfiguration function{
      .lambda_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:f",
      .events = {"s3:ObjectCreated:*"},
      .filter = NotificationConfigurationFilter{
          .key = S3KeyFilter{
              .filter_rules = {{.name = "prefix", .value = "in/"}, {.name = "suffix", .value = ".jpg"}}}}};
  auto set = [&](std::vector<LambdaFunctionConfiguration> all) {
    return s3.outcome<PutBucketNotificationConfiguration>(
        {.bucket = "bbb",
         .notification_configuration = {.lambda_function_configurations = std::move(all)},
         .skip_destination_validation = true});
  };
  LambdaFunctionConfiguration other = function;
  other.events = {"s3:ObjectCreated:Put"};
  EXPECT_EQ(set({function, other}), "400 InvalidArgument") << "both would get the same event";
  other.filter->key->filter_rules.at(1).value = ".png";
  EXPECT_EQ(set({function, other}), "200");
  other.events = {"s3:Replication:*"};
  EXPECT_EQ(set({other}), "501 NotImplemented");
  auto count = [&] {
    auto transaction = s3.database().begin(sql::Access::Read);
    return transaction->run("SELECT payload FROM jobs_job WHERE kind = 's3.delivery'").size();
  };
  s3.put("bbb", "in/a.jpg", "x");
  s3.put("bbb", "in/a.gif", "x");
  s3.put("bbb", "out/a.jpg", "x");
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(s3.outcome<PutObject>({.bucket = "bbb", .if_none_match = "*", .key = "in/a.jpg"}),
            "412 PreconditionFailed");
  EXPECT_EQ(count(), 1u) << "what did not happen is not told";
  s3.call<CopyObject>({.bucket = "bbb", .copy_source = "bbb/in/a.jpg", .key = "in/b c.jpg"});
  EXPECT_EQ(count(), 2u);
}

}  // namespace

}  // namespace holm::s3

// S3's documented examples, and what is said to requests that are not let in.

#include <gtest/gtest.h>

#include "aws/signature/canonical.h"
#include "aws/signature/sign.h"
#include "aws/signature/verify.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws::signature {
namespace {

constexpr std::string_view kKey = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

Time at(std::string_view text) { return *parse_compact_date_time(text); }

http::Request make(std::string method, std::string target, http::Headers headers) {
  http::Request request{
      .method = std::move(method), .target = std::move(target), .headers = std::move(headers)};
  http::split_target(request);
  request.authority.clear();
  return request;
}

struct Server {
  Time now = at("20130524T000000Z");
  std::string service = "s3";
  std::string region = "us-east-1";
  Dialect dialect = Dialect::S3;
  std::string body;
};

// The problem's code, "Anonymous", or empty when the request is let in.
Result<Verified, Problem> admit(const http::Request& request, const Server& server = {}) {
  const RequestView view = view_of(request);
  auto parsed = parse(view, server.dialect);
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::unexpected(*problem);
  auto* result = std::get_if<Signed>(&parsed);
  if (result == nullptr) return std::unexpected(Problem{.code = "Anonymous"});
  if (result->access_key_id != kKey)
    return std::unexpected(unknown_access_key(server.dialect, result->access_key_id));
  const std::string hash = sha256_hex(server.body);
  return verify(
      *result, derive_signing_key(kSecret, result->scope), view,
      {.now = server.now, .service = server.service, .region = server.region, .body_sha256 = hash});
}

std::string code(const http::Request& request, const Server& server = {}) {
  const auto result = admit(request, server);
  return result ? "" : result.error().code;
}

std::string authorization(std::string_view names, std::string_view signature) {
  return "AWS4-HMAC-SHA256 "
         "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=" +
         std::string(names) + ",Signature=" + std::string(signature);
}

http::Request get_object_example() {
  return make("GET", "/test.txt",
              {{"Host", "examplebucket.s3.amazonaws.com"},
               {"Authorization",
                authorization("host;range;x-amz-content-sha256;x-amz-date",
                              "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")},
               {"Range", "bytes=0-9"},
               {"x-amz-content-sha256", std::string(kEmptySha256)},
               {"x-amz-date", "20130524T000000Z"}});
}

std::string presigned_example() {
  return "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%"
         "2F20130524%2Fus-east-1"
         "%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders="
         "host"
         "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
}

const http::Headers kExampleHost = {{"Host", "examplebucket.s3.amazonaws.com"}};

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
TEST(S3Examples, AreAccepted) {
  EXPECT_EQ(code(get_object_example()), "");
  EXPECT_EQ(
      code(
          make("PUT", "/test%24file.text",
               {{"Host", "examplebucket.s3.amazonaws.com"},
                {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                {"Authorization",
                 authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                               "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")},
                {"x-amz-date", "20130524T000000Z"},
                {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                {"x-amz-content-sha256", sha256_hex("Welcome to Amazon S3.")}})),
      "");
  const struct {
    const char *target, *signature;
  } rows[] = {{"/?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
              {"/?max-keys=2&prefix=J",
               "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"}};
  for (const auto& row : rows) {
    EXPECT_EQ(code(make("GET", row.target,
                        {{"Host", "examplebucket.s3.amazonaws.com"},
                         {"Authorization",
                          authorization("host;x-amz-content-sha256;x-amz-date", row.signature)},
                         {"x-amz-date", "20130524T000000Z"},
                         {"x-amz-content-sha256", std::string(kEmptySha256)}})),
              "");
  }
}

// A path that arrives less encoded than it was signed names the same object.
TEST(S3, AcceptsAPathThatWasSignedInItsEncodedForm) {
  http::Request request = make("PUT", "/test$file.text",
                               {{"Host", "examplebucket.s3.amazonaws.com"},
                                {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                {"x-amz-date", "20130524T000000Z"},
                                {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                {"x-amz-content-sha256", sha256_hex("Welcome to Amazon S3.")}});
  request.headers.add(
      "Authorization",
      authorization("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
  EXPECT_EQ(code(request), "");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
TEST(Presigned, ExampleIsAcceptedUntilItExpires) {
  const http::Request request = make("GET", presigned_example(), kExampleHost);
  EXPECT_EQ(code(request), "");
  EXPECT_EQ(code(request, {.now = at("20130524T235959Z")}), "");
  EXPECT_EQ(code(request, {.now = at("20130523T234500Z")}), "");
  const auto late = admit(request, {.now = at("20130525T000000Z")});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "AccessDenied");
  EXPECT_EQ(late.error().message, "Request has expired");
  const auto early = admit(request, {.now = at("20130523T234459Z")});
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().message, "Request is not valid yet");
}

TEST(Presigned, NoAlteredExampleIsAccepted) {
  const std::string target = presigned_example();
  for (size_t i = 0; i < target.size(); ++i) {
    std::string altered = target;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_NE(code(make("GET", altered, kExampleHost)), "") << altered;
    EXPECT_NE(code(make("GET", target.substr(0, i), kExampleHost)), "") << i;
  }
  EXPECT_NE(code(make("PUT", target, kExampleHost)), "");
  EXPECT_NE(code(make("GET", target + "&versionId=1", kExampleHost)), "");
  EXPECT_NE(code(make("GET", target, {{"Host", "other.s3.amazonaws.com"}})), "");
}

TEST(Header, NoAlteredExampleIsAccepted) {
  const http::Request original = get_object_example();
  for (const http::Header& header : original.headers) {
    for (size_t i = 0; i < header.value.size(); ++i) {
      http::Request request = original;
      std::string value(header.value);
      value[i] = static_cast<char>(value[i] ^ 1);
      request.headers.set(header.name, value);
      EXPECT_NE(code(request), "") << header.name << ": " << value;
    }
    http::Request request = original;
    request.headers.remove(header.name);
    EXPECT_NE(code(request), "") << header.name;
    request = original;
    request.headers.add(header.name, header.value);
    EXPECT_NE(code(request), "") << header.name << " twice";
  }
}

struct Row {
  const char* what;
  std::string method, target;
  http::Headers headers;
  Dialect dialect;
  std::string code, message;
};

std::string with_credential(std::string_view credential) {
  return "AWS4-HMAC-SHA256 Credential=" + std::string(credential) +
         ", SignedHeaders=host;x-amz-date, Signature=" + std::string(64, 'a');
}

http::Headers signed_with(std::string authorization) {
  return {{"Host", "h"},
          {"x-amz-date", "20130524T000000Z"},
          {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"},
          {"Authorization", std::move(authorization)}};
}

std::vector<Row> mechanism_rows() {
  return {
      {"nothing at all", "GET", "/", {}, Dialect::S3, "Anonymous", ""},
      {"nothing at all", "POST", "/", {}, Dialect::Query, "Anonymous", ""},
      {"version 2 without a date",
       "GET",
       "/",
       {{"Authorization", "AWS AKIA:c2ln"}},
       Dialect::S3,
       "AccessDenied",
       "AWS authentication requires a valid Date or x-amz-date header"},
      {"version 2 elsewhere",
       "GET",
       "/?Action=X&AWSAccessKeyId=A&Signature=b",
       {},
       Dialect::Query,
       "IncompleteSignature",
       "Unsupported AWS 'algorithm': 'AWS'."},
      {"version 4A",
       "GET",
       "/",
       {{"Authorization", "AWS4-ECDSA-P256-SHA256 Credential=a"}},
       Dialect::S3,
       "NotImplemented",
       "Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not implemented by holm."},
      {"version 4A in the query",
       "GET",
       "/?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256",
       {},
       Dialect::S3,
       "NotImplemented",
       "Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not implemented by holm."},
      {"another scheme",
       "GET",
       "/",
       {{"Authorization", "Basic eDp5"}},
       Dialect::S3,
       "InvalidArgument",
       "Unsupported Authorization Type"},
      {"another scheme",
       "GET",
       "/",
       {{"Authorization", "Bearer x"}},
       Dialect::Json,
       "IncompleteSignatureException",
       "Unsupported AWS 'algorithm': 'Bearer'."},
  };
}

std::vector<Row> header_rows() {
  const std::string complete =
      with_credential("AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request");
  const std::string query = presigned_example();
  return {
      {"no components",
       "GET",
       "/",
       {{"Authorization", "AWS4-HMAC-SHA256"}},
       Dialect::Query,
       "IncompleteSignature",
       "Authorization header requires 'Credential' parameter. Authorization header requires "
       "'Signature' parameter. "
       "Authorization header requires 'SignedHeaders' parameter."},
      {"one component",
       "GET",
       "/",
       {{"Authorization", "AWS4-HMAC-SHA256 Signature=a"}},
       Dialect::S3,
       "AuthorizationHeaderMalformed",
       "The authorization header is malformed; the authorization header requires three components: "
       "Credential, "
       "SignedHeaders, and Signature."},
      {"short credential", "GET", "/", signed_with(with_credential("AKIA/20130524/us-east-1/s3")),
       Dialect::S3, "AuthorizationHeaderMalformed",
       "The authorization header is malformed; the Credential is mal-formed; expecting "
       "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."},
      {"both mechanisms", "GET", query, signed_with(complete), Dialect::S3, "InvalidArgument",
       "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
       "string parameter "
       "or the Authorization header should be specified"},
      {"no date",
       "GET",
       "/",
       {{"Host", "h"}, {"Authorization", complete}},
       Dialect::S3,
       "AccessDenied",
       "AWS authentication requires a valid Date or x-amz-date header"},
      {"no date",
       "GET",
       "/",
       {{"Host", "h"}, {"Authorization", complete}},
       Dialect::Query,
       "IncompleteSignature",
       "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."},
      {"no payload hash",
       "GET",
       "/",
       {{"Host", "h"}, {"X-Amz-Date", "20130524T000000Z"}, {"Authorization", complete}},
       Dialect::S3,
       "InvalidRequest",
       "Missing required header for this request: x-amz-content-sha256"},
      {"ECDSA chunks",
       "PUT",
       "/",
       {{"Host", "h"},
        {"X-Amz-Date", "20130524T000000Z"},
        {"Authorization", complete},
        {"x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}},
       Dialect::S3,
       "NotImplemented",
       "x-amz-content-sha256: STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD is not implemented by "
       "holm."},
      {"unsigned body outside S3", "POST", "/", signed_with(complete), Dialect::Json,
       "NotImplemented", "x-amz-content-sha256: UNSIGNED-PAYLOAD is not implemented by holm."},
  };
}

std::vector<Row> credential_rows() {
  return {
      {"another end of the credential", "GET", "/",
       signed_with(with_credential("AKIA/20130524/us-east-1/s3/aws_request")), Dialect::S3,
       "AuthorizationHeaderMalformed",
       "The authorization header is malformed; incorrect terminal \"aws_request\". This endpoint uses "
       "\"aws4_request\"."},
      {"another date in the credential", "GET", "/",
       signed_with(with_credential("AKIA/2013-05-24/us-east-1/s3/aws4_request")), Dialect::S3,
       "AuthorizationHeaderMalformed",
       "The authorization header is malformed; incorrect date format \"2013-05-24\". This date in the "
       "credential must be in the format \"yyyyMMdd\"."},
  };
}

std::vector<Row> query_rows() {
  const std::string query = presigned_example();
  return {
      {"half a presigned URL",
       "GET",
       "/?X-Amz-Signature=x",
       {},
       Dialect::S3,
       "AuthorizationQueryParametersError",
       "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
       "X-Amz-Signature, "
       "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."},
      {"not a number",
       "GET",
       replace_all(query, "Expires=86400", "Expires=soon"),
       {},
       Dialect::S3,
       "AuthorizationQueryParametersError",
       "X-Amz-Expires should be a number"},
      {"negative",
       "GET",
       replace_all(query, "Expires=86400", "Expires=-1"),
       {},
       Dialect::S3,
       "AuthorizationQueryParametersError",
       "X-Amz-Expires must be non-negative"},
      {"over a week",
       "GET",
       replace_all(query, "Expires=86400", "Expires=604801"),
       {},
       Dialect::S3,
       "AuthorizationQueryParametersError",
       "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must "
       "be less than "
       "604800 seconds"},
      {"wrong time",
       "GET",
       replace_all(query, "20130524T", "2013-05-24T"),
       {},
       Dialect::S3,
       "AuthorizationQueryParametersError",
       "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""},
      {"wrong algorithm",
       "GET",
       replace_all(query, "SHA256&", "SHA512&"),
       {},
       Dialect::S3,
       "AuthorizationQueryParametersError",
       "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\""},
      {"repeated parameter",
       "GET",
       query + "&X-Amz-Date=20130524T000000Z",
       {},
       Dialect::S3,
       "AuthorizationQueryParametersError",
       "A parameter of the signature is given more than once."},
  };
}

TEST(Parse, SaysWhatIsWrongInTheWordsOfTheService) {
  std::vector<Row> rows = mechanism_rows();
  for (const auto& more : {header_rows(), credential_rows(), query_rows()})
    rows.insert(rows.end(), more.begin(), more.end());
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const auto result = admit(make(row.method, row.target, row.headers), {.dialect = row.dialect});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, row.code);
    EXPECT_EQ(result.error().message, row.message);
  }
}

http::Request signed_request(const Server& server, std::string method, std::string target,
                             http::Headers headers) {
  http::Request request = make(std::move(method), std::move(target), std::move(headers));
  const std::string hash =
      server.dialect == Dialect::S3 ? "UNSIGNED-PAYLOAD" : sha256_hex(server.body);
  sign(request.headers, request.method, request.path, request.query, hash,
       {.dialect = server.dialect, .region = server.region, .service = server.service},
       {.access_key_id = kKey, .secret_access_key = kSecret}, server.now);
  return request;
}

TEST(Verify, ScopeMustBeThatOfTheServiceAndRegionThatAnswer) {
  const Server s3;
  const http::Request to_s3 = signed_request(s3, "GET", "/b/k", {{"Host", "h"}});
  EXPECT_EQ(code(to_s3), "");
  const auto region = admit(to_s3, {.region = "eu-west-1"});
  EXPECT_EQ(region.error().code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(region.error().message,
            "The authorization header is malformed; the region 'us-east-1' is wrong; expecting "
            "'eu-west-1'");
  EXPECT_EQ(admit(to_s3, {.service = "sqs"}).error().message,
            "The authorization header is malformed; incorrect service \"s3\". This endpoint "
            "belongs to \"sqs\".");
  const Server sts{.service = "sts", .dialect = Dialect::Query};
  const http::Request to_sts = signed_request(sts, "POST", "/", {{"Host", "h"}});
  EXPECT_EQ(code(to_sts, sts), "");
  EXPECT_EQ(admit(to_sts, {.service = "iam", .dialect = Dialect::Query}).error().message,
            "Credential should be scoped to correct service: 'iam'. ");
  EXPECT_EQ(admit(to_sts, {.service = "sts", .region = "eu-west-1", .dialect = Dialect::Query})
                .error()
                .message,
            "Credential should be scoped to a valid region, not 'us-east-1'. ");
}

TEST(Verify, TimeMustBeWithinFifteenMinutes) {
  const struct {
    Dialect dialect;
    const char *now, *code, *message;
  } rows[] = {
      {Dialect::S3, "20130524T001500Z", "", ""},
      {Dialect::S3, "20130523T234500Z", "", ""},
      {Dialect::S3, "20130524T001501Z", "RequestTimeTooSkewed",
       "The difference between the request time and the current time is too large."},
      {Dialect::S3, "20130523T234459Z", "RequestTimeTooSkewed",
       "The difference between the request time and the current time is too large."},
      {Dialect::Query, "20130524T001501Z", "SignatureDoesNotMatch",
       "Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130524T001501Z "
       "- 15 min.)"},
      {Dialect::Json, "20130523T234459Z", "InvalidSignatureException",
       "Signature not yet current: 20130524T000000Z is still later than 20130523T235959Z "
       "(20130523T234459Z + 15 "
       "min.)"},
      {Dialect::Ec2, "20130524T001501Z", "RequestExpired", "Request has expired."},
  };
  for (const auto& row : rows) {
    const Server then{.dialect = row.dialect};
    const http::Request request = signed_request(then, "POST", "/", {{"Host", "h"}});
    const auto result = admit(request, {.now = at(row.now), .dialect = row.dialect});
    EXPECT_EQ(result ? "" : result.error().code, row.code) << row.now;
    EXPECT_EQ(result ? "" : result.error().message, row.message);
  }
}

TEST(Verify, HeadersThatDecideMustBeSigned) {
  const Server s3, json{.service = "sqs", .dialect = Dialect::Json};
  http::Request request = signed_request(s3, "PUT", "/b/k", {{"Host", "h"}});
  request.headers.add("x-amz-acl", "public-read");
  const auto refused = admit(request);
  EXPECT_EQ(refused.error().code, "AccessDenied");
  EXPECT_EQ(refused.error().message,
            "There were headers present in the request which were not signed");
  EXPECT_EQ(refused.error().members.front().second, "x-amz-acl");
  http::Request call = signed_request(json, "POST", "/", {{"Host", "h"}});
  call.headers.add("X-Amz-Target", "AmazonSQS.DeleteQueue");
  EXPECT_EQ(admit(call, json).error().message,
            "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
  call.headers.remove("x-amz-target");
  call.headers.add("X-Amz-Security-Token", "added after signing");
  EXPECT_EQ(code(call, json), "");
  request = signed_request(s3, "PUT", "/b/k", {});
  EXPECT_EQ(code(request), "AccessDenied");
}

// Servers have let the streaming modes in unsigned, by header (CVE-2025-31489) and by query
// (CVE-2026-41145).
TEST(Verify, EveryPayloadModeNeedsTheSignatureInEitherPlacement) {
  for (PayloadMode mode :
       {PayloadMode::SignedHash, PayloadMode::UnsignedPayload, PayloadMode::StreamingSigned,
        PayloadMode::StreamingSignedTrailer, PayloadMode::StreamingUnsignedTrailer}) {
    const std::string payload(payload_text(mode, kEmptySha256));
    http::Request by_header = make("PUT", "/b/k", {{"Host", "h"}});
    sign(by_header.headers, "PUT", "/b/k", "", payload, {Dialect::S3, "us-east-1", "s3"},
         {.access_key_id = kKey, .secret_access_key = kSecret}, Server{}.now);
    http::Request by_query =
        make("PUT", "/b/k", {{"Host", "h"}, {"x-amz-content-sha256", payload}});
    by_query.query = presign(view_of(by_query), payload, {Dialect::S3, "us-east-1", "s3"},
                             {.access_key_id = kKey, .secret_access_key = kSecret}, Server{}.now,
                             std::chrono::seconds(60));
    for (http::Request request : {by_header, by_query}) {
      const auto verified = admit(request);
      ASSERT_TRUE(verified) << payload << verified.error().message;
      EXPECT_EQ(verified->payload, mode);
      request.path = "/b/other";
      EXPECT_EQ(code(request), "SignatureDoesNotMatch") << payload;
      request.path = "/b/k";
      request.headers.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
      EXPECT_EQ(code(request), mode == PayloadMode::UnsignedPayload ? "" : "SignatureDoesNotMatch");
    }
  }
}

TEST(Verify, BodyOfOtherServicesIsPartOfTheSignature) {
  const Server server{.service = "sqs", .dialect = Dialect::Json, .body = "{}"};
  const http::Request request = signed_request(server, "POST", "/", {{"Host", "h"}});
  EXPECT_EQ(code(request, server), "");
  EXPECT_EQ(code(request, {.service = "sqs", .dialect = Dialect::Json, .body = "{ }"}),
            "InvalidSignatureException");
}

TEST(Verify, AuthorityStandsForAMissingHost) {
  http::Request request = signed_request({}, "GET", "/", {{"Host", "h:4566"}});
  request.headers.remove("Host");
  EXPECT_NE(code(request), "");
  request.authority = "h:4566";
  EXPECT_EQ(code(request), "");
}

TEST(Verify, DetailsForS3NameNoSecretAndNoToken) {
  http::Request request =
      signed_request({}, "GET", "/", {{"Host", "h"}, {"x-amz-security-token", "t0ken"}});
  request.method = "HEAD";
  const auto result = admit(request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "SignatureDoesNotMatch");
  EXPECT_FALSE(result.error().members.empty());
  for (const auto& [name, value] : result.error().members) {
    EXPECT_EQ(value.find("t0ken"), value.npos) << name;
    EXPECT_EQ(value.find(kSecret), value.npos) << name;
  }
}

TEST(Sign, WhatIsSignedIsAcceptedWhateverItsSpelling) {
  const char* targets[] = {"/", "/a//b/../c", "/a%20b+c?x=1&y=%20+&x", "/?q=%E1%88%B4&%zz=%",
                           "/a:b$c@d/~e?delete"};
  for (Dialect dialect : {Dialect::S3, Dialect::Query, Dialect::RestJson}) {
    for (const char* target : targets) {
      const Server server{.service = "x", .dialect = dialect};
      EXPECT_EQ(
          code(signed_request(server, "GET", target, {{"Host", "h"}, {"X-Amz-Meta-a", "  1   2 "}}),
               server),
          "")
          << target;
    }
  }
}

TEST(Sign, PresignedUrlsAreAccepted) {
  const Server sts{.service = "sts", .dialect = Dialect::Query};
  for (const Server& server : {Server{}, sts}) {
    http::Request request = make("GET", "/a?Action=GetCallerIdentity&Version=1", {{"Host", "h"}});
    const std::string payload =
        server.dialect == Dialect::S3 ? "UNSIGNED-PAYLOAD" : std::string(kEmptySha256);
    request.query =
        presign(view_of(request), payload, {server.dialect, server.region, server.service},
                {.access_key_id = kKey, .secret_access_key = kSecret, .session_token = "a+b/c="},
                server.now, std::chrono::seconds(60));
    EXPECT_EQ(code(request, server), "");
    Server later = server;
    later.now += std::chrono::seconds(60);
    EXPECT_EQ(code(request, later),
              server.dialect == Dialect::S3 ? "AccessDenied" : "SignatureDoesNotMatch");
    const auto parsed = parse(view_of(request), server.dialect);
    EXPECT_EQ(std::get<Signed>(parsed).security_token, "a+b/c=");
  }
}

TEST(FindScope, ReadsBothPlacementsAndNothingElse) {
  EXPECT_EQ(find_scope(view_of(get_object_example()))->service, "s3");
  EXPECT_EQ(find_scope(view_of(make("GET", presigned_example(), {})))->region, "us-east-1");
  EXPECT_FALSE(find_scope(view_of(make("GET", "/", {}))));
  EXPECT_FALSE(find_scope(
      view_of(make("GET", "/", {{"Authorization", "AWS4-HMAC-SHA256 Credential=a/b"}}))));
}

}  // namespace
}  // namespace holm::aws::signature

// URLs presigned with version 2, S3's documented example among them, and headers that URLs carry.

#include "aws/signature/version2.h"

#include <gtest/gtest.h>

#include "aws/signature/canonical.h"
#include "aws/signature/presigned.h"
#include "base/strings.h"
#include "crypto/hash.h"

namespace holm::aws::signature {
namespace {

constexpr std::string_view kKey = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr long long kExpires = 1175139620;

http::Request make(std::string method, std::string target, http::Headers headers = {}) {
  http::Request request{
      .method = std::move(method), .target = std::move(target), .headers = std::move(headers)};
  http::split_target(request);
  return request;
}

// The code of what is said, empty when the request is let in.
Result<Verified, Problem> admit(const http::Request& request, std::string_view bucket = "",
                                long long now = kExpires - 1) {
  const RequestView view = view_of(request);
  auto parsed = parse(view, Dialect::S3);
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::unexpected(*problem);
  auto* claim = std::get_if<SignedVersion2>(&parsed);
  if (claim == nullptr) return std::unexpected(Problem{.code = "not version 2"});
  if (claim->access_key_id != kKey) {
    return std::unexpected(unknown_access_key(Dialect::S3, claim->access_key_id));
  }
  return verify(*claim, view,
                {.now = Time(std::chrono::seconds(now)), .secret_access_key = kSecret, .bucket = bucket});
}

std::string code(const http::Request& request, std::string_view bucket = "") {
  const auto result = admit(request, bucket);
  return result ? "" : result.error().code;
}

// `target` with the signature over `text`, which the test writes out.
http::Request signed_over(std::string_view text, std::string method, std::string target,
                          http::Headers headers = {}) {
  const crypto::Sha1Digest digest = crypto::hmac_sha1(kSecret, text);
  target += target.find('?') == target.npos ? "?" : "&";
  target += "AWSAccessKeyId=" + std::string(kKey) + "&Expires=" + std::to_string(kExpires) +
            "&Signature=" + percent_encode(base64_encode(crypto::bytes_of(digest)));
  return make(std::move(method), std::move(target), std::move(headers));
}

const std::string kExample =
    "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620&Signature="
    "NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D";

// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
TEST(Version2, TheDocumentedExampleIsAcceptedUntilItExpires) {
  EXPECT_EQ(code(make("GET", kExample), "johnsmith"), "");
  EXPECT_EQ(code(make("GET", "/johnsmith" + kExample)), "");
  const auto late = admit(make("GET", kExample), "johnsmith", kExpires);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "AccessDenied");
  EXPECT_EQ(late.error().message, "Request has expired");
}

TEST(Version2, NoAlteredExampleIsAccepted) {
  for (size_t i = 0; i < kExample.size(); ++i) {
    std::string altered = kExample;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_NE(code(make("GET", altered), "johnsmith"), "") << altered;
    EXPECT_NE(code(make("GET", kExample.substr(0, i)), "johnsmith"), "") << i;
  }
  EXPECT_NE(code(make("PUT", kExample), "johnsmith"), "");
  EXPECT_NE(code(make("GET", kExample), "janesmith"), "");
  EXPECT_NE(code(make("GET", kExample + "&versionId=1"), "johnsmith"), "");
  EXPECT_NE(code(make("GET", kExample + "&x-amz-request-payer=requester"), "johnsmith"), "");
  EXPECT_NE(code(make("GET", kExample, {{"x-amz-request-payer", "requester"}}), "johnsmith"), "");
  EXPECT_NE(code(make("GET", kExample, {{"Content-Type", "text/plain"}}), "johnsmith"), "");
}

TEST(Version2, SignsWhatChoosesTheOperationAndHeadersWhereverTheyStand) {
  const std::string expires = std::to_string(kExpires);
  EXPECT_EQ(code(signed_over("GET\n\n\n" + expires + "\n/b/k?response-content-type=text/html; x&versionId=3",
                             "GET", "/b/k?versionId=3&response-content-type=text%2Fhtml%3B%20x")),
            "");
  EXPECT_EQ(code(signed_over("GET\n\n\n" + expires + "\n/b/?acl", "GET", "/b/?acl")), "");
  // What is empty in the URL is signed with its equals sign or without.
  EXPECT_EQ(code(signed_over("GET\n\n\n" + expires + "\n/b/?acl=", "GET", "/b/?acl=")), "");
  EXPECT_EQ(code(signed_over("GET\n\n\n" + expires + "\n/b/?acl", "GET", "/b/?acl=")), "");
  EXPECT_NE(code(signed_over("GET\n\n\n" + expires + "\n/b/?acl=", "GET", "/b/?acl")), "");
  // A bucket's path may be signed with a slash. What only narrows a list is not signed.
  EXPECT_EQ(code(signed_over("GET\n\n\n" + expires + "\n/b/", "GET", "/b?list-type=2&prefix=a%2F")), "");
  EXPECT_EQ(code(signed_over("GET\n\n\n" + expires + "\n/b", "GET", "/b?list-type=2&prefix=a%2F")), "");
  const std::string put = "PUT\nbWQ1\ntext/plain\n" + expires + "\nx-amz-acl:private\nx-amz-meta-a:b,c\n/b/k";
  EXPECT_EQ(code(signed_over(put, "PUT", "/b/k?x-amz-acl=private",
                             {{"Content-MD5", "bWQ1"},
                              {"Content-Type", "text/plain"},
                              {"X-Amz-Meta-A", " b "},
                              {"x-amz-meta-a", "c"}})),
            "");
  // A header wins over a parameter of its name, for the signature as for the request.
  EXPECT_EQ(
      code(signed_over(put, "PUT", "/b/k?x-amz-acl=public-read&x-amz-meta-a=b,c",
                       {{"Content-MD5", "bWQ1"}, {"Content-Type", "text/plain"}, {"x-amz-acl", "private"}})),
      "");
  EXPECT_NE(code(signed_over("GET\n\n\n" + expires + "\n/b/k/", "GET", "/k"), "b"), "");
  // A path that arrives less encoded than it was signed names the same object.
  EXPECT_EQ(code(signed_over("GET\n\n\n" + expires + "\n/b/a%24b", "GET", "/b/a$b")), "");
}

TEST(Version2, AParameterThatNobodySignedIsRefusedByName) {
  const auto refused =
      admit(signed_over("GET\n\n\n" + std::to_string(kExpires) + "\n/b/k", "GET", "/b/k?attributes"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "AccessDenied");
  EXPECT_NE(refused.error().message.find("attributes"), std::string::npos);
}

TEST(Version2, SaysWhatIsWrong) {
  const struct {
    const char *target, *code, *message;
  } rows[] = {
      {"/b/k?AWSAccessKeyId=A&Signature=b", "AccessDenied",
       "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"},
      {"/b/k?AWSAccessKeyId=A&Signature=b&Expires=soon", "AccessDenied",
       "Invalid date (should be seconds since epoch): soon"},
      {"/b/k?AWSAccessKeyId=A&Signature=b&Expires=99999999999999", "AccessDenied",
       "Invalid date (should be seconds since epoch): 99999999999999"},
      {"/b/k?AWSAccessKeyId=A&Signature=b&Expires=1&Expires=2", "AccessDenied",
       "A parameter of the signature is given more than once."},
      {"/b/k?AWSAccessKeyId=A%0A&Signature=b&Expires=1", "InvalidAccessKeyId",
       "The AWS Access Key Id you provided does not exist in our records."},
      {"/b/k?AWSAccessKeyId=A&Signature=b&Expires=1&X-Amz-Signature=c", "InvalidArgument",
       "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
       "parameter or the Authorization header should be specified"}};
  for (const auto& row : rows) {
    const auto refused = admit(make("GET", row.target));
    ASSERT_FALSE(refused) << row.target;
    EXPECT_EQ(refused.error().code, row.code) << row.target;
    EXPECT_EQ(refused.error().message, row.message) << row.target;
  }
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationExamples
http::Request with_header(const std::string& date, const std::string& text, http::Headers headers = {}) {
  const crypto::Sha1Digest digest = crypto::hmac_sha1(kSecret, text);
  if (!date.empty()) headers.add("Date", date);
  headers.add("Authorization", "AWS " + std::string(kKey) + ":" + base64_encode(crypto::bytes_of(digest)));
  return make("GET", "/photos/puppy.jpg", std::move(headers));
}

TEST(Version2, AHeaderIsGoodForAQuarterOfAnHour) {
  const std::string date = "Thu, 29 Mar 2007 03:40:19 +0000";  // One second before kExpires.
  const std::string text = "GET\n\n\n" + date + "\n/photos/puppy.jpg";
  EXPECT_EQ(code(with_header(date, text)), "");
  EXPECT_EQ(admit(with_header(date, text), "", kExpires + 16 * 60).error().code, "RequestTimeTooSkewed");
  EXPECT_EQ(code(with_header("Thu, 29 Mar 2007 03:40:18 +0000", text)), "SignatureDoesNotMatch");
  EXPECT_EQ(code(with_header("", text)), "AccessDenied");
  EXPECT_EQ(code(with_header("yesterday", text)), "AccessDenied");
  EXPECT_EQ(code(with_header("Tue, 07 Jul 1950 21:53:04 GMT", text)), "AccessDenied");
  EXPECT_EQ(code(make("GET", "/photos/puppy.jpg", {{"Date", date}, {"Authorization", "AWS HAHAHA"}})),
            "InvalidArgument");
}

TEST(Version2, XAmzDateStandsForTheDateOfAHeader) {
  const std::string date = "Thu, 29 Mar 2007 03:40:19 GMT";
  const std::string text = "GET\n\n\n\nx-amz-date:" + date + "\n/photos/puppy.jpg";
  EXPECT_EQ(code(with_header("nonsense", text, {{"x-amz-date", date}})), "");
}

TEST(Version2, TheTokenIsSignedAndNeverRepeated) {
  const std::string text = "GET\n\n\n" + std::to_string(kExpires) + "\nx-amz-security-token:t0k/en\n/b/k";
  http::Request request = signed_over(text, "GET", "/b/k?x-amz-security-token=t0k%2Fen");
  EXPECT_EQ(code(request), "");
  const auto parsed = parse(view_of(request), Dialect::S3);
  EXPECT_EQ(std::get<SignedVersion2>(parsed).security_token, "t0k/en");
  request.path = "/b/other";
  const auto refused = admit(request);
  EXPECT_EQ(refused.error().code, "SignatureDoesNotMatch");
  EXPECT_TRUE(refused.error().members.empty());
}

TEST(Presigned, CarriesHeadersInItsQuery) {
  const auto lifted =
      lift_headers(make("PUT",
                        "/b/"
                        "k?X-Amz-Signature=s&X-Amz-Date=d&x-amz-meta-a=b%20c&x-amz-acl=private&x-amz-"
                        "checksum-crc32=AAAAAA%3D%3D"
                        "&x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject&X-Amz-Security-Token=t",
                        {{"X-Amz-Acl", "bucket-owner-full-control"}}));
  ASSERT_TRUE(lifted);
  EXPECT_EQ(lifted->headers,
            http::Headers({{"X-Amz-Acl", "bucket-owner-full-control"}, {"x-amz-meta-a", "b c"}}));
  EXPECT_TRUE(lift_headers(make("PUT", "/b/k?Signature=s&x-amz-acl=private")));
  EXPECT_FALSE(lift_headers(make("PUT", "/b/k?x-amz-acl=private")));
  EXPECT_FALSE(lift_headers(make("PUT", "/b/k?X-Amz-Signature=s")));
}

}  // namespace
}  // namespace holm::aws::signature

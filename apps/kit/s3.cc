// A small S3 client: objects in and out, and URLs for browsers.

#include "kit/s3.h"

#include "kit/clock.h"
#include "kit/crypto.h"

namespace kit {

namespace {

constexpr int kGetWindowSeconds = 300;

std::string without_trailing_slash(std::string text) {
  while (!text.empty() && text.back() == '/') text.pop_back();
  return text;
}

std::string describe(const std::string& method, const std::string& key, int status) {
  return "S3 answers " + std::to_string(status) + " to " + method + " " + key;
}

}  // namespace

S3::S3(S3Options options, CredentialSource& credentials)
    : options_(std::move(options)), credentials_(credentials) {
  options_.endpoint = without_trailing_slash(options_.endpoint);
  options_.public_endpoint = without_trailing_slash(options_.public_endpoint);
  if (options_.public_endpoint.empty()) options_.public_endpoint = options_.endpoint;
}

S3::Address S3::address(const std::string& endpoint, const std::string& bucket,
                        const std::string& key) const {
  if (endpoint.empty()) {
    std::string host = bucket + ".s3." + options_.region + ".amazonaws.com";
    return {.origin = "https://" + host, .host = host, .path = "/" + key};
  }
  return {.origin = endpoint,
          .host = endpoint.substr(endpoint.find("://") + 3),
          .path = "/" + bucket + "/" + key};
}

std::string S3::public_origin(const std::string& bucket) const {
  return address(options_.public_endpoint, bucket, "").origin;
}

std::expected<FetchResponse, std::string> S3::send(const std::string& method,
                                                   const std::string& bucket,
                                                   const std::string& key,
                                                   const std::string& content_type,
                                                   std::string body) {
  auto credentials = credentials_.current();
  if (!credentials) return std::unexpected(credentials.error());
  Address target = address(options_.endpoint, bucket, key);
  SigningScope scope{
      .region = options_.region, .service = "s3", .unix_seconds = unix_seconds()};
  SignableRequest signable{.method = method, .path = target.path};
  signable.payload_hash = hex(sha256(body));
  signable.headers = {{"host", target.host},
                      {"x-amz-content-sha256", signable.payload_hash},
                      {"x-amz-date", amz_date(scope.unix_seconds)}};
  if (!content_type.empty()) signable.headers.emplace_back("content-type", content_type);
  if (!credentials->session_token.empty()) {
    signable.headers.emplace_back("x-amz-security-token", credentials->session_token);
  }
  FetchRequest request{.method = method,
                       .url = target.origin + percent_encode(target.path, Slash::Keep)};
  request.headers.assign(signable.headers.begin() + 1, signable.headers.end());
  request.headers.emplace_back("Authorization", authorization(signable, scope, *credentials));
  request.body = std::move(body);
  return fetch(request);
}

std::expected<std::string, std::string> S3::get(const std::string& bucket,
                                                const std::string& key) {
  auto response = send("GET", bucket, key, "", "");
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(describe("GET", key, response->status));
  return std::move(response->body);
}

std::expected<void, std::string> S3::put(const std::string& bucket, const std::string& key,
                                         const std::string& content_type, std::string body) {
  auto response = send("PUT", bucket, key, content_type, std::move(body));
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(describe("PUT", key, response->status));
  return {};
}

std::expected<void, std::string> S3::remove(const std::string& bucket, const std::string& key) {
  auto response = send("DELETE", bucket, key, "", "");
  if (!response) return std::unexpected(response.error());
  if (response->status != 204 && response->status != 200) {
    return std::unexpected(describe("DELETE", key, response->status));
  }
  return {};
}

std::expected<std::string, std::string> S3::presign(SignableRequest request,
                                                    const std::string& bucket,
                                                    const std::string& key, std::int64_t now,
                                                    int seconds) {
  auto credentials = credentials_.current();
  if (!credentials) return std::unexpected(credentials.error());
  Address target = address(options_.public_endpoint, bucket, key);
  request.path = target.path;
  request.headers.emplace_back("host", target.host);
  SigningScope scope{.region = options_.region, .service = "s3", .unix_seconds = now};
  return target.origin + percent_encode(target.path, Slash::Keep) + "?" +
         presigned_query(std::move(request), scope, *credentials, seconds);
}

std::expected<std::string, std::string> S3::presign_put(const PresignedPut& put,
                                                        std::int64_t now) {
  // Content-Length has to be a signed header, or the URL takes a body of any size.
  SignableRequest request{.method = "PUT"};
  request.headers = {{"content-length", std::to_string(put.content_bytes)},
                     {"content-type", put.content_type}};
  return presign(std::move(request), put.bucket, put.key, now, put.seconds);
}

std::expected<std::string, std::string> S3::presign_get(const std::string& bucket,
                                                        const std::string& key,
                                                        std::int64_t now) {
  std::int64_t start = now - now % kGetWindowSeconds;
  return presign({.method = "GET"}, bucket, key, start, 2 * kGetWindowSeconds);
}

}  // namespace kit

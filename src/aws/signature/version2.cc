// The string that Signature Version 2 signs, and whether it was.

#include "aws/signature/version2.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>

#include "aws/signature/canonical.h"
#include "aws/signature/problems.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "crypto/hash.h"

namespace holm::aws::signature {

namespace {

// Part of the resource that is signed, in this order of the alphabet; these choose the operation or what it
// is about.
constexpr std::string_view kSigned[] = {"accelerate",
                                        "acl",
                                        "analytics",
                                        "cors",
                                        "defaultObjectAcl",
                                        "delete",
                                        "inventory",
                                        "lifecycle",
                                        "location",
                                        "logging",
                                        "metrics",
                                        "notification",
                                        "object-lock",
                                        "partNumber",
                                        "policy",
                                        "replication",
                                        "requestPayment",
                                        "response-cache-control",
                                        "response-content-disposition",
                                        "response-content-encoding",
                                        "response-content-language",
                                        "response-content-type",
                                        "response-expires",
                                        "restore",
                                        "select",
                                        "select-type",
                                        "storageClass",
                                        "tagging",
                                        "torrent",
                                        "uploadId",
                                        "uploads",
                                        "versionId",
                                        "versioning",
                                        "versions",
                                        "website"};

// Not signed: they belong to the signature, are signed as headers, or only narrow a list.
constexpr std::string_view kUnsigned[] = {"AWSAccessKeyId",
                                          "Expires",
                                          "Signature",
                                          "content-md5",
                                          "content-type",
                                          "continuation-token",
                                          "delimiter",
                                          "encoding-type",
                                          "fetch-owner",
                                          "key-marker",
                                          "list-type",
                                          "marker",
                                          "max-keys",
                                          "max-parts",
                                          "max-uploads",
                                          "part-number-marker",
                                          "prefix",
                                          "start-after",
                                          "upload-id-marker",
                                          "version-id-marker",
                                          "x-id"};

bool is_signed(std::string_view name) {
  return std::ranges::find(kSigned, name) != std::ranges::end(kSigned);
}

bool is_amazon_header(std::string_view name) {
  return name.size() > 6 && equals_ignoring_case(name.substr(0, 6), "x-amz-");
}

bool may_be_unsigned(std::string_view name) {
  return is_amazon_header(name) || std::ranges::find(kUnsigned, name) != std::ranges::end(kUnsigned);
}

std::string header_values(const RequestView& request, std::string_view lower_name) {
  std::vector<std::string> values;
  for (const http::Header& header : request.headers) {
    if (equals_ignoring_case(header.name, lower_name)) values.emplace_back(trim(header.value));
  }
  return join(values, ",");
}

// Those of the head and, where it has none of the name, of the query: presigned URLs carry headers there.
std::string amazon_headers(const RequestView& request) {
  std::map<std::string, std::vector<std::string>> values;
  for (const http::Header& header : request.headers) {
    if (is_amazon_header(header.name)) values[to_lower(header.name)].emplace_back(trim(header.value));
  }
  for (const auto& [name, value] : query_parameters(request.query)) {
    if (is_amazon_header(name) && !request.headers.has(name))
      values[to_lower(name)].emplace_back(trim(value));
  }
  std::string text;
  for (const auto& [name, of_name] : values) text += fmt::format("{}:{}\n", name, join(of_name, ","));
  return text;
}

// "acl&versionId=3" of the parameters that are signed, or the name of one that would have to be. What is
// "acl=" in the URL is signed as it stands there by botocore and as "acl" by minio-go: both, if they differ.
Result<std::vector<std::string>, std::string> subresources(std::string_view query) {
  std::multimap<std::string, std::string> written, bare;  // In the order of the names.
  for (std::string_view part : split(query, '&')) {
    const auto parameters = query_parameters(part);
    if (parameters.empty()) continue;
    const auto& [name, value] = parameters.front();
    if (is_signed(name)) {
      written.emplace(name, part.find('=') == part.npos ? name : name + "=" + value);
      bare.emplace(name, value.empty() ? name : name + "=" + value);
    } else if (!may_be_unsigned(name)) {
      return std::unexpected(name);
    }
  }
  const auto texts = written | std::views::values, bare_texts = bare | std::views::values;
  std::vector<std::string> joined = {join({texts.begin(), texts.end()}, "&")};
  if (bare != written) joined.push_back(join({bare_texts.begin(), bare_texts.end()}, "&"));
  return joined;
}

// Each text that may have been signed for the path and the parameters.
std::vector<std::string> resources(const std::vector<std::string>& paths,
                                   const std::vector<std::string>& chosen) {
  std::vector<std::string> texts;
  for (const std::string& path : paths) {
    for (const std::string& parameters : chosen)
      texts.push_back(path + (parameters.empty() ? "" : "?") + parameters);
  }
  return texts;
}

Problem not_covered(std::string_view name) {
  return {
      "AccessDenied",
      403,
      fmt::format("The query parameter {} is not covered by a signature of version 2; sign with version 4.",
                  name),
      {}};
}

Problem too_late(const SignedVersion2& request, Time now) {
  return {"AccessDenied",
          403,
          "Request has expired",
          {{"Expires", iso8601(request.expires)}, {"ServerTime", iso8601(now)}}};
}

std::string seconds_of(Time time) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

// The paths a client may have signed; all mean the same resource. A bucket's ends with a slash for botocore.
std::vector<std::string> resource_paths(std::string_view path, std::string_view virtual_bucket) {
  std::vector<std::string> paths = {std::string(path), reencoded_path(path)};
  const bool is_bucket = virtual_bucket.empty() && path.size() > 1 && path.rfind('/') == 0;
  if (is_bucket) paths.push_back(paths[0] + "/");
  return paths;
}

}  // namespace

Result<Verified, Problem> verify(const SignedVersion2& signed_request, const RequestView& request,
                                 const ExpectationVersion2& expected) {
  const bool in_query = signed_request.placement == Placement::Query;
  if (in_query && expected.now >= signed_request.expires)
    return std::unexpected(too_late(signed_request, expected.now));
  if (!in_query && std::chrono::abs(expected.now - signed_request.time) > kMaxSkew) {
    const Signed claim{.dialect = Dialect::S3, .placement = Placement::Header, .time = signed_request.time};
    return std::unexpected(skewed(claim, expected.now));
  }
  const auto chosen = subresources(request.query);
  if (!chosen) return std::unexpected(not_covered(chosen.error()));
  const std::string start = fmt::format(
      "{}\n{}\n{}\n{}\n{}{}", request.method, header_values(request, "content-md5"),
      header_values(request, "content-type"),
      in_query ? seconds_of(signed_request.expires) : signed_request.date, amazon_headers(request),
      expected.bucket.empty() ? "" : fmt::format("/{}", expected.bucket));
  Problem problem = mismatch(Dialect::S3);
  for (const std::string& resource : resources(resource_paths(request.path, expected.bucket), *chosen)) {
    const std::string text = start + resource;
    const crypto::Sha1Digest code = crypto::hmac_sha1(expected.secret_access_key, text);
    if (crypto::constant_time_equals(base64_encode(crypto::bytes_of(code)), signed_request.signature)) {
      return Verified{.payload = signed_request.payload, .declared_sha256 = signed_request.declared_sha256};
    }
    // The signed text of temporary credentials repeats their token.
    if (problem.members.empty() && signed_request.security_token.empty()) {
      problem.members = {{"AWSAccessKeyId", signed_request.access_key_id},
                         {"StringToSign", text},
                         {"StringToSignBytes", bytes_text(text)},
                         {"SignatureProvided", signed_request.signature}};
    }
  }
  return std::unexpected(std::move(problem));
}

}  // namespace holm::aws::signature

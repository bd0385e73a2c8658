// Lifts headers out of the query of presigned URLs.

#include "aws/signature/presigned.h"

#include <algorithm>

#include "aws/signature/canonical.h"
#include "base/strings.h"

namespace holm::aws::signature {

namespace {

constexpr std::string_view kOfTheSignature[] = {
    "x-amz-algorithm",     "x-amz-credential", "x-amz-date",           "x-amz-expires",
    "x-amz-signedheaders", "x-amz-signature",  "x-amz-security-token", kContentHash};

// SDKs presign with the checksum of a body they do not have yet.
bool is_checksum(std::string_view lower_name) {
  return lower_name.starts_with("x-amz-checksum-") || lower_name == "x-amz-sdk-checksum-algorithm";
}

// The only conditions that S3 takes from a URL.
bool is_condition(std::string_view lower_name) {
  return lower_name == "if-match" || lower_name == "if-none-match";
}

bool is_lifted(std::string_view lower_name) {
  if (is_condition(lower_name)) return true;
  return lower_name.starts_with("x-amz-") && !is_checksum(lower_name) &&
         std::ranges::find(kOfTheSignature, lower_name) == std::ranges::end(kOfTheSignature);
}

bool is_presigned(const Parameters& parameters) {
  return std::ranges::any_of(parameters, [](const auto& parameter) {
    return parameter.first == "X-Amz-Signature" || parameter.first == "Signature";
  });
}

}  // namespace

std::optional<http::Request> lift_headers(const http::Request& request) {
  // Most requests have neither word in their query and are not looked at closer.
  if (request.query.find("Signature=") == std::string::npos) return std::nullopt;
  const Parameters parameters = query_parameters(request.query);
  if (!is_presigned(parameters)) return std::nullopt;
  std::optional<http::Request> lifted;
  for (const auto& [name, value] : parameters) {
    if (!is_lifted(to_lower(name)) || request.headers.has(name)) continue;
    if (!lifted) lifted = request;
    lifted->headers.add(name, value);
  }
  return lifted;
}

}  // namespace holm::aws::signature

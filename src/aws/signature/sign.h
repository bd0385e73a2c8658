// Signing requests of our own: the command line, the in-house HTTP client, tests.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "aws/signature/verify.h"

namespace holm::aws::signature {

struct SigningCredentials {
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token;  // Empty for long-lived keys.
};

struct SigningTarget {
  Dialect dialect = Dialect::Query;
  std::string_view region;
  std::string_view service;
};

// Adds X-Amz-Date, X-Amz-Security-Token, (S3) X-Amz-Content-Sha256 and Authorization. `headers`
// holds Host already. Every header there is signed but those that proxies change. `payload_sha256`
// is lower-case hexadecimal, or one of S3's names such as UNSIGNED-PAYLOAD.
void sign(http::Headers& headers, std::string_view method, std::string_view path,
          std::string_view query, std::string_view payload_sha256, const SigningTarget& target,
          const SigningCredentials& credentials, Time now);

// The query string, with its signature, of a request that anybody may send until `now` + `expires`.
std::string presign(const RequestView& request, std::string_view payload_sha256,
                    const SigningTarget& target, const SigningCredentials& credentials, Time now,
                    std::chrono::seconds expires);

}  // namespace holm::aws::signature

// Signature Version 4 for requests this program sends and for URLs it hands to browsers. libcurl's
// own does not sort query strings in the version at hand and cannot presign.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kit/uri.h"

namespace kit {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // Empty for a user's long-lived key.
};

// What is signed. Nothing in it is percent-encoded; header names may have any case.
struct SignableRequest {
  std::string method;
  std::string path;
  Fields query;
  Fields headers;
  std::string payload_hash;  // Hexadecimal SHA-256, or UNSIGNED-PAYLOAD.
};

struct SigningScope {
  std::string region;
  std::string service;
  std::int64_t unix_seconds = 0;
};

// S3 signs the path as it is sent, every other service encodes it once more.
std::string canonical_request(const SignableRequest& request, const SigningScope& scope);
std::string string_to_sign(std::string_view canonical, const SigningScope& scope);

// The value of the Authorization header over exactly the headers given.
std::string authorization(const SignableRequest& request, const SigningScope& scope,
                          const Credentials& credentials);

// The query string of a URL that is good for `seconds`. The headers given (host among them) have
// to be sent as they are.
std::string presigned_query(SignableRequest request, const SigningScope& scope,
                            const Credentials& credentials, int seconds);

// 20150830T123600Z.
std::string amz_date(std::int64_t unix_seconds);

}  // namespace kit

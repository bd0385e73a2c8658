// What the signing rules look at: a request as it came over the wire, and what may be wrong with
// it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace holm::aws::signature {

// Borrows everything. Path and query are the bytes of the request line; nothing is decoded or
// normalised.
struct RequestView {
  std::string_view method;
  std::string_view path;       // "/a%20b"
  std::string_view query;      // After `?`, may be empty.
  std::string_view authority;  // Stands for the Host header where there is none (HTTP/2).
  const http::Headers& headers;
};

inline RequestView view_of(const http::Request& r) {
  return {r.method, r.path, r.query, r.authority, r.headers};
}

// The families of services that differ in how paths are signed and in what errors are called.
enum class Dialect {
  S3,     // s3; the path is signed as sent, payloads have modes.
  Query,  // awsQuery and restXml
  Ec2,
  Json,  // awsJson and rpc-v2-cbor
  RestJson,
};

// Why a request is not let in, in the words of the service that answers. Holds nothing secret.
struct Problem {
  std::string code;
  int status = 403;
  std::string message;
  // Further elements of S3's error document.
  std::vector<std::pair<std::string, std::string>> members;
  friend bool operator==(const Problem&, const Problem&) = default;
};

// For what only the gateway can find out about a key or its absence.
Problem missing_authentication(Dialect dialect);
Problem unknown_access_key(Dialect dialect, std::string_view access_key_id);
Problem invalid_token(Dialect dialect);
Problem expired_token(Dialect dialect);

}  // namespace holm::aws::signature

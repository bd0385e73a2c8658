// What a service that keeps a log of requests is told about each of its own: S3's server access logs and metrics.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aws/service/call.h"

namespace holm::aws {

// One request that was answered. Views live as long as the call of record().
struct RequestRecord {
  const Caller& caller;
  std::string_view operation;  // "GetObject"; empty: it was refused before it was known.
  std::string_view method;
  std::string_view target;  // As on the request line.
  std::string_view path;    // Of the resource: "/bucket/key", percent-encoded.
  std::string_view query;
  int status = 0;
  std::string_view error_code;  // Empty: none.
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;  // Of the object, as the client said; 0: nothing came.
  std::string_view signature;  // "SigV4", "SigV2"; empty: unsigned.
  enum class Placement { Header, Query } placement = Placement::Header;
  std::chrono::milliseconds duration{};
  std::chrono::milliseconds until_first_byte{};
};

// Implemented by S3. Any thread; may write to the database, so not on a reactor's thread.
class RequestLog {
 public:
  virtual ~RequestLog() = default;
  // Whether anybody wants to know: cheap, for every request.
  virtual bool is_wanted() const = 0;
  virtual void record(const RequestRecord& record) = 0;
};

}  // namespace holm::aws

// The AWS protocols: an HTTP request → the input of an operation, its output or error → an HTTP
// response.
#pragma once

#include <string>
#include <string_view>

#include "aws/service/error.h"
#include "aws/service/operation.h"
#include "base/result.h"

namespace holm::http {
struct Request;
struct Response;
}  // namespace holm::http

namespace holm::aws {

struct WireRequest {
  const http::Request* head;  // Never null.
  std::string path;           // Of Detected: what the operation's URI template is matched against.
  std::string body;           // All of it, unless `body_stream` is set.
  Stream body_stream;         // For operations that `takes_stream`.
};

// Whether the input has a member that takes the body as a stream: then it should not be read
// beforehand.
bool takes_stream(const Operation& operation);

// One AWS protocol. Immutable; any thread.
class ProtocolCodec {
 public:
  virtual ~ProtocolCodec() = default;

  // The operation's input, not yet validated against the model; or what to answer instead.
  virtual Result<Box, ServiceError> read(const Operation& operation, WireRequest request) const = 0;

  // `output` is of the shape `operation.output`; a stream in it becomes the response's.
  virtual http::Response write(const Operation& operation, const void* output,
                               std::string_view request_id) const = 0;

  // `model` and `operation` may be null when they could not be found out.
  virtual http::Response write_error(const ServiceModel* model, const Operation* operation,
                                     const ServiceError& error,
                                     std::string_view request_id) const = 0;
};

// Lives for ever.
const ProtocolCodec& protocol_for(Protocol protocol);

}  // namespace holm::aws

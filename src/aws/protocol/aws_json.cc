// The JSON protocols 1.0 and 1.1.

#include "aws/protocol/aws_json.h"

#include "aws/codec/json_codec.h"
#include "aws/protocol/errors.h"
#include "formats/json.h"
#include "http/message.h"

namespace holm::aws {

std::string AwsJson::content_type() const {
  return "application/x-amz-json-" + std::string(version_);
}

Result<Box, ServiceError> AwsJson::read(const Operation& operation, WireRequest request) const {
  Box input = operation.make_input();
  if (request.body.empty()) return input;
  auto result = read_json(request.body, *operation.input, input.get());
  if (!result) return std::unexpected(unreadable("SerializationException", result.error()));
  return input;
}

http::Response AwsJson::write(const Operation& operation, const void* output,
                              std::string_view request_id) const {
  http::Response response;
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  response.headers.set("Content-Type", content_type());
  response.body = write_json(*operation.output, output);
  return response;
}

http::Response AwsJson::write_error(const ServiceModel* model, const Operation* operation,
                                    const ServiceError& error, std::string_view request_id) const {
  http::Response response;
  start_error(error, content_type(), response);
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  add_query_error(model, error, response);
  response.body = formats::write_json(error_document(error_shape(operation, error), error));
  return response;
}

}  // namespace holm::aws

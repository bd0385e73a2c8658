// REST with JSON documents.

#include "aws/protocol/rest_json.h"

#include "aws/codec/bindings.h"
#include "aws/codec/json_codec.h"
#include "aws/protocol/errors.h"
#include "aws/protocol/rest_bindings.h"
#include "formats/json.h"
#include "http/message.h"

namespace holm::aws {

namespace {

CodecResult read_body(const Operation& operation, WireRequest& request, void* input) {
  const Shape& shape = *operation.input;
  switch (body_kind(shape)) {
    case BodyKind::None:
      return {};
    case BodyKind::Raw:
      return read_raw_body(*shape.payload, request, input);
    case BodyKind::Payload:
      if (request.body.empty()) return {};
      return read_json(request.body, *shape.payload->shape, ensure_field(*shape.payload, input));
    case BodyKind::Structure:
      if (request.body.empty()) return {};
      return read_json(request.body, shape, input, Bindings::Honoured);
  }
  return {};
}

void write_body(const Operation& operation, const void* output, http::Response& response) {
  const Shape& shape = *operation.output;
  BodyKind kind = body_kind(shape);
  if (kind == BodyKind::Raw) return write_raw_body(*shape.payload, output, response);
  if (kind == BodyKind::Payload) {
    const void* field = find_present(*shape.payload, output);
    if (!field) return;
    response.body = write_json(*shape.payload->shape, field);
    return set_content_type(response, "application/json");
  }
  // Clients parse what comes as JSON even when no member is in it.
  if (response.status == 204 || operation.http_method == "HEAD") return;
  response.body = write_json(shape, output, Bindings::Honoured);
  set_content_type(response, "application/json");
}

}  // namespace

Result<Box, ServiceError> RestJson::read(const Operation& operation, WireRequest request) const {
  Box input = operation.make_input();
  auto result = read_bindings(operation, request, input.get());
  if (result) result = read_body(operation, request, input.get());
  if (!result) return std::unexpected(unreadable("SerializationException", result.error()));
  return input;
}

http::Response RestJson::write(const Operation& operation, const void* output,
                               std::string_view request_id) const {
  http::Response response;
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  write_bindings(operation, output, response);
  write_body(operation, output, response);
  return response;
}

http::Response RestJson::write_error(const ServiceModel*, const Operation* operation,
                                     const ServiceError& error, std::string_view request_id) const {
  http::Response response;
  start_error(error, "application/json", response);
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  response.headers.set("X-Amzn-ErrorType", std::string(error_shape(operation, error)));
  response.body = formats::write_json(error_document({}, error));
  return response;
}

}  // namespace holm::aws

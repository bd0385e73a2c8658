// Smithy's RPC in CBOR.

#include "aws/protocol/rpc_v2_cbor.h"

#include "aws/codec/cbor_codec.h"
#include "aws/protocol/errors.h"
#include "formats/cbor.h"
#include "http/message.h"

namespace holm::aws {

namespace {

void add_headers(std::string_view request_id, http::Response& response) {
  response.headers.set("smithy-protocol", "rpc-v2-cbor");
  response.headers.set("Content-Type", "application/cbor");
  response.headers.set("x-amzn-RequestId", std::string(request_id));
}

}  // namespace

Result<Box, ServiceError> RpcV2Cbor::read(const Operation& operation, WireRequest request) const {
  Box input = operation.make_input();
  if (request.body.empty()) return input;
  auto result = read_cbor(request.body, *operation.input, input.get());
  if (!result) return std::unexpected(unreadable("SerializationException", result.error()));
  return input;
}

http::Response RpcV2Cbor::write(const Operation& operation, const void* output,
                                std::string_view request_id) const {
  http::Response response;
  add_headers(request_id, response);
  response.body = write_cbor(*operation.output, output);
  return response;
}

http::Response RpcV2Cbor::write_error(const ServiceModel* model, const Operation* operation,
                                      const ServiceError& error,
                                      std::string_view request_id) const {
  http::Response response;
  start_error(error, "application/cbor", response);
  add_headers(request_id, response);
  add_query_error(model, error, response);
  response.body = formats::write_cbor(error_document(error_shape(operation, error), error));
  return response;
}

}  // namespace holm::aws

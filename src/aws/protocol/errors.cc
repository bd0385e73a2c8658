// What the protocols' error envelopes have in common.

#include "aws/protocol/errors.h"

#include "formats/value.h"
#include "http/message.h"

namespace holm::aws {

std::string_view error_shape(const Operation* operation, const ServiceError& error) {
  if (!operation) return error.code;
  for (const ErrorModel& model : operation->errors) {
    if (model.code == error.code) return model.shape;
  }
  return error.code;
}

std::string_view error_fault(const ServiceError& error) {
  return error.http_status < 500 ? "Sender" : "Receiver";
}

ServiceError unreadable(std::string_view code, const CodecError& error) {
  return ServiceError(code, 400, error.describe());
}

void add_query_error(const ServiceModel* model, const ServiceError& error,
                     http::Response& response) {
  if (!model || !model->is_query_compatible) return;
  response.headers.set("x-amzn-query-error", error.code + ";" + std::string(error_fault(error)));
}

void start_error(const ServiceError& error, std::string_view content_type,
                 http::Response& response) {
  response.status = error.http_status;
  for (const auto& [name, value] : error.headers) response.headers.set(name, value);
  response.headers.set("Content-Type", std::string(content_type));
}

formats::Value error_document(std::string_view type, const ServiceError& error) {
  formats::Object body;
  if (!type.empty()) body.set("__type", type);
  if (*error.what()) body.set("message", std::string_view(error.what()));
  for (const auto& [name, value] : error.members) body.set(name, value);
  return body;
}

}  // namespace holm::aws

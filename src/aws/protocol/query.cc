// The query protocol.

#include "aws/protocol/query.h"

#include "aws/codec/xml_codec.h"
#include "aws/protocol/errors.h"
#include "aws/protocol/query_form.h"
#include "formats/xml.h"
#include "http/message.h"

namespace holm::aws {

Result<Box, ServiceError> Query::read(const Operation& operation, WireRequest request) const {
  return read_form_input(operation, request, FormDialect::Query, "MalformedInput");
}

http::Response Query::write(const Operation& operation, const void* output,
                            std::string_view request_id) const {
  formats::XmlWriter writer;
  writer.open(std::string(operation.name) + "Response", operation.model->xml_namespace);
  bool has_result = !operation.result_wrapper.empty();
  if (has_result) writer.open(operation.result_wrapper);
  write_xml(writer, *operation.output, output);
  if (has_result) writer.close();
  writer.open("ResponseMetadata");
  writer.element("RequestId", request_id);
  writer.close();
  writer.close();
  http::Response response;
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  response.headers.set("Content-Type", "text/xml");
  response.body = writer.take();
  return response;
}

http::Response Query::write_error(const ServiceModel* model, const Operation*,
                                  const ServiceError& error, std::string_view request_id) const {
  formats::XmlWriter writer;
  writer.open("ErrorResponse", model ? model->xml_namespace : std::string_view());
  writer.open("Error");
  writer.element("Type", error_fault(error));
  writer.element("Code", error.code);
  if (*error.what()) writer.element("Message", error.what());
  for (const auto& [name, value] : error.members) writer.element(name, value);
  writer.close();
  writer.element("RequestId", request_id);
  writer.close();
  http::Response response;
  start_error(error, "text/xml", response);
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  response.body = writer.take();
  return response;
}

}  // namespace holm::aws

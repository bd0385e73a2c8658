// The query protocol as EC2 alone speaks it.

#include "aws/protocol/ec2_query.h"

#include "aws/codec/xml_codec.h"
#include "aws/protocol/errors.h"
#include "aws/protocol/query_form.h"
#include "formats/xml.h"
#include "http/message.h"

namespace holm::aws {

namespace {

constexpr std::string_view kContentType = "text/xml;charset=UTF-8";

}  // namespace

Result<Box, ServiceError> Ec2Query::read(const Operation& operation, WireRequest request) const {
  return read_form_input(operation, request, FormDialect::Ec2, "InvalidParameterValue");
}

http::Response Ec2Query::write(const Operation& operation, const void* output,
                               std::string_view request_id) const {
  formats::XmlWriter writer(formats::XmlWriter::Declaration::Write);
  writer.open(std::string(operation.name) + "Response", operation.model->xml_namespace);
  writer.element("requestId", request_id);
  write_xml(writer, *operation.output, output);
  writer.close();
  http::Response response;
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  response.headers.set("Content-Type", std::string(kContentType));
  response.body = writer.take();
  return response;
}

http::Response Ec2Query::write_error(const ServiceModel*, const Operation*,
                                     const ServiceError& error, std::string_view request_id) const {
  formats::XmlWriter writer(formats::XmlWriter::Declaration::Write);
  writer.open("Response");
  writer.open("Errors");
  writer.open("Error");
  writer.element("Code", error.code);
  if (*error.what()) writer.element("Message", error.what());
  for (const auto& [name, value] : error.members) writer.element(name, value);
  writer.close();
  writer.close();
  writer.element("RequestID", request_id);
  writer.close();
  http::Response response;
  start_error(error, kContentType, response);
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  response.body = writer.take();
  return response;
}

}  // namespace holm::aws

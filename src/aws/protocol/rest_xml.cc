// REST with XML documents.

#include "aws/protocol/rest_xml.h"

#include "aws/codec/bindings.h"
#include "aws/codec/xml_codec.h"
#include "aws/protocol/errors.h"
#include "aws/protocol/rest_bindings.h"
#include "base/strings.h"
#include "formats/xml.h"
#include "http/message.h"

namespace holm::aws {

namespace {

using formats::XmlWriter;

constexpr size_t kUsualHeaders = 16;

// S3 does not wrap its errors and has request ids of its own. Smithy's model says so
// (noErrorWrapping), the published one does not. A request whose service nobody can tell is taken
// for one to S3 as well.
bool answers_like_s3(const ServiceModel* model) { return !model || model->service_id == "S3"; }

void add_request_id(const ServiceModel* model, std::string_view request_id,
                    http::Response& response) {
  if (!answers_like_s3(model)) {
    response.headers.set("x-amzn-RequestId", request_id);
    return;
  }
  response.headers.set("x-amz-request-id", request_id);
  response.headers.set("x-amz-id-2", base64_encode(request_id));
}

CodecResult read_document(std::string_view text, const Shape& shape, void* out, Bindings bindings) {
  auto root = formats::parse_xml(text);
  if (!root) return codec_failure("The XML is malformed: " + root.error().describe());
  return read_xml(*root, shape, out, bindings);
}

CodecResult read_body(const Operation& operation, WireRequest& request, void* input) {
  const Shape& shape = *operation.input;
  switch (body_kind(shape)) {
    case BodyKind::None:
      return {};
    case BodyKind::Raw:
      return read_raw_body(*shape.payload, request, input);
    case BodyKind::Payload:
      if (request.body.empty()) return {};
      return read_document(request.body, *shape.payload->shape, ensure_field(*shape.payload, input),
                           Bindings::Ignored);
    case BodyKind::Structure:
      if (request.body.empty()) return {};
      return read_document(request.body, shape, input, Bindings::Honoured);
  }
  return {};
}

std::string_view first_of(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

// The name of the root is the payload member's or its shape's, when the model gives them one.
std::string write_payload(const Operation& operation, const Member& payload, const void* value) {
  const Shape& shape = *payload.shape;
  std::string_view member_name =
      payload.wire_name == payload.name ? std::string_view() : payload.wire_name;
  std::string_view name = first_of(member_name, first_of(shape.xml_name, shape.name));
  std::string_view xml_namespace = first_of(first_of(payload.xml_namespace, shape.xml_namespace),
                                            operation.model->xml_namespace);
  XmlWriter writer(XmlWriter::Declaration::Write);
  writer.open(name, xml_namespace, payload.xml_prefix);
  write_xml(writer, shape, value);
  writer.close();
  return writer.take();
}

std::string write_structure(const Operation& operation, const void* output) {
  const Shape& shape = *operation.output;
  XmlWriter writer(XmlWriter::Declaration::Write);
  writer.open(first_of(shape.xml_name, shape.name),
              first_of(shape.xml_namespace, operation.model->xml_namespace));
  write_xml(writer, shape, output, Bindings::Honoured);
  writer.close();
  return writer.take();
}

void write_body(const Operation& operation, const void* output, http::Response& response) {
  const Shape& shape = *operation.output;
  switch (body_kind(shape)) {
    case BodyKind::None:
      return;
    case BodyKind::Raw:
      return write_raw_body(*shape.payload, output, response);
    case BodyKind::Payload:
      if (const void* field = find_present(*shape.payload, output)) {
        response.body = write_payload(operation, *shape.payload, field);
        set_content_type(response, "application/xml");
      }
      return;
    case BodyKind::Structure:
      if (response.status == 204 || operation.http_method == "HEAD") return;
      response.body = write_structure(operation, output);
      set_content_type(response, "application/xml");
      return;
  }
}

void write_error_members(XmlWriter& writer, const ServiceError& error) {
  writer.element("Code", error.code);
  if (*error.what()) writer.element("Message", error.what());
  for (const auto& [name, value] : error.members) writer.element(name, value);
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
std::string write_s3_error(const ServiceError& error, std::string_view request_id) {
  XmlWriter writer(XmlWriter::Declaration::Write);
  writer.open("Error");
  write_error_members(writer, error);
  writer.element("RequestId", request_id);
  writer.element("HostId", base64_encode(request_id));
  writer.close();
  return writer.take();
}

std::string write_wrapped_error(const ServiceModel& model, const ServiceError& error,
                                std::string_view request_id) {
  XmlWriter writer(XmlWriter::Declaration::Write);
  writer.open("ErrorResponse", model.xml_namespace);
  writer.open("Error");
  writer.element("Type", error_fault(error));
  write_error_members(writer, error);
  writer.close();
  writer.element("RequestId", request_id);
  writer.close();
  return writer.take();
}

}  // namespace

Result<Box, ServiceError> RestXml::read(const Operation& operation, WireRequest request) const {
  Box input = operation.make_input();
  auto result = read_bindings(operation, request, input.get());
  if (!result) return std::unexpected(unreadable("InvalidArgument", result.error()));
  result = read_body(operation, request, input.get());
  if (!result) return std::unexpected(unreadable("MalformedXML", result.error()));
  return input;
}

http::Response RestXml::write(const Operation& operation, const void* output,
                              std::string_view request_id) const {
  http::Response response;
  response.headers.reserve(kUsualHeaders);
  add_request_id(operation.model, request_id, response);
  write_bindings(operation, output, response);
  write_body(operation, output, response);
  return response;
}

http::Response RestXml::write_error(const ServiceModel* model, const Operation* operation,
                                    const ServiceError& error, std::string_view request_id) const {
  http::Response response;
  start_error(error, "application/xml", response);
  add_request_id(model, request_id, response);
  bool has_body = error.http_status != 304 && !(operation && operation->http_method == "HEAD");
  if (!has_body) {
    response.headers.remove("Content-Type");
    return response;
  }
  response.body = answers_like_s3(model) ? write_s3_error(error, request_id)
                                         : write_wrapped_error(*model, error, request_id);
  return response;
}

}  // namespace holm::aws

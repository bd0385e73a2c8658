// Names and values of the query are passed on as they came: AWS decodes nothing.

#include "dataplane/balancer/function_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/utf8.h"
#include "formats/json.h"
#include "http/response_head.h"

namespace holm::balancer {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

// Of several of one name the last one is told, or all of them.
void add(Object& object, std::string name, std::string_view text, EventHeaders kind) {
  Value value(is_utf8(text) ? std::string(text) : to_utf8(text));
  if (kind == EventHeaders::Single) {
    object.set(std::move(name), std::move(value));
    return;
  }
  if (Value* known = object.find(name)) {
    known->as_array()->push_back(std::move(value));
  } else {
    object.append(std::move(name), Array{std::move(value)});
  }
}

Object parameters_of(std::string_view query, EventHeaders kind) {
  Object parameters;
  for (std::string_view pair : split(query, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    const std::string_view name = pair.substr(0, equals);
    add(parameters, is_utf8(name) ? std::string(name) : to_utf8(name), value, kind);
  }
  return parameters;
}

// A body that is text by what the client says of it. Whatever cannot stand in JSON is not.
bool is_text(const http::Headers& headers, std::string_view body) {
  if (headers.has("content-encoding")) return false;
  constexpr std::array<std::string_view, 3> kTexts = {"application/json", "application/javascript",
                                                      "application/xml"};
  const std::string type = to_lower(trim(split(headers.get("content-type"), ';').front()));
  return (type.starts_with("text/") || std::ranges::find(kTexts, type) != kTexts.end()) && is_utf8(body);
}

Object context_of(std::string_view group_arn) {
  Object group, context;
  group.append("targetGroupArn", group_arn);
  context.append("elb", std::move(group));
  return context;
}

void append_maps(Object& event, Object parameters, Object headers, EventHeaders kind) {
  const bool is_single = kind == EventHeaders::Single;
  event.append(is_single ? "queryStringParameters" : "multiValueQueryStringParameters", std::move(parameters));
  event.append(is_single ? "headers" : "multiValueHeaders", std::move(headers));
}

bool is_absent(const Value* value) { return value == nullptr || value->is_null(); }

Result<http::Headers> headers_of(const Value& answer, EventHeaders kind) {
  http::Headers headers;
  const Value* given = answer.find(kind == EventHeaders::Single ? "headers" : "multiValueHeaders");
  if (is_absent(given)) return headers;
  if (!given->as_object()) return failure("the headers are no object");
  for (const auto& [name, value] : *given->as_object()) {
    Array one = {value};
    const Array* values = kind == EventHeaders::Single ? &one : value.as_array();
    if (!values) return failure("the values of a header are no array");
    for (const Value& each : *values) {
      if (!each.as_string()) return failure("the value of a header is no text");
      headers.add(name, *each.as_string());
    }
  }
  headers = end_to_end_headers(headers);
  headers.remove("content-length");
  if (!http::can_be_sent(headers)) return failure("a header cannot be sent");
  return headers;
}

}  // namespace

std::string function_event(const RequestHead& head, std::string_view body, std::string_view group_arn,
                           EventHeaders kind) {
  const http::Request& request = head.request;
  Object headers;
  for (const http::Header& each : forwarded_headers(head)) add(headers, to_lower(each.name), each.value, kind);
  if (!body.empty()) add(headers, "content-length", fmt::format_int(body.size()).c_str(), kind);
  Object event;
  event.append("requestContext", context_of(group_arn));
  event.append("httpMethod", request.method);
  event.append("path", is_utf8(request.path) ? request.path : to_utf8(request.path));
  append_maps(event, parameters_of(request.query, kind), std::move(headers), kind);
  const bool is_plain = body.empty() || is_text(request.headers, body);
  event.append("body", is_plain ? std::string(body) : base64_encode(body));
  event.append("isBase64Encoded", !is_plain);
  return formats::write_json(Value(std::move(event)));
}

std::string function_health_event(std::string_view path, std::string_view group_arn, EventHeaders kind) {
  Object event, headers;
  add(headers, "user-agent", "ELB-HealthChecker/2.0", kind);
  event.append("requestContext", context_of(group_arn));
  event.append("httpMethod", "GET");
  event.append("path", path);
  append_maps(event, {}, std::move(headers), kind);
  event.append("body", "");
  event.append("isBase64Encoded", false);
  return formats::write_json(Value(std::move(event)));
}

Result<http::Response> read_function_answer(std::string_view answer, EventHeaders kind) {
  const auto parsed = formats::parse_json(answer);
  if (!parsed) return failure(parsed.error().describe());
  const Value* status = parsed->find("statusCode");
  const auto code = status ? status->as_integer() : std::nullopt;
  if (!code || *code < 200 || *code > 599) return failure("there is no status code");
  http::Response response;
  response.status = static_cast<int>(*code);
  Result<http::Headers> headers = headers_of(*parsed, kind);
  if (!headers) return std::unexpected(headers.error());
  response.headers = std::move(*headers);
  const Value* body = parsed->find("body");
  const Value* encoded = parsed->find("isBase64Encoded");
  if (!is_absent(encoded) && !encoded->as_boolean()) return failure("isBase64Encoded is neither true nor false");
  if (is_absent(body)) return response;
  if (!body->as_string()) return failure("the body is no text");
  if (is_absent(encoded) || !*encoded->as_boolean()) {
    response.body = *body->as_string();
    return response;
  }
  auto bytes = base64_decode(*body->as_string());
  if (!bytes) return failure("the body is no base64");
  response.body = std::move(*bytes);
  return response;
}

}  // namespace holm::balancer

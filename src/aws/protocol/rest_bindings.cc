// What the REST protocols carry outside of documents.

#include "aws/protocol/rest_bindings.h"

#include <algorithm>

#include "aws/codec/bindings.h"
#include "aws/codec/text_codec.h"
#include "aws/protocol/header_lists.h"
#include "aws/protocol/uri_template.h"
#include "base/strings.h"
#include "formats/form.h"
#include "http/message.h"

namespace holm::aws {

namespace {

using formats::Form;
using formats::FormField;

// Text into the field of a member; a list gets one more item.
CodecResult read_field(std::string_view text, const Member& member, TimestampFormat fallback,
                       void* field) {
  const Shape& shape = *member.shape;
  if (shape.kind == Kind::List) {
    void* item = shape.element->ops->ensure(shape.list->append(field));
    auto timestamp = member.timestamp != TimestampFormat::Default ? member.timestamp : fallback;
    auto result = read_field(text, *shape.element, timestamp, item);
    if (!result) return within_item(shape.list->size(field) - 1, std::move(result.error()));
    return {};
  }
  return read_text(text, shape.kind, timestamp_format(member, fallback), field);
}

CodecResult read_into(std::string_view text, const Member& member, TimestampFormat fallback,
                      void* input) {
  auto result = read_field(text, member, fallback, ensure_field(member, input));
  if (!result) return within(member.wire_name, std::move(result.error()));
  return {};
}

CodecResult read_label(const UriMatch& match, const Member& member, void* input) {
  for (const UriLabel& label : match.labels()) {
    if (label.name != member.wire_name) continue;
    auto text = percent_decode(label.value);
    if (!text) return within(member.wire_name, CodecError{{}, "A malformed escape."});
    return read_into(*text, member, TimestampFormat::Iso8601, input);
  }
  return {};
}

CodecResult read_query(const Form& query, const Member& member, void* input) {
  bool is_list = member.shape->kind == Kind::List;
  for (const FormField& field : query) {
    if (field.name != member.wire_name) continue;
    // As AWS: a number of nothing is none.
    const Kind kind = member.shape->kind;
    if (field.value.empty() && (kind == Kind::Integer || kind == Kind::Long)) continue;
    auto result = read_into(field.value, member, TimestampFormat::Iso8601, input);
    if (!result || !is_list) return result;
  }
  return {};
}

bool is_taken_elsewhere(std::string_view name, const Operation& operation) {
  for (const Member& member : operation.input->members) {
    bool is_map = member.shape->kind == Kind::Map;
    if (member.location == Location::QueryString && !is_map && member.wire_name == name)
      return true;
  }
  return std::ranges::any_of(uri_constants(operation.http_uri),
                             [&](const UriConstant& constant) { return constant.name == name; });
}

// A map in the query string takes the parameters that no other member does, nor a signature.
CodecResult read_query_map(const Form& query, const Operation& operation, const Member& member,
                           void* input) {
  const Shape& map = *member.shape;
  for (const FormField& field : query) {
    if (is_taken_elsewhere(field.name, operation) || field.name.starts_with("X-Amz-")) continue;
    if (!is_utf8(field.name)) return codec_failure("Text in UTF-8 is expected.");
    void* values =
        map.element->ops->ensure(map.map->insert(ensure_field(member, input), field.name));
    auto result = read_field(field.value, *map.element, TimestampFormat::Iso8601, values);
    if (!result) return within(field.name, std::move(result.error()));
  }
  return {};
}

CodecResult read_json_value(std::string_view text, const Member& member, void* input) {
  auto result = read_text(text, Kind::Blob, TimestampFormat::Rfc822, ensure_field(member, input));
  if (!result) return within(member.wire_name, std::move(result.error()));
  return {};
}

CodecResult read_header(const http::Headers& headers, const Member& member, void* input) {
  const std::optional<std::string_view> value = headers.find(member.wire_name);
  if (!value) return {};
  if (member.is_json_value) return read_json_value(*value, member, input);
  if (member.shape->kind != Kind::List) {
    if (value->empty() && member.shape->kind != Kind::String) return {};
    return read_into(*value, member, TimestampFormat::Rfc822, input);
  }
  const Member& element = *member.shape->element;
  bool has_commas = element.shape->kind == Kind::Timestamp &&
                    timestamp_format(element, TimestampFormat::Rfc822) == TimestampFormat::Rfc822;
  for (std::string_view line : headers.all(member.wire_name)) {
    auto items = has_commas ? split_header_dates(line) : split_header_list(line);
    for (const std::string& item : items) {
      auto result = read_into(item, member, TimestampFormat::Rfc822, input);
      if (!result) return result;
    }
  }
  return {};
}

// All values of a name that is there, in one.
std::string joined_header(const http::Headers& headers, std::string_view name) {
  const std::vector<std::string_view> values = headers.all(name);
  std::string joined(values.front());
  for (std::string_view value : std::span(values).subspan(1)) joined.append(",").append(value);
  return joined;
}

// Headers whose names start with the member's, as x-amz-meta- does. Several of one name are one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata
CodecResult read_prefix_headers(const http::Headers& headers, const Member& member, void* input) {
  const Shape& map = *member.shape;
  for (const http::Header& header : headers) {
    std::string_view name = header.name;
    std::string_view prefix = member.wire_name;
    if (name.size() < prefix.size()) continue;
    if (!equals_ignoring_case(name.substr(0, prefix.size()), prefix)) continue;
    std::string key(name.substr(prefix.size()));
    void* value = map.element->ops->ensure(map.map->insert(ensure_field(member, input), key));
    auto result =
        read_field(joined_header(headers, name), *map.element, TimestampFormat::Rfc822, value);
    if (!result) return within(header.name, std::move(result.error()));
  }
  return {};
}

// What would end the header line early cannot be in it.
std::string header_safe(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\t') c = ' ';
  }
  return text;
}

std::string header_text(const Member& member, const void* field) {
  const Shape& shape = *member.shape;
  if (member.is_json_value) return base64_encode(*static_cast<const std::string*>(field));
  if (shape.kind != Kind::List) {
    auto format = timestamp_format(member, TimestampFormat::Rfc822);
    return write_text(shape.kind, format, field);
  }
  std::vector<std::string> items;
  for (size_t i = 0; i < shape.list->size(field); ++i) {
    const void* item = find_present(*shape.element, shape.list->at(field, i));
    if (!item) continue;
    std::string text = header_text(*shape.element, item);
    items.push_back(shape.element->shape->kind == Kind::String ? quote_header_item(text) : text);
  }
  return join(items, ", ");
}

struct PrefixHeaderWriter {
  http::Headers& headers;
  const Member& member;

  static void visit(void* self, const std::string& key, const void* field) {
    auto& writer = *static_cast<PrefixHeaderWriter*>(self);
    const Member& element = *writer.member.shape->element;
    const void* value = find_present(element, field);
    if (!value) return;
    std::string name = std::string(writer.member.wire_name) + key;
    writer.headers.set(header_safe(name), header_safe(header_text(element, value)));
  }
};

void write_header(const Operation& operation, const Member& member, const void* field,
                  http::Headers& headers) {
  bool is_length = equals_ignoring_case(member.wire_name, "Content-Length");
  if (is_length && operation.http_method != "HEAD") return;
  std::string text = header_safe(header_text(member, field));
  // An absent header and an empty one say the same.
  if (!text.empty()) headers.set(member.wire_name, std::move(text));
}

}  // namespace

CodecResult read_bindings(const Operation& operation, const WireRequest& request, void* input) {
  auto match = match_uri(operation.http_uri, request.path);
  if (!match) return codec_failure("The path is not one of this operation.");
  auto query = formats::parse_form(request.head->query);
  if (!query) return codec_failure("The query string is malformed: " + query.error().describe());
  for (const Member& member : operation.input->members) {
    CodecResult result;
    switch (member.location) {
      case Location::Uri:
        result = read_label(*match, member, input);
        break;
      case Location::QueryString:
        result = member.shape->kind == Kind::Map ? read_query_map(*query, operation, member, input)
                                                 : read_query(*query, member, input);
        break;
      case Location::Header:
        result = read_header(request.head->headers, member, input);
        break;
      case Location::Headers:
        result = read_prefix_headers(request.head->headers, member, input);
        break;
      case Location::StatusCode:
      case Location::Body:
        break;
    }
    if (!result) return result;
  }
  return {};
}

void write_bindings(const Operation& operation, const void* output, http::Response& response) {
  response.status = operation.http_status;
  for (const Member& member : operation.output->members) {
    const void* field = find_present(member, output);
    if (!field) continue;
    if (member.location == Location::Header) {
      write_header(operation, member, field, response.headers);
    } else if (member.location == Location::Headers) {
      PrefixHeaderWriter writer{response.headers, member};
      member.shape->map->each(field, &writer, PrefixHeaderWriter::visit);
    } else if (member.location == Location::StatusCode &&
               *static_cast<const int32_t*>(field) != 0) {
      response.status = *static_cast<const int32_t*>(field);
    }
  }
}

BodyKind body_kind(const Shape& shape) {
  if (shape.payload) {
    Kind kind = shape.payload->shape->kind;
    bool is_raw = kind == Kind::Blob || kind == Kind::String || kind == Kind::Stream;
    return is_raw ? BodyKind::Raw : BodyKind::Payload;
  }
  bool has_body_member = std::ranges::any_of(
      shape.members, [](const Member& member) { return member.location == Location::Body; });
  return has_body_member ? BodyKind::Structure : BodyKind::None;
}

CodecResult read_raw_body(const Member& payload, WireRequest& request, void* input) {
  if (payload.shape->kind == Kind::Stream) {
    if (!request.body_stream) {
      request.body_stream = std::make_shared<async::StringSource>(std::move(request.body));
    }
    *static_cast<Stream*>(ensure_field(payload, input)) = std::move(request.body_stream);
    return {};
  }
  if (request.body.empty()) return {};
  if (payload.shape->kind == Kind::String && !is_utf8(request.body)) {
    return within(payload.wire_name, CodecError{{}, "Text in UTF-8 is expected."});
  }
  *static_cast<std::string*>(ensure_field(payload, input)) = std::move(request.body);
  return {};
}

namespace {

// The response owns its source; the output, which is read only, shares it.
class SharedSource final : public async::ByteSource {
 public:
  explicit SharedSource(Stream source) : source_(std::move(source)) {}
  async::Task<std::string_view> read() override { return source_->read(); }
  std::optional<uint64_t> length() const override { return source_->length(); }

 private:
  Stream source_;
};

}  // namespace

void set_content_type(http::Response& response, std::string_view type) {
  if (!response.headers.has("Content-Type"))
    response.headers.set("Content-Type", std::string(type));
}

void write_raw_body(const Member& payload, const void* output, http::Response& response) {
  const void* field = find_present(payload, output);
  if (!field) return;
  if (payload.shape->kind == Kind::Stream) {
    response.body_stream = std::make_unique<SharedSource>(*static_cast<const Stream*>(field));
  } else {
    response.body = *static_cast<const std::string*>(field);
  }
  bool is_text = payload.shape->kind == Kind::String;
  set_content_type(response, is_text ? "text/plain" : "application/octet-stream");
}

}  // namespace holm::aws

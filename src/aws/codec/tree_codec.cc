// Trees of values ↔ values of a shape: what the JSON and CBOR codecs have in common.

#include "aws/codec/tree_codec.h"

#include <cstdlib>
#include <limits>

#include "aws/codec/text_codec.h"
#include "base/check.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws {

namespace {

using formats::Array;
using formats::Bytes;
using formats::EpochSeconds;
using formats::Object;
using formats::Value;

std::string_view name_of(TreeFormat format, const Member& member) {
  return format == TreeFormat::Kept ? member.name : member.wire_name;
}

// Parsers bound the depth of trees, so the recursion is bounded as well.
class TreeReader final {
 public:
  explicit TreeReader(TreeFormat format) : format_(format) {}

  CodecResult read(const Value& tree, const Shape& shape, TimestampFormat timestamp, void* out,
                   Bindings bindings = Bindings::Ignored) const {
    switch (shape.kind) {
      case Kind::Structure:
        return read_structure(tree, shape, out, bindings);
      case Kind::List:
        return read_list(tree, shape, out);
      case Kind::Map:
        return read_map(tree, shape, out);
      case Kind::Document:
        *static_cast<Document*>(out) = std::make_shared<const Value>(tree);
        return {};
      case Kind::Timestamp:
        return read_time(tree, timestamp, out);
      case Kind::Blob:
        return read_blob(tree, out);
      case Kind::Boolean:
      case Kind::String:
      case Kind::Integer:
      case Kind::Long:
      case Kind::Float:
      case Kind::Double:
        return read_scalar(tree, shape.kind, out);
      case Kind::Stream:
        break;
    }
    return codec_failure("A stream cannot stand in a document.");
  }

 private:
  CodecResult read_member(const Value& tree, const Member& member, void* out) const {
    return read(tree, *member.shape, timestamp_format(member, TimestampFormat::UnixSeconds), out);
  }
  CodecResult read_structure(const Value& tree, const Shape& shape, void* out,
                             Bindings bindings) const;
  CodecResult read_list(const Value& tree, const Shape& shape, void* out) const;
  CodecResult read_map(const Value& tree, const Shape& shape, void* out) const;
  CodecResult read_scalar(const Value& tree, Kind kind, void* out) const;
  CodecResult read_number(const Value& tree, void* out) const;
  CodecResult read_blob(const Value& tree, void* out) const;
  CodecResult read_time(const Value& tree, TimestampFormat timestamp, void* out) const;

  TreeFormat format_;
};

CodecResult TreeReader::read_structure(const Value& tree, const Shape& shape, void* out,
                                       Bindings bindings) const {
  const Object* object = tree.as_object();
  if (!object) return codec_failure("An object is expected.");
  int present = 0;
  for (const Member& member : shape.members) {
    if (bindings == Bindings::Honoured && member.location != Location::Body) continue;
    const Value* value = object->find(name_of(format_, member));
    if (!value || (value->is_null() && member.shape->kind != Kind::Document)) continue;
    ++present;
    auto result = read_member(*value, member, ensure_field(member, out));
    if (!result) return within(name_of(format_, member), std::move(result.error()));
  }
  if (shape.is_union && present != 1)
    return codec_failure("Exactly one member of the union is expected.");
  return {};
}

CodecResult TreeReader::read_list(const Value& tree, const Shape& shape, void* out) const {
  const Array* array = tree.as_array();
  if (!array) return codec_failure("A list is expected.");
  for (size_t i = 0; i < array->size(); ++i) {
    const Value& item = (*array)[i];
    if (item.is_null() && shape.element->shape->kind != Kind::Document) continue;
    void* element = shape.element->ops->ensure(shape.list->append(out));
    auto result = read_member(item, *shape.element, element);
    if (!result) return within_item(i, std::move(result.error()));
  }
  return {};
}

CodecResult TreeReader::read_map(const Value& tree, const Shape& shape, void* out) const {
  const Object* object = tree.as_object();
  if (!object) return codec_failure("An object is expected.");
  for (const auto& [key, value] : *object) {
    if (value.is_null() && shape.element->shape->kind != Kind::Document) continue;
    void* element = shape.element->ops->ensure(shape.map->insert(out, key));
    auto result = read_member(value, *shape.element, element);
    if (!result) return within(key, std::move(result.error()));
  }
  return {};
}

CodecResult TreeReader::read_scalar(const Value& tree, Kind kind, void* out) const {
  if (kind == Kind::Boolean) {
    const bool* boolean = tree.as_boolean();
    if (!boolean) return codec_failure("true or false is expected.");
    *static_cast<bool*>(out) = *boolean;
    return {};
  }
  if (kind == Kind::String) {
    const std::string* text = tree.as_string();
    if (!text) return codec_failure("A string is expected.");
    *static_cast<std::string*>(out) = *text;
    return {};
  }
  if (kind == Kind::Float || kind == Kind::Double) return read_number(tree, out);
  auto number = tree.as_integer();
  if (!number) return codec_failure("A whole number is expected.");
  if (kind == Kind::Long) {
    *static_cast<int64_t*>(out) = *number;
    return {};
  }
  if (*number < std::numeric_limits<int32_t>::min() ||
      *number > std::numeric_limits<int32_t>::max()) {
    return codec_failure("The number does not fit into 32 bits.");
  }
  *static_cast<int32_t*>(out) = static_cast<int32_t>(*number);
  return {};
}

CodecResult TreeReader::read_number(const Value& tree, void* out) const {
  auto number = tree.as_number();
  const std::string* text = format_ != TreeFormat::Cbor ? tree.as_string() : nullptr;
  if (text && (*text == "NaN" || *text == "Infinity" || *text == "-Infinity"))
    number = parse_number(*text);
  if (!number) return codec_failure("A number is expected.");
  *static_cast<double*>(out) = *number;
  return {};
}

CodecResult TreeReader::read_blob(const Value& tree, void* out) const {
  if (format_ == TreeFormat::Cbor) {
    const auto* bytes = std::get_if<Bytes>(&tree.data);
    if (!bytes) return codec_failure("A byte string is expected.");
    *static_cast<std::string*>(out) = bytes->bytes;
    return {};
  }
  const std::string* text = tree.as_string();
  if (!text) return codec_failure("Bytes in base64 are expected.");
  return read_text(*text, Kind::Blob, TimestampFormat::UnixSeconds, out);
}

CodecResult TreeReader::read_time(const Value& tree, TimestampFormat timestamp, void* out) const {
  std::optional<Time> time;
  if (format_ == TreeFormat::Cbor) {
    const auto* seconds = std::get_if<EpochSeconds>(&tree.data);
    if (seconds) time = time_of_seconds(seconds->seconds);
  } else if (timestamp == TimestampFormat::UnixSeconds) {
    auto seconds = tree.as_number();
    if (seconds) time = time_of_seconds(*seconds);
  } else if (const std::string* text = tree.as_string()) {
    time = parse_timestamp(*text, timestamp);
  }
  if (!time) return codec_failure("A timestamp is expected.");
  *static_cast<Timestamp*>(out) = *time;
  return {};
}

Value write_value(TreeFormat format, const Shape& shape, TimestampFormat timestamp,
                  const void* value);

Value write_member(TreeFormat format, const Member& member, const void* value) {
  auto timestamp = timestamp_format(member, TimestampFormat::UnixSeconds);
  return write_value(format, *member.shape, timestamp, value);
}

Value write_structure(TreeFormat format, const Shape& shape, const void* value, Bindings bindings) {
  Object object;
  for (const Member& member : shape.members) {
    if (bindings == Bindings::Honoured && member.location != Location::Body) continue;
    const void* field = find_present(member, value);
    if (field) object.set(std::string(name_of(format, member)), write_member(format, member, field));
  }
  return object;
}

Value write_list(TreeFormat format, const Shape& shape, const void* value) {
  Array array;
  size_t size = shape.list->size(value);
  array.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    const void* item = find_present(*shape.element, shape.list->at(value, i));
    array.push_back(item ? write_member(format, *shape.element, item) : Value());
  }
  return array;
}

struct MapWriter {
  TreeFormat format;
  const Member& element;
  Object object;

  static void visit(void* self, const std::string& key, const void* field) {
    auto& writer = *static_cast<MapWriter*>(self);
    const void* value = find_present(writer.element, field);
    writer.object.set(key, value ? write_member(writer.format, writer.element, value) : Value());
  }
};

Value write_map(TreeFormat format, const Shape& shape, const void* value) {
  MapWriter writer{format, *shape.element, {}};
  shape.map->each(value, &writer, MapWriter::visit);
  return std::move(writer.object);
}

Value write_time(TreeFormat format, TimestampFormat timestamp, Time time) {
  Value result;
  bool is_number = format == TreeFormat::Cbor || timestamp == TimestampFormat::UnixSeconds;
  if (is_number) {
    result.data = EpochSeconds{static_cast<double>(to_milliseconds(time)) / 1000.0};
  } else {
    result.data = write_timestamp(time, timestamp);
  }
  return result;
}

// A float's double that reads back from the float's shortest digits.
double shortest_float(double number) {
  return parse_number(write_number(number, Kind::Float)).value_or(number);
}

Value write_value(TreeFormat format, const Shape& shape, TimestampFormat timestamp,
                  const void* value) {
  switch (shape.kind) {
    case Kind::Boolean:
      return *static_cast<const bool*>(value);
    case Kind::Integer:
      return int64_t{*static_cast<const int32_t*>(value)};
    case Kind::Long:
      return *static_cast<const int64_t*>(value);
    case Kind::Float:
      return shortest_float(*static_cast<const double*>(value));
    case Kind::Double:
      return *static_cast<const double*>(value);
    case Kind::String:
      return *static_cast<const std::string*>(value);
    case Kind::Blob: {
      Value bytes;
      bytes.data = Bytes{*static_cast<const std::string*>(value)};
      return bytes;
    }
    case Kind::Timestamp:
      return write_time(format, timestamp, *static_cast<const Timestamp*>(value));
    case Kind::Document:
      return **static_cast<const Document*>(value);
    case Kind::List:
      return write_list(format, shape, value);
    case Kind::Map:
      return write_map(format, shape, value);
    case Kind::Structure:
      return write_structure(format, shape, value, Bindings::Ignored);
    case Kind::Stream:
      break;
  }
  CHECK(shape.kind != Kind::Stream);
  return {};
}

}  // namespace

CodecResult read_tree(const Value& tree, TreeFormat format, const Shape& shape, void* out,
                      Bindings bindings) {
  return TreeReader(format).read(tree, shape, TimestampFormat::UnixSeconds, out, bindings);
}

Value write_tree(TreeFormat format, const Shape& shape, const void* value, Bindings bindings) {
  if (shape.kind == Kind::Structure) return write_structure(format, shape, value, bindings);
  return write_value(format, shape, TimestampFormat::UnixSeconds, value);
}

}  // namespace holm::aws

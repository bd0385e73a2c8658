// XML elements ↔ values of a shape, as restXml, query and ec2 write them.

#include "aws/codec/xml_codec.h"

#include "aws/codec/text_codec.h"
#include "base/strings.h"
#include "formats/xml.h"

namespace holm::aws {

namespace {

using formats::XmlElement;
using formats::XmlWriter;

// The parser bounds the depth of documents, so the recursion of readers is bounded as well.
CodecResult read_content(const XmlElement& element, const Shape& shape, TimestampFormat timestamp,
                         void* out, Bindings bindings);

CodecResult read_member(const XmlElement& element, const Member& member, void* out) {
  auto timestamp = timestamp_format(member, TimestampFormat::Iso8601);
  return read_content(element, *member.shape, timestamp, out, Bindings::Ignored);
}

CodecResult read_item(const XmlElement& element, const Shape& list, size_t index, void* out) {
  void* item = list.element->ops->ensure(list.list->append(out));
  auto result = read_member(element, *list.element, item);
  if (!result) return within_item(index, std::move(result.error()));
  return {};
}

CodecResult read_entry(const XmlElement& entry, const Shape& map, void* out) {
  const XmlElement* key = entry.find(map.key_name);
  const XmlElement* value = entry.find(map.element->wire_name);
  if (!key) return codec_failure("An entry without its key.");
  void* item = map.element->ops->ensure(map.map->insert(out, key->text));
  if (!value) return {};
  auto result = read_member(*value, *map.element, item);
  if (!result) return within(key->text, std::move(result.error()));
  return {};
}

// The items or entries that stand among the children of `parent` under `name`.
CodecResult read_children(const XmlElement& parent, std::string_view name, const Shape& shape,
                          void* out) {
  size_t index = 0;
  for (const XmlElement& child : parent.children) {
    if (child.name != name) continue;
    auto result = shape.kind == Kind::List ? read_item(child, shape, index++, out)
                                           : read_entry(child, shape, out);
    if (!result) return result;
  }
  return {};
}

// A prefix is the sender's choice, so only the name behind it has to agree.
const std::string* find_attribute(const XmlElement& element, std::string_view name) {
  auto local_name = [](std::string_view text) { return text.substr(text.find(':') + 1); };
  for (const auto& attribute : element.attributes) {
    if (attribute.name == name) return &attribute.value;
  }
  for (const auto& attribute : element.attributes) {
    if (attribute.name.starts_with("xmlns")) continue;
    if (local_name(attribute.name) == local_name(name)) return &attribute.value;
  }
  return nullptr;
}

// True when the element held something for the member.
Result<bool, CodecError> read_field(const XmlElement& element, const Member& member, void* out) {
  CodecResult result;
  if (member.is_xml_attribute) {
    const std::string* text = find_attribute(element, member.wire_name);
    if (!text) return false;
    auto format = timestamp_format(member, TimestampFormat::Iso8601);
    result = read_text(*text, member.shape->kind, format, ensure_field(member, out));
  } else {
    std::string_view name = element_name(member);
    const XmlElement* child = element.find(name);
    if (!child) return false;
    bool has_parts = member.shape->kind == Kind::List || member.shape->kind == Kind::Map;
    void* field = ensure_field(member, out);
    result = has_parts && is_flattened(member) ? read_children(element, name, *member.shape, field)
                                               : read_member(*child, member, field);
  }
  if (!result) return within(member.wire_name, std::move(result.error()));
  return true;
}

CodecResult read_structure(const XmlElement& element, const Shape& shape, void* out,
                           Bindings bindings) {
  int present = 0;
  for (const Member& member : shape.members) {
    if (bindings == Bindings::Honoured && member.location != Location::Body) continue;
    auto found = read_field(element, member, out);
    if (!found) return std::unexpected(std::move(found.error()));
    if (*found) ++present;
  }
  if (shape.is_union && present != 1)
    return codec_failure("Exactly one member of the union is expected.");
  return {};
}

CodecResult read_content(const XmlElement& element, const Shape& shape, TimestampFormat timestamp,
                         void* out, Bindings bindings) {
  switch (shape.kind) {
    case Kind::Structure:
      return read_structure(element, shape, out, bindings);
    case Kind::List:
      return read_children(element, shape.element->wire_name, shape, out);
    case Kind::Map:
      return read_children(element, "entry", shape, out);
    case Kind::Boolean:
    case Kind::Integer:
    case Kind::Long:
    case Kind::Float:
    case Kind::Double:
    case Kind::String:
    case Kind::Blob:
    case Kind::Timestamp:
    case Kind::Stream:
    case Kind::Document:
      break;
  }
  if (!element.children.empty()) return codec_failure("Text is expected, not elements.");
  return read_text(element.text, shape.kind, timestamp, out);
}

void write_content(XmlWriter& writer, const Shape& shape, TimestampFormat timestamp,
                   const void* value, Bindings bindings);

// A structure's attribute may have a prefix ("xsi:type"); the structure's namespace is what it
// stands for.
std::string_view attribute_prefix(const Shape& shape) {
  for (const Member& member : shape.members) {
    size_t colon = member.wire_name.find(':');
    if (member.is_xml_attribute && colon != std::string_view::npos) {
      return member.wire_name.substr(0, colon);
    }
  }
  return {};
}

void write_element(XmlWriter& writer, std::string_view name, const Member& member,
                   const void* value) {
  std::string_view prefix = attribute_prefix(*member.shape);
  if (member.xml_namespace.empty() && !prefix.empty()) {
    writer.open(name, member.shape->xml_namespace, prefix);
  } else {
    writer.open(name, member.xml_namespace, member.xml_prefix);
  }
  auto timestamp = timestamp_format(member, TimestampFormat::Iso8601);
  write_content(writer, *member.shape, timestamp, value, Bindings::Ignored);
  writer.close();
}

void write_items(XmlWriter& writer, std::string_view name, const Shape& shape, const void* list) {
  for (size_t i = 0; i < shape.list->size(list); ++i) {
    const void* item = find_present(*shape.element, shape.list->at(list, i));
    if (item) write_element(writer, name, *shape.element, item);
  }
}

struct EntryWriter {
  XmlWriter& writer;
  std::string_view name;
  const Member* outer;  // Of a flattened map: its namespace is on each entry.
  const Shape& map;

  static void visit(void* self, const std::string& key, const void* field) {
    auto& entries = *static_cast<EntryWriter*>(self);
    const Member& element = *entries.map.element;
    const void* value = find_present(element, field);
    if (!value) return;
    if (entries.outer) {
      entries.writer.open(entries.name, entries.outer->xml_namespace, entries.outer->xml_prefix);
    } else {
      entries.writer.open(entries.name);
    }
    entries.writer.element(entries.map.key_name, key);
    write_element(entries.writer, element.wire_name, element, value);
    entries.writer.close();
  }
};

void write_entries(XmlWriter& writer, std::string_view name, const Member* outer, const Shape& map,
                   const void* value) {
  EntryWriter entries{writer, name, outer, map};
  map.map->each(value, &entries, EntryWriter::visit);
}

void write_field(XmlWriter& writer, const Member& member, const void* value) {
  std::string_view name = element_name(member);
  if (member.shape->kind == Kind::List && is_flattened(member)) {
    write_items(writer, name, *member.shape, value);
  } else if (member.shape->kind == Kind::Map && is_flattened(member)) {
    write_entries(writer, name, &member, *member.shape, value);
  } else {
    write_element(writer, name, member, value);
  }
}

void write_structure(XmlWriter& writer, const Shape& shape, const void* value, Bindings bindings) {
  auto is_written = [&](const Member& member) {
    return bindings == Bindings::Ignored || member.location == Location::Body;
  };
  for (const Member& member : shape.members) {
    const void* field =
        member.is_xml_attribute && is_written(member) ? find_present(member, value) : nullptr;
    if (!field) continue;
    auto format = timestamp_format(member, TimestampFormat::Iso8601);
    writer.attribute(member.wire_name, write_text(member.shape->kind, format, field));
  }
  for (const Member& member : shape.members) {
    if (member.is_xml_attribute || !is_written(member)) continue;
    const void* field = find_present(member, value);
    if (field) write_field(writer, member, field);
  }
}

void write_content(XmlWriter& writer, const Shape& shape, TimestampFormat timestamp,
                   const void* value, Bindings bindings) {
  switch (shape.kind) {
    case Kind::Structure:
      return write_structure(writer, shape, value, bindings);
    case Kind::List:
      return write_items(writer, shape.element->wire_name, shape, value);
    case Kind::Map:
      return write_entries(writer, "entry", nullptr, shape, value);
    case Kind::String:
      return writer.text(*static_cast<const std::string*>(value));
    case Kind::Boolean:
    case Kind::Integer:
    case Kind::Long:
    case Kind::Float:
    case Kind::Double:
    case Kind::Blob:
    case Kind::Timestamp:
    case Kind::Stream:
    case Kind::Document:
      break;
  }
  writer.text(write_text(shape.kind, timestamp, value));
}

}  // namespace

CodecResult read_xml(const XmlElement& element, const Shape& shape, void* out, Bindings bindings) {
  return read_content(element, shape, TimestampFormat::Iso8601, out, bindings);
}

void write_xml(XmlWriter& writer, const Shape& shape, const void* value, Bindings bindings) {
  write_content(writer, shape, TimestampFormat::Iso8601, value, bindings);
}

}  // namespace holm::aws

// Whether two messages say the same.

#include "protocol/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "aws/codec/text_codec.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/xml.h"

namespace holm::test {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;
using formats::XmlElement;

std::string normal_text(std::string_view text) {
  if (auto number = aws::parse_number(text)) return aws::write_number(*number, aws::Kind::Double);
  if (auto time = parse_iso8601(text)) return std::to_string(to_milliseconds(*time));
  return std::string(text);
}

bool is_request_id(std::string_view name) {
  return name == "ResponseMetadata" || name == "RequestId" || name == "requestId" ||
         name == "RequestID";
}

std::string normal_element(const XmlElement& element) {
  std::vector<std::string> attributes;
  for (const auto& attribute : element.attributes) {
    if (attribute.name.starts_with("xmlns")) continue;
    attributes.push_back(" " + attribute.name + "='" + attribute.value + "'");
  }
  std::ranges::sort(attributes);
  // Ordered by name; the items of a list, which have one name, keep their order.
  std::multimap<std::string, std::string> children;
  for (const XmlElement& child : element.children) {
    // The entries of a map have no order.
    std::string order = child.children.size() == 2 ? normal_element(child) : std::string();
    if (!is_request_id(child.name)) children.emplace(child.name + order, normal_element(child));
  }
  std::string out = "<" + element.name + join(attributes, "") + ">\n";
  for (const auto& [name, child] : children) out += child;
  if (!trim(element.text).empty()) out += normal_text(element.text) + "\n";
  return out + "</" + element.name + ">\n";
}

}  // namespace

Value normal_tree(const Value& value) {
  if (const Object* object = value.as_object()) {
    Object kept;
    for (const auto& [name, member] : *object) {
      if (!member.is_null() && name != "__type") kept.set(name, normal_tree(member));
    }
    return kept;
  }
  if (const Array* array = value.as_array()) {
    Array kept;
    for (const Value& item : *array) kept.push_back(normal_tree(item));
    return kept;
  }
  auto number = value.as_number();
  if (number && std::isnan(*number)) return "NaN";
  const std::string* text = value.as_string();
  auto time = text ? parse_iso8601(*text) : std::nullopt;
  if (time) return to_milliseconds(*time);
  return value;
}

std::string normal_xml(std::string_view text) {
  auto root = formats::parse_xml(text);
  if (!root) return "not XML: " + root.error().describe();
  return normal_element(*root);
}

std::string normal_header(std::string_view value) {
  std::vector<std::string> items;
  if (value.starts_with("text/xml;")) value = "text/xml";
  for (std::string_view item : split(value, ',')) items.push_back(normal_text(trim(item)));
  return join(items, ", ");
}

}  // namespace holm::test

// The text of Fn::Sub, and scalars as text.

#include "stacks/substitution.h"


#include "base/characters.h"

namespace holm::stacks {

std::vector<SubstitutionPart> split_substitution(std::string_view text) {
  std::vector<SubstitutionPart> parts;
  std::string plain;
  while (!text.empty()) {
    const size_t start = text.find("${");
    const size_t end = start == std::string_view::npos ? start : text.find('}', start);
    if (end == std::string_view::npos) break;
    plain += text.substr(0, start);
    const std::string_view name = text.substr(start + 2, end - start - 2);
    if (name.starts_with('!')) {
      plain += "${";
      plain += name.substr(1);
      plain += '}';
    } else {
      if (!plain.empty()) parts.push_back({.text = std::move(plain)});
      plain.clear();
      parts.push_back({.kind = SubstitutionPart::Kind::Variable, .text = std::string(name)});
    }
    text.remove_prefix(end + 1);
  }
  plain += text;
  if (!plain.empty() || parts.empty()) parts.push_back({.text = std::move(plain)});
  return parts;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && is_alphanumeric(name, "_.:");
}

std::optional<std::string> scalar_text(const formats::Value& value) {
  if (const std::string* text = value.as_string()) return *text;
  if (const bool* boolean = value.as_boolean()) return *boolean ? "true" : "false";
  if (auto* number = std::get_if<formats::Value::Number>(&value.data)) return number->text;
  if (auto* integer = std::get_if<int64_t>(&value.data)) return std::to_string(*integer);
  return std::nullopt;
}

std::string_view function_name(const formats::Value& value) {
  const formats::Object* object = value.as_object();
  if (!object || object->size() != 1) return {};
  const std::string_view name = object->begin()->first;
  return name == "Ref" || name.starts_with("Fn::") ? name : std::string_view{};
}

std::optional<AttributeName> split_attribute(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return std::nullopt;
  return AttributeName{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

std::optional<AttributeName> literal_attribute(const formats::Value& argument) {
  if (const std::string* text = argument.as_string()) return split_attribute(*text);
  const formats::Array* parts = argument.as_array();
  if (!parts || parts->size() != 2) return std::nullopt;
  const std::string* resource = (*parts)[0].as_string();
  const std::string* attribute = (*parts)[1].as_string();
  if (!resource || !attribute || resource->empty() || attribute->empty()) return std::nullopt;
  return AttributeName{*resource, *attribute};
}

}  // namespace holm::stacks

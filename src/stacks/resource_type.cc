// Reading properties, names and tags, and the registry of types.

#include "stacks/resource_type.h"

#include <algorithm>

#include "aws/service/error.h"
#include "base/check.h"
#include "base/strings.h"
#include "formats/json.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

constexpr std::string_view kCustomResource = "AWS::CloudFormation::CustomResource";

std::string require_text(const formats::Value& value) {
  std::optional<std::string> text = scalar_text(value);
  CHECK(text);
  return *text;
}

void add_unless_there(std::vector<Tag>& tags, Tag tag) {
  if (std::ranges::find(tags, tag.key, &Tag::key) == tags.end()) tags.push_back(std::move(tag));
}

}  // namespace

const formats::Value* Properties::find(std::string_view name) const { return object_->find(name); }

bool Properties::has(std::string_view name) const { return find(name) != nullptr; }

std::optional<std::string> Properties::find_text(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return std::nullopt;
  return require_text(*value);
}

std::string Properties::text(std::string_view name) const { return find_text(name).value_or(""); }

std::optional<int64_t> Properties::find_integer(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return std::nullopt;
  std::optional<int64_t> integer = value->as_integer();
  CHECK(integer);
  return integer;
}

int64_t Properties::integer(std::string_view name, int64_t otherwise) const {
  return find_integer(name).value_or(otherwise);
}

std::optional<double> Properties::find_number(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return std::nullopt;
  std::optional<double> number = value->as_number();
  CHECK(number);
  return number;
}

std::optional<bool> Properties::find_boolean(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return std::nullopt;
  CHECK(value->as_boolean());
  return *value->as_boolean();
}

bool Properties::boolean(std::string_view name, bool otherwise) const {
  return find_boolean(name).value_or(otherwise);
}

std::vector<std::string> Properties::texts(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return {};
  CHECK(value->as_array());
  std::vector<std::string> result;
  for (const formats::Value& element : *value->as_array()) result.push_back(require_text(element));
  return result;
}

std::map<std::string, std::string> Properties::text_map(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return {};
  CHECK(value->as_object());
  std::map<std::string, std::string> result;
  for (const auto& [key, member] : *value->as_object()) result[key] = require_text(member);
  return result;
}

std::optional<Properties> Properties::find_object(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return std::nullopt;
  CHECK(value->as_object());
  return Properties(*value);
}

std::vector<Properties> Properties::objects(std::string_view name) const {
  const formats::Value* value = find(name);
  if (!value) return {};
  CHECK(value->as_array());
  std::vector<Properties> result;
  for (const formats::Value& element : *value->as_array()) {
    CHECK(element.as_object());
    result.emplace_back(element);
  }
  return result;
}

std::vector<Tag> Properties::tags(std::string_view name) const {
  std::vector<Tag> result;
  for (const Properties& tag : objects(name))
    result.push_back({tag.text("Key"), tag.text("Value")});
  return result;
}

std::string Properties::json(std::string_view name) const {
  const formats::Value* value = find(name);
  return value ? formats::write_json(*value) : "";
}

bool differs(const Properties& a, const Properties& b, std::string_view name) {
  const formats::Value* left = a.find(name);
  const formats::Value* right = b.find(name);
  if (!left || !right) return left != right;
  return !(*left == *right);
}

std::vector<std::string> keys_gone(const Existing& was, const std::vector<Tag>& was_own,
                                   const std::vector<Tag>& wanted) {
  std::vector<Tag> had = was_own;
  for (const Tag& tag : was.stack_tags) add_unless_there(had, tag);
  std::vector<std::string> gone;
  for (const Tag& tag : had) {
    if (std::ranges::find(wanted, tag.key, &Tag::key) == wanted.end()) gone.push_back(tag.key);
  }
  return gone;
}

bool differs_beyond(const Properties& a, const Properties& b, std::string_view name) {
  auto has_other = [&](const Properties& one, const Properties& other) {
    return std::ranges::any_of(*one.value().as_object(), [&](const auto& member) {
      return member.first != name && differs(one, other, member.first);
    });
  };
  return has_other(a, b) || has_other(b, a);
}

// stack-logicalid-SUFFIX. What is too long loses the end of the stack's name and of the logical id.
std::string Context::name(size_t length_max, NameCase name_case) const {
  CHECK(length_max > name_suffix.size() + 2);
  const size_t room = length_max - name_suffix.size() - 2;
  const size_t for_logical_id =
      std::min(logical_id.size(), std::max(room / 2, room - std::min(room, stack_name.size())));
  const size_t for_stack = std::min(stack_name.size(), room - for_logical_id);
  const std::string whole = stack_name.substr(0, for_stack) + "-" +
                            logical_id.substr(0, for_logical_id) + "-" + name_suffix;
  return name_case == NameCase::Lower ? to_lower(whole) : whole;
}

std::vector<Tag> Context::tags(const std::vector<Tag>& own) const {
  std::vector<Tag> result = own;
  for (const Tag& tag : stack_tags) add_unless_there(result, tag);
  for (const Tag& tag : result) {
    if (!to_lower(tag.key).starts_with("aws:")) continue;
    throw aws::ServiceError("InvalidParameterValue", 400,
                            "aws: prefixed tag key names are not allowed for external use.");
  }
  add_unless_there(result, {"aws:cloudformation:stack-name", stack_name});
  add_unless_there(result, {"aws:cloudformation:stack-id", stack_id});
  add_unless_there(result, {"aws:cloudformation:logical-id", logical_id});
  return result;
}

Progress ready(formats::Object attributes) { return {.attributes = std::move(attributes)}; }
Progress in_progress() { return {.state = Progress::State::InProgress}; }
Progress failed(std::string reason) {
  return {.state = Progress::State::Failed, .reason = std::move(reason)};
}

bool ResourceType::replaces(const Properties&, const Properties&, std::string_view) const {
  return true;
}

void TypeRegistry::add(std::unique_ptr<ResourceType> type) {
  std::string name{type->name()};
  CHECK(!types_.contains(name));
  types_.emplace(std::move(name), std::move(type));
}

const ResourceType* TypeRegistry::find(std::string_view name) const {
  auto found = types_.find(name.starts_with("Custom::") ? kCustomResource : name);
  return found == types_.end() ? nullptr : found->second.get();
}

std::vector<std::string_view> TypeRegistry::names() const {
  std::vector<std::string_view> result;
  for (const auto& [name, type] : types_) result.push_back(name);
  return result;
}

}  // namespace holm::stacks

// What a form that a browser sends to S3 may hold.

#include "gateway/post_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"

namespace holm::gateway {

namespace {

using aws::ServiceError;
using formats::Array;
using formats::Value;

// They are the policy, sign it, or are nobody's business. So are checksums: they change nothing of what is stored.
constexpr std::string_view kFreeFields[] = {"policy",         "signature", "x-amz-signature",
                                            "awsaccesskeyid", "file",      "submit"};

ServiceError invalid(const std::string& message) {
  return ServiceError("InvalidPolicyDocument", 400, "Invalid Policy: " + message);
}

ServiceError refused(const std::string& message) {
  return ServiceError("AccessDenied", 403, "Invalid according to Policy: " + message);
}

// "$Key" and "key" are the same field.
std::string field_name(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  return to_lower(text);
}

std::optional<uint64_t> length_in(const Value& value) {
  std::optional<int64_t> number = value.as_integer();
  if (const std::string* text = value.as_string()) number = parse_integer(*text);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

// A text that is no number holds for no length.
bool is_no_number(const Value& value) {
  const std::string* text = value.as_string();
  return text != nullptr && !parse_integer(*text);
}

// ["content-length-range", "a", "10"], as AWS repeats it.
std::string spaced_list(const Array& list) {
  std::vector<std::string> items;
  for (const Value& each : list) items.push_back(formats::write_json(each));
  return "[" + join(items, ", ") + "]";
}

enum class Comparison { Equal, StartsWith };

class Check {
 public:
  explicit Check(const std::vector<FormField>& fields) : fields_(fields) {}

  std::optional<ServiceError> condition(const Value& value) {
    if (const formats::Object* object = value.as_object()) return exact(*object);
    const Array* list = value.as_array();
    if (list == nullptr || list->size() != 3 || list->front().as_string() == nullptr) {
      return invalid("Invalid Condition: it is neither an object nor a list of three.");
    }
    const std::string operation = to_lower(*list->front().as_string());
    if (operation == "content-length-range") return range(*list);
    const std::string* name = (*list)[1].as_string();
    const std::string* text = (*list)[2].as_string();
    if (name == nullptr || text == nullptr) return invalid("Invalid Condition: texts are expected.");
    // Only with a dollar sign it is a field's name.
    if (!name->starts_with('$')) return failed(operation, *name, *text);
    if (operation == "eq") return compare(Comparison::Equal, *name, *text);
    if (operation == "starts-with") return compare(Comparison::StartsWith, *name, *text);
    return invalid("Invalid Condition: unknown operation " + operation);
  }

  // Every field has to be mentioned.
  std::optional<ServiceError> rest() const {
    for (const FormField& field : fields_) {
      const bool is_free = std::ranges::find(kFreeFields, field.name) != std::end(kFreeFields) ||
                           field.name.starts_with("x-ignore-") || field.name.starts_with("x-amz-checksum-") ||
                           field.name == "bucket";
      if (!is_free && !mentioned_.contains(field.name)) return refused("Extra input fields: " + field.name);
    }
    return std::nullopt;
  }

  FileLength length() const { return length_; }

 private:
  std::optional<ServiceError> exact(const formats::Object& object) {
    if (object.size() != 1) {
      return invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
    }
    const auto& [name, value] = *object.begin();
    if (value.as_string() == nullptr) return invalid("Invalid Simple-Condition: a text is expected.");
    return compare(Comparison::Equal, name, *value.as_string());
  }

  std::optional<ServiceError> compare(Comparison comparison, std::string_view given_name,
                                      const std::string& text) {
    const std::string name = field_name(given_name);
    mentioned_.insert(name);
    const auto field = std::ranges::find(fields_, name, &FormField::name);
    const bool is_there = field != fields_.end();
    const bool holds = comparison == Comparison::Equal
                           ? is_there && field->value == text
                           : (is_there && field->value.starts_with(text)) || (!is_there && text.empty());
    if (holds) return std::nullopt;
    return failed(comparison == Comparison::Equal ? "eq" : "starts-with", "$" + name, text);
  }

  static ServiceError failed(std::string_view operation, std::string_view name, std::string_view text) {
    return refused(fmt::format("Policy Condition failed: [\"{}\", \"{}\", \"{}\"]", operation, name, text));
  }

  std::optional<ServiceError> range(const Array& list) {
    const bool is_word = is_no_number(list[1]) || is_no_number(list[2]);
    if (is_word) return refused("Policy Condition failed: " + spaced_list(list));
    const auto minimum = length_in(list[1]), maximum = length_in(list[2]);
    if (!minimum || !maximum || *minimum > *maximum) {
      return invalid("Invalid Condition: content-length-range takes a smallest and a largest length.");
    }
    length_ = {std::max(length_.minimum, *minimum), std::min(length_.maximum, *maximum)};
    return std::nullopt;
  }

  const std::vector<FormField>& fields_;
  std::set<std::string> mentioned_;
  FileLength length_;
};

}  // namespace

Result<FileLength, ServiceError> check_policy(std::string_view text, const std::vector<FormField>& fields,
                                              Time now) {
  const auto policy = formats::parse_json(text);
  if (!policy || policy->as_object() == nullptr) return std::unexpected(invalid("Invalid JSON."));
  const Value* expiration = policy->find("expiration");
  const Value* conditions = policy->find("conditions");
  if (expiration == nullptr || expiration->as_string() == nullptr)
    return std::unexpected(invalid("Policy document must contain an expiration."));
  if (conditions == nullptr || conditions->as_array() == nullptr || conditions->as_array()->empty())
    return std::unexpected(invalid("Policy document must contain a list of conditions."));
  const auto end = parse_iso8601(*expiration->as_string());
  if (!end) return std::unexpected(invalid("Invalid 'expiration' value: " + *expiration->as_string()));
  if (*end <= now) return std::unexpected(refused("Policy expired."));
  Check check(fields);
  for (const Value& condition : *conditions->as_array()) {
    if (auto error = check.condition(condition)) return std::unexpected(std::move(*error));
  }
  if (auto error = check.rest()) return std::unexpected(std::move(*error));
  return check.length();
}

}  // namespace holm::gateway

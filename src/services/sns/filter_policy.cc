// Filter policies: what is one, and what passes.

#include "services/sns/filter_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "aws/policy/condition.h"
#include "base/strings.h"
#include "formats/json.h"

namespace holm::sns {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr formats::Limits kLimits{.depth = 32, .bytes = 256 * 1024, .values = 10'000};
constexpr int kKeysMax = 5;
constexpr double kCombinationsMax = 150;
constexpr double kNumberMax = 1e9;
constexpr std::array<std::string_view, 5> kComparisons = {"=", "<", "<=", ">", ">="};

bool is_scalar(const Value& value) { return !value.as_array() && !value.as_object(); }

// "*" stands for any characters; two in a row are refused when the policy is read.
bool matches_star(std::string_view pattern, std::string_view text) {
  const auto parts = split(pattern, '*');
  if (parts.size() == 1) return pattern == text;
  if (!text.starts_with(parts.front())) return false;
  text.remove_prefix(parts.front().size());
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    const size_t at = text.find(parts[i]);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + parts[i].size());
  }
  return text.ends_with(parts.back());
}

bool in_range(std::string_view address, const std::string& range) {
  const auto wanted = aws::policy::parse_address_range(range);
  const auto given = aws::policy::parse_address_range(address);
  if (!wanted || !given) return false;
  for (int bit = 0; bit < wanted->prefix_bits; ++bit) {
    const auto byte = static_cast<size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((wanted->bytes[byte] & mask) != (given->bytes[byte] & mask)) return false;
  }
  return true;
}

bool compares(double value, const std::string& comparison, double bound) {
  if (comparison == "=") return value == bound;
  if (comparison == "<") return value < bound;
  if (comparison == "<=") return value <= bound;
  return comparison == ">" ? value > bound : value >= bound;
}

bool is_text_like(const std::string& kind, const std::string& wanted, const std::string& text) {
  if (kind == "prefix") return text.starts_with(wanted);
  if (kind == "suffix") return text.ends_with(wanted);
  if (kind == "equals-ignore-case") return equals_ignoring_case(text, wanted);
  if (kind == "wildcard") return matches_star(wanted, text);
  return kind == "cidr" && in_range(text, wanted);
}

// Of "anything-but": a value, several, or an object like {"prefix": "a"}.
bool is_excluded(const Value& excluded, const Value& value) {
  if (const Array* several = excluded.as_array()) {
    return std::ranges::any_of(*several, [&](const Value& each) { return is_excluded(each, value); });
  }
  const Object* object = excluded.as_object();
  if (!object) return excluded == value;
  const auto& [kind, wanted] = *object->begin();
  const std::string* text = value.as_string();
  if (!text) return false;
  auto is_like = [&](const Value& each) { return is_text_like(kind, *each.as_string(), *text); };
  return wanted.as_array() ? std::ranges::any_of(*wanted.as_array(), is_like) : is_like(wanted);
}

bool is_in_numbers(const Array& terms, const Value& value) {
  if (value.as_string() || value.as_boolean()) return false;
  const auto number = value.as_number();
  if (!number) return false;
  for (size_t i = 0; i + 1 < terms.size(); i += 2) {
    if (!compares(*number, *terms[i].as_string(), *terms[i + 1].as_number())) return false;
  }
  return true;
}

bool meets(const Value& condition, const Value& value) {
  const Object* object = condition.as_object();
  if (!object) return condition == value;
  const auto& [kind, wanted] = *object->begin();
  if (kind == "exists") return *wanted.as_boolean();
  if (kind == "anything-but") return !is_excluded(wanted, value);
  if (kind == "numeric") return is_in_numbers(*wanted.as_array(), value);
  const std::string* text = value.as_string();
  return text && is_text_like(kind, *wanted.as_string(), *text);
}

// A list passes when one of what it holds does.
bool meets_any(const Array& conditions, const Value* value) {
  if (!value) {
    return std::ranges::any_of(conditions, [](const Value& each) {
      const Value* exists = each.find("exists");
      return exists && !*exists->as_boolean();
    });
  }
  if (const Array* several = value->as_array()) {
    return std::ranges::any_of(*several, [&](const Value& each) { return meets_any(conditions, &each); });
  }
  if (value->as_object()) return false;
  return std::ranges::any_of(conditions, [&](const Value& each) { return meets(each, *value); });
}

bool passes_object(const Object& policy, const Value& message);

bool passes_key(const std::string& key, const Value& wanted, const Value& message) {
  if (key == "$or") {
    return std::ranges::any_of(*wanted.as_array(),
                               [&](const Value& each) { return passes_object(*each.as_object(), message); });
  }
  const Value* value = message.find(key);
  if (const Array* conditions = wanted.as_array()) return meets_any(*conditions, value);
  if (value && value->as_array()) {
    return std::ranges::any_of(*value->as_array(),
                               [&](const Value& each) { return passes_object(*wanted.as_object(), each); });
  }
  static const Value kNothing{Object()};
  return passes_object(*wanted.as_object(), value ? *value : kNothing);
}

bool passes_object(const Object& policy, const Value& message) {
  return std::ranges::all_of(policy,
                             [&](const auto& each) { return passes_key(each.first, each.second, message); });
}

// Checks a policy while it is read.
class Check {
 public:
  explicit Check(FilterScope scope) : scope_(scope) {}

  Result<void> object(const Object& policy, int depth) {
    if (policy.empty()) return failure("Filter policy can not be empty");
    for (const auto& [key, wanted] : policy) {
      if (auto fine = key == "$or" ? alternatives(wanted, depth) : member(key, wanted, depth); !fine)
        return fine;
    }
    return {};
  }
  Result<void> whole() const {
    if (keys_ > kKeysMax) return failure("Filter policy can not have more than 5 keys");
    if (combinations_ > kCombinationsMax) {
      return failure("Filter policy is too complex: more than 150 combinations of values");
    }
    return {};
  }

 private:
  Result<void> alternatives(const Value& wanted, int depth) {
    const Array* several = wanted.as_array();
    if (!several || several->size() < 2) return failure("\"$or\" has to be a list of at least two objects");
    for (const Value& each : *several) {
      if (!each.as_object()) return failure("\"$or\" has to be a list of objects");
      if (auto fine = object(*each.as_object(), depth); !fine) return fine;
    }
    return {};
  }

  Result<void> member(const std::string& key, const Value& wanted, int depth) {
    if (const Object* nested = wanted.as_object()) {
      if (scope_ == FilterScope::MessageAttributes) {
        return failure("Filter policy scope MessageAttributes does not support nested filter policy");
      }
      return object(*nested, depth + 1);
    }
    const Array* conditions = wanted.as_array();
    if (!conditions) return failure(fmt::format("\"{}\" must be an object or an array", key));
    if (conditions->empty()) return failure(fmt::format("Empty arrays are not allowed: \"{}\"", key));
    ++keys_;
    combinations_ *= static_cast<double>(conditions->size()) * depth;
    for (const Value& each : *conditions) {
      if (auto fine = condition(each); !fine) return fine;
    }
    return {};
  }

  static Result<void> number(const Value& value) {
    auto number = value.as_number();
    if (!number || *number < -kNumberMax || *number > kNumberMax) {
      return failure("Numbers have to be between -1,000,000,000 and 1,000,000,000");
    }
    return {};
  }

  static Result<void> scalar(const Value& value) {
    if (value.as_string() || value.as_boolean() || value.is_null()) return {};
    if (!is_scalar(value)) return failure("Match value must be String, number, true, false, or null");
    return number(value);
  }

  static Result<void> text(const std::string& kind, const Value& value) {
    const std::string* wanted = value.as_string();
    if (!wanted || wanted->empty()) return failure(fmt::format("{} match pattern must be a string", kind));
    if (kind == "cidr" && !aws::policy::parse_address_range(*wanted)) return failure("Malformed CIDR");
    if (kind == "wildcard" && wanted->find("**") != std::string::npos) {
      return failure("Consecutive wildcard characters");
    }
    return {};
  }

  static Result<void> anything_but(const Value& wanted) {
    if (const Array* several = wanted.as_array()) {
      if (several->empty()) return failure("anything-but needs a value");
      for (const Value& each : *several) {
        if (auto fine = scalar(each); !fine) return fine;
      }
      return {};
    }
    const Object* object = wanted.as_object();
    if (!object) return scalar(wanted);
    if (object->size() != 1) return failure("anything-but has one kind of pattern");
    const auto& [kind, pattern] = *object->begin();
    if (kind != "prefix" && kind != "suffix" && kind != "wildcard" && kind != "equals-ignore-case") {
      return failure("Unsupported anything-but pattern: " + kind);
    }
    if (!pattern.as_array()) return text(kind, pattern);
    for (const Value& each : *pattern.as_array()) {
      if (auto fine = text(kind, each); !fine) return fine;
    }
    return {};
  }

  static Result<void> numeric(const Value& wanted) {
    const Array* terms = wanted.as_array();
    if (!terms || (terms->size() != 2 && terms->size() != 4)) {
      return failure("Value of numeric must be a list of one or two comparisons");
    }
    for (size_t i = 0; i < terms->size(); i += 2) {
      const std::string* comparison = (*terms)[i].as_string();
      if (!comparison || std::ranges::find(kComparisons, *comparison) == kComparisons.end()) {
        return failure("Unrecognized numeric range operator");
      }
      if (auto fine = number((*terms)[i + 1]); !fine) return fine;
    }
    return {};
  }

  static Result<void> condition(const Value& value) {
    const Object* object = value.as_object();
    if (!object) return scalar(value);
    if (object->size() != 1) return failure("Only one key allowed in match expression");
    const auto& [kind, wanted] = *object->begin();
    if (kind == "exists") {
      if (!wanted.as_boolean()) return failure("exists match pattern must be either true or false.");
      return {};
    }
    if (kind == "anything-but") return anything_but(wanted);
    if (kind == "numeric") return numeric(wanted);
    constexpr std::array<std::string_view, 5> kTexts = {"prefix", "suffix", "equals-ignore-case", "wildcard",
                                                        "cidr"};
    if (std::ranges::find(kTexts, kind) == kTexts.end()) return failure("Unrecognized match type " + kind);
    return text(kind, wanted);
  }

  FilterScope scope_;
  int keys_ = 0;
  double combinations_ = 1;
};

}  // namespace

Result<formats::Value> parse_filter_policy(std::string_view text, FilterScope scope) {
  auto policy = formats::parse_json(text, kLimits);
  if (!policy) return failure("failed to parse JSON. " + policy.error().message);
  if (!policy->as_object()) return failure("Filter policy must be an object");
  Check check(scope);
  if (auto fine = check.object(*policy->as_object(), 1); !fine) return std::unexpected(fine.error());
  if (auto fine = check.whole(); !fine) return std::unexpected(fine.error());
  return std::move(*policy);
}

bool passes(const formats::Value& policy, const formats::Value& message) {
  return passes_object(*policy.as_object(), message);
}

}  // namespace holm::sns

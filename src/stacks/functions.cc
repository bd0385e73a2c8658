// Evaluating intrinsic functions.

#include "stacks/functions.h"

#include <algorithm>

#include "base/strings.h"
#include "formats/json.h"
#include "stacks/cidr.h"
#include "stacks/logic.h"
#include "stacks/state.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

constexpr std::string_view kResolve = "{{resolve:";
constexpr size_t kTextBytesMax = 4u << 20;

// Each function evaluates one thing into `out` and returns false after noting the first error.
// `out` without a value is AWS::NoValue.
class Evaluator {
 public:
  explicit Evaluator(const Scope& scope) : scope_(scope) {}

  const TemplateError& error() const { return error_; }

  bool value(const Value& in, const std::string& path, std::optional<Value>& out) {
    if (const Array* array = in.as_array()) return array_value(*array, in.place, path, out);
    if (in.as_object()) {
      const std::string_view function = function_name(in);
      if (!function.empty()) return call(function, in, path_of(path, function), out);
      return object_value(in, path, out);
    }
    out = in;
    const std::string* text = in.as_string();
    if (!text || text->find(kResolve) == std::string::npos) return true;
    return scope_.secrets == Secrets::Mask || resolve(*out, path);
  }

  // A condition of the Conditions section, which knows no other values than parameters.
  bool condition(const Value& in, const std::string& path, bool& out) {
    const Object& object = *in.as_object();
    const auto& [name, argument] = *object.begin();
    if (name == "Condition") {
      auto known = scope_.conditions.find(*argument.as_string());
      if (known == scope_.conditions.end()) return fail("Unresolved condition.", path, in);
      out = known->second;
      return true;
    }
    const Array& parts = *argument.as_array();
    if (name == "Fn::Equals") return equals(parts, path_of(path, name), out);
    const std::string inside = path_of(path, name);
    auto evaluate = [&](const Value& part, bool& is_true) { return condition(part, inside, is_true); };
    return join_tests(name, parts, evaluate, out);
  }

 private:
  bool fail(std::string message, const std::string& path, const Value& at) {
    error_ = {std::move(message), path, at.place};
    return false;
  }

  bool array_value(const Array& array, formats::Place place, const std::string& path,
                   std::optional<Value>& out) {
    Array result;
    for (size_t i = 0; i < array.size(); ++i) {
      std::optional<Value> element;
      if (!value(array[i], path_of(path, std::to_string(i)), element)) return false;
      if (element) result.push_back(std::move(*element));
    }
    out = Value(std::move(result));
    out->place = place;
    return true;
  }

  bool object_value(const Value& in, const std::string& path, std::optional<Value>& out) {
    Object result;
    for (const auto& [name, member] : *in.as_object()) {
      std::optional<Value> evaluated;
      if (!value(member, path_of(path, name), evaluated)) return false;
      if (evaluated) result.append(name, std::move(*evaluated));
    }
    out = Value(std::move(result));
    out->place = in.place;
    return true;
  }

  bool call(std::string_view name, const Value& in, const std::string& path,
            std::optional<Value>& out) {
    struct Function {
      std::string_view name;
      bool (Evaluator::*run)(const Value&, const std::string&, std::optional<Value>&);
    };
    static constexpr Function kFunctions[] = {
        {"Ref", &Evaluator::ref},
        {"Fn::GetAtt", &Evaluator::get_att},
        {"Fn::Sub", &Evaluator::sub},
        {"Fn::Join", &Evaluator::join_list},
        {"Fn::Split", &Evaluator::split_text},
        {"Fn::Select", &Evaluator::select},
        {"Fn::If", &Evaluator::choose},
        {"Fn::FindInMap", &Evaluator::find_in_map},
        {"Fn::Base64", &Evaluator::base64},
        {"Fn::Cidr", &Evaluator::cidr},
        {"Fn::GetAZs", &Evaluator::zones},
        {"Fn::ImportValue", &Evaluator::import},
        {"Fn::Length", &Evaluator::length},
        {"Fn::ToJsonString", &Evaluator::to_json},
    };
    const Value& argument = in.as_object()->begin()->second;
    for (const Function& function : kFunctions) {
      if (function.name != name) continue;
      if (!(this->*function.run)(argument, path, out)) return false;
      if (out) out->place = in.place;
      return true;
    }
    return fail("Template error: " + std::string(name) + " cannot be used here.", path, in);
  }

  // ---- What arguments are

  bool text(const Value& in, const std::string& path, std::string& out) {
    std::optional<Value> evaluated;
    if (!value(in, path, evaluated)) return false;
    std::optional<std::string> scalar = evaluated ? scalar_text(*evaluated) : std::nullopt;
    if (!scalar) return fail("Template error: a string is required here.", path, in);
    out = std::move(*scalar);
    return true;
  }

  bool integer(const Value& in, const std::string& path, int64_t& out) {
    std::string digits;
    if (!text(in, path, digits)) return false;
    std::optional<long long> number = parse_integer(digits);
    if (!number) return fail("Template error: an integer is required here.", path, in);
    out = *number;
    return true;
  }

  bool list(const Value& in, const std::string& path, Array& out) {
    std::optional<Value> evaluated;
    if (!value(in, path, evaluated)) return false;
    Array* array = evaluated ? evaluated->as_array() : nullptr;
    if (!array) return fail("Template error: a list is required here.", path, in);
    out = std::move(*array);
    return true;
  }

  // The elements of a call whose argument must be a list of `min` to `max`.
  const Array* parts(const Value& argument, const std::string& path, size_t min, size_t max) {
    const Array* array = argument.as_array();
    if (array && array->size() >= min && array->size() <= max) return array;
    fail("Template error: the function has a wrong number of parameters.", path, argument);
    return nullptr;
  }

  // ---- References

  bool named(const std::string& name, const std::string& path, const Value& at,
             std::optional<Value>& out) {
    if (name == "AWS::NoValue") {
      out = std::nullopt;
      return true;
    }
    if (auto parameter = scope_.parameters.find(name); parameter != scope_.parameters.end()) {
      const ParameterDeclaration* declared = scope_.declared.find_parameter(name);
      const bool is_masked = scope_.secrets == Secrets::Mask && declared && declared->no_echo;
      out = is_masked ? Value("****") : parameter->second;
      return true;
    }
    if (name.starts_with("AWS::")) return pseudo(name, path, at, out);
    auto resource = scope_.resources.find(name);
    if (resource == scope_.resources.end()) return fail_unresolved(name, path, at);
    out = Value(resource->second.physical_id);
    return true;
  }

  bool pseudo(const std::string& name, const std::string& path, const Value& at,
              std::optional<Value>& out) {
    const PseudoParameters& known = scope_.pseudo;
    if (name == "AWS::AccountId") {
      out = Value(known.account_id);
    } else if (name == "AWS::Region") {
      out = Value(known.region);
    } else if (name == "AWS::StackId") {
      out = Value(known.stack_id);
    } else if (name == "AWS::StackName") {
      out = Value(known.stack_name);
    } else if (name == "AWS::Partition") {
      out = Value(known.partition);
    } else if (name == "AWS::URLSuffix") {
      out = Value(known.url_suffix);
    } else if (name == "AWS::NotificationARNs") {
      Array arns(known.notification_arns.begin(), known.notification_arns.end());
      out = Value(std::move(arns));
    } else {
      return fail_unresolved(name, path, at);
    }
    return true;
  }

  bool fail_unresolved(const std::string& name, const std::string& path, const Value& at) {
    return fail("Template error: Unresolved resource dependencies [" + name + "]", path, at);
  }

  bool attribute(const AttributeName& name, const std::string& path, const Value& at,
                 std::optional<Value>& out) {
    auto resource = scope_.resources.find(name.resource);
    if (resource == scope_.resources.end()) return fail_unresolved(name.resource, path, at);
    const Value* found = resource->second.attributes.find(name.attribute);
    if (!found) {
      return fail(
          "Template error: resource " + name.resource + " has no attribute " + name.attribute + ".",
          path, at);
    }
    const bool is_masked = scope_.secrets == Secrets::Mask && resource->second.is_secret;
    out = is_masked ? Value("****") : *found;
    return true;
  }

  bool ref(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const std::string* name = argument.as_string();
    if (!name) return fail("Template error: Ref requires a name.", path, argument);
    return named(*name, path, argument, out);
  }

  bool get_att(const Value& argument, const std::string& path, std::optional<Value>& out) {
    if (auto literal = literal_attribute(argument)) return attribute(*literal, path, argument, out);
    const Array* halves = parts(argument, path, 2, 2);
    AttributeName name;
    if (!halves || !text((*halves)[0], path, name.resource) ||
        !text((*halves)[1], path, name.attribute)) {
      return false;
    }
    return attribute(name, path, argument, out);
  }

  bool sub(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const Array* pair = argument.as_array();
    const Value& pattern = pair && !pair->empty() ? pair->front() : argument;
    const Value* variables = pair && pair->size() > 1 ? &(*pair)[1] : nullptr;
    if (!pattern.as_string())
      return fail("Template error: Fn::Sub requires a string.", path, argument);
    std::string result;
    for (const SubstitutionPart& part : split_substitution(*pattern.as_string())) {
      std::string piece = part.text;
      if (part.kind == SubstitutionPart::Kind::Variable &&
          !variable(part.text, variables, path, pattern, piece)) {
        return false;
      }
      result += piece;
      if (result.size() > kTextBytesMax)
        return fail("Template error: a value is too long.", path, argument);
    }
    out = Value(std::move(result));
    if (out->as_string()->find(kResolve) == std::string::npos) return true;
    return scope_.secrets == Secrets::Mask || resolve(*out, path);
  }

  bool variable(const std::string& name, const Value* variables, const std::string& path,
                const Value& at, std::string& out) {
    if (const Value* given = variables ? variables->find(name) : nullptr) {
      return text(*given, path_of(path, name), out);
    }
    std::optional<Value> found;
    auto split_name = split_attribute(name);
    const bool is_found =
        split_name ? attribute(*split_name, path, at, found) : named(name, path, at, found);
    if (!is_found) return false;
    std::optional<std::string> scalar = found ? scalar_text(*found) : std::nullopt;
    if (!scalar) {
      return fail("Template error: the value of ${" + name + "} in Fn::Sub is not a string.", path,
                  at);
    }
    out = std::move(*scalar);
    return true;
  }

  // ---- Lists and text

  bool join_list(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const Array* pair = parts(argument, path, 2, 2);
    std::string separator;
    Array elements;
    if (!pair || !text((*pair)[0], path, separator) || !list((*pair)[1], path, elements)) {
      return false;
    }
    std::string result;
    for (const Value& element : elements) {
      std::optional<std::string> scalar = scalar_text(element);
      if (!scalar) {
        return fail(
            "Template error: every Fn::Join object requires two parameters, (1) a string "
            "delimiter and (2) a list of strings to be joined",
            path, argument);
      }
      if (&element != &elements.front()) result += separator;
      result += *scalar;
      if (result.size() > kTextBytesMax)
        return fail("Template error: a value is too long.", path, argument);
    }
    out = Value(std::move(result));
    return true;
  }

  bool split_text(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const Array* pair = parts(argument, path, 2, 2);
    std::string separator;
    std::string source;
    if (!pair || !text((*pair)[0], path, separator) || !text((*pair)[1], path, source))
      return false;
    if (separator.empty()) {
      return fail("Template error: the delimiter of Fn::Split may not be empty.", path, argument);
    }
    Array result;
    std::string_view rest = source;
    while (true) {
      const size_t at = rest.find(separator);
      result.emplace_back(rest.substr(0, at));
      if (at == std::string_view::npos) break;
      rest.remove_prefix(at + separator.size());
    }
    out = Value(std::move(result));
    return true;
  }

  bool select(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const Array* pair = parts(argument, path, 2, 2);
    int64_t index = 0;
    Array elements;
    if (!pair || !integer((*pair)[0], path, index) || !list((*pair)[1], path, elements))
      return false;
    if (index < 0 || index >= static_cast<int64_t>(elements.size())) {
      return fail("Template error: Fn::Select cannot select nonexistent value at index " +
                      std::to_string(index),
                  path, argument);
    }
    out = std::move(elements[static_cast<size_t>(index)]);
    return true;
  }

  bool length(const Value& argument, const std::string& path, std::optional<Value>& out) {
    Array elements;
    if (!list(argument, path, elements)) return false;
    out = Value(static_cast<int64_t>(elements.size()));
    return true;
  }

  bool to_json(const Value& argument, const std::string& path, std::optional<Value>& out) {
    std::optional<Value> evaluated;
    if (!value(argument, path, evaluated)) return false;
    if (!evaluated || (!evaluated->as_array() && !evaluated->as_object())) {
      return fail("Template error: Fn::ToJsonString requires an object or a list.", path, argument);
    }
    out = Value(formats::write_json(*evaluated));
    return true;
  }

  bool base64(const Value& argument, const std::string& path, std::optional<Value>& out) {
    std::string plain;
    if (!text(argument, path, plain)) return false;
    out = Value(base64_encode(plain));
    return true;
  }

  // ---- Conditions and mappings

  bool choose(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const Array* branches = parts(argument, path, 3, 3);
    if (!branches) return false;
    const std::string* name = (*branches)[0].as_string();
    auto known = name ? scope_.conditions.find(*name) : scope_.conditions.end();
    if (known == scope_.conditions.end())
      return fail("Template error: unknown condition in Fn::If.", path, argument);
    const size_t which = known->second ? 1 : 2;
    return value((*branches)[which], path_of(path, std::to_string(which)), out);
  }

  bool equals(const Array& sides, const std::string& path, bool& out) {
    std::optional<Value> left;
    std::optional<Value> right;
    if (!value(sides[0], path_of(path, "0"), left) || !value(sides[1], path_of(path, "1"), right)) {
      return false;
    }
    std::optional<std::string> left_text = left ? scalar_text(*left) : std::nullopt;
    std::optional<std::string> right_text = right ? scalar_text(*right) : std::nullopt;
    out = left_text && right_text ? *left_text == *right_text : left == right;
    return true;
  }

  bool find_in_map(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const Array* keys = parts(argument, path, 3, 4);
    if (!keys) return false;
    std::string names[3];
    const Value* found = nullptr;
    for (size_t i = 0; i < 3; ++i) {
      if (!text((*keys)[i], path_of(path, std::to_string(i)), names[i])) return false;
      found = i == 0  ? scope_.declared.mappings.find(names[0])
              : found ? found->find(names[i])
                      : nullptr;
    }
    const Value* otherwise = keys->size() == 4 ? (*keys)[3].find("DefaultValue") : nullptr;
    if (!found && otherwise) return value(*otherwise, path_of(path, "DefaultValue"), out);
    if (!found) {
      return fail("Template error: Unable to get mapping for " + names[0] + "::" + names[1] +
                      "::" + names[2],
                  path, argument);
    }
    out = *found;
    return true;
  }

  // ---- What lies outside

  bool needs_lookups(const std::string& path, const Value& at) {
    return scope_.lookups || fail("Template error: this cannot be known here.", path, at);
  }

  bool zones(const Value& argument, const std::string& path, std::optional<Value>& out) {
    std::string region;
    if (!needs_lookups(path, argument) || !text(argument, path, region)) return false;
    if (region.empty()) region = scope_.pseudo.region;
    const std::vector<std::string> names = scope_.lookups->availability_zones(region);
    if (names.empty())
      return fail("Template error: there is no region " + region + ".", path, argument);
    out = Value(Array(names.begin(), names.end()));
    return true;
  }

  bool import(const Value& argument, const std::string& path, std::optional<Value>& out) {
    std::string name;
    if (!needs_lookups(path, argument) || !text(argument, path, name)) return false;
    Result<std::string> imported = scope_.lookups->import_value(name);
    if (!imported) return fail(imported.error().message, path, argument);
    out = Value(std::move(*imported));
    return true;
  }

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
  bool resolve(Value& in_out, const std::string& path) {
    const std::string source = *in_out.as_string();
    std::string result;
    size_t at = 0;
    while (true) {
      const size_t start = source.find(kResolve, at);
      const size_t end = start == std::string::npos ? start : source.find("}}", start);
      if (end == std::string::npos) break;
      result += source.substr(at, start - at);
      const std::string inner =
          source.substr(start + kResolve.size(), end - start - kResolve.size());
      const size_t colon = std::min(inner.find(':'), inner.size());
      const DynamicReference reference{inner.substr(0, colon),
                                       colon < inner.size() ? inner.substr(colon + 1) : ""};
      const bool is_known = reference.service == "ssm" || reference.service == "ssm-secure" ||
                            reference.service == "secretsmanager";
      if (!is_known) {
        return fail(
            "Template error: dynamic references to " + reference.service + " are not supported.",
            path, in_out);
      }
      if (!needs_lookups(path, in_out)) return false;
      Result<std::string> found = scope_.lookups->dynamic_reference(reference);
      if (!found) return fail(found.error().message, path, in_out);
      result += *found;
      at = end + 2;
    }
    result += source.substr(at);
    in_out.data = std::move(result);
    return true;
  }

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-cidr.html
  bool cidr(const Value& argument, const std::string& path, std::optional<Value>& out) {
    const Array* arguments = parts(argument, path, 2, 3);
    std::string block;
    int64_t count = 0;
    if (!arguments || !text((*arguments)[0], path, block) || !integer((*arguments)[1], path, count)) return false;
    int64_t host_bits = block.find(':') != std::string::npos ? 64 : 8;
    if (arguments->size() > 2 && !integer((*arguments)[2], path, host_bits)) return false;
    auto blocks = subnets_of(block, count, host_bits);
    if (!blocks) return fail("Template error: " + blocks.error().message, path, argument);
    out = Value(Array(blocks->begin(), blocks->end()));
    return true;
  }

  const Scope& scope_;
  TemplateError error_;
};

}  // namespace

Result<void, TemplateError> evaluate_conditions(Scope& scope) {
  // A condition is evaluated once those it names are; check_references() has seen that this ends.
  const Object& declared = scope.declared.conditions;
  scope.conditions.clear();
  std::optional<TemplateError> error;
  for (size_t round = 0; scope.conditions.size() < declared.size(); ++round) {
    if (round > declared.size()) return std::unexpected(*error);
    for (const auto& [name, condition] : declared) {
      if (scope.conditions.contains(name)) continue;
      Evaluator evaluator(scope);
      bool is_true = false;
      if (evaluator.condition(condition, "/Conditions/" + name, is_true)) {
        scope.conditions[name] = is_true;
      } else {
        error = evaluator.error();
      }
    }
  }
  return {};
}

Result<std::optional<Value>, TemplateError> evaluate(const Scope& scope, const Value& value,
                                                     const std::string& path) {
  Evaluator evaluator(scope);
  std::optional<Value> out;
  if (!evaluator.value(value, path, out)) return std::unexpected(evaluator.error());
  return out;
}

std::map<std::string, Value> parameter_values(const Template& declared,
                                              const std::vector<ParameterValue>& values) {
  std::map<std::string, Value> result;
  for (const ParameterValue& value : values) {
    const ParameterDeclaration* parameter = declared.find_parameter(value.key);
    if (!parameter) continue;
    const std::string& text = value.resolved ? *value.resolved : value.value;
    const bool is_list = parameter->type.find("List<") != std::string::npos ||
                         parameter->type.find("CommaDelimitedList") != std::string::npos;
    if (!is_list) {
      result[value.key] = Value(text);
      continue;
    }
    Array elements;
    for (std::string_view element : split(text, ',')) elements.emplace_back(trim(element));
    if (text.empty()) elements.clear();
    result[value.key] = Value(std::move(elements));
  }
  return result;
}

}  // namespace holm::stacks

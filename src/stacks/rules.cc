// Checking and evaluating rules.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html

#include "stacks/rules.h"

#include <algorithm>
#include <array>

#include "stacks/logic.h"
#include "stacks/references.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

// What is true or false, and how many arguments it takes.
struct Test {
  std::string_view name;
  size_t min;
  size_t max;
};
constexpr std::array<Test, 7> kTests = {{{"Fn::And", 2, 10},
                                         {"Fn::Or", 2, 10},
                                         {"Fn::Not", 1, 1},
                                         {"Fn::Equals", 2, 2},
                                         {"Fn::Contains", 2, 2},
                                         {"Fn::EachMemberEquals", 2, 2},
                                         {"Fn::EachMemberIn", 2, 2}}};

// "VpcId", or "Tags.Department" of any type.
constexpr std::string_view kTags = "Tags.";

// The type of what a parameter names: of "List<AWS::EC2::Subnet::Id>" the inner one.
std::string_view named_type(std::string_view type) {
  const size_t start = type.rfind('<');
  if (start == std::string_view::npos) return type;
  return type.substr(start + 1, type.find('>') - start - 1);
}

// The two texts that Fn::ValueOf and Fn::ValueOfAll take; null for anything else.
const Array* two_texts(const Value& argument) {
  const Array* pair = argument.as_array();
  const bool is_good =
      pair && pair->size() == 2 && (*pair)[0].as_string() && (*pair)[1].as_string();
  return is_good ? pair : nullptr;
}

// Each function returns false after noting the first error.
class RuleChecker {
 public:
  explicit RuleChecker(const Template& declared) : declared_(declared) {}

  const TemplateError& error() const { return error_; }

  bool test(const Value& in, const std::string& path) {
    const std::string_view function = function_name(in);
    const auto known = std::ranges::find(kTests, function, &Test::name);
    if (known == kTests.end()) {
      return fail("Template error: rules are made of Fn::And, Fn::Contains, Fn::EachMemberEquals,"
                  " Fn::EachMemberIn, Fn::Equals, Fn::Not and Fn::Or.",
                  path, in);
    }
    const std::string inside = path_of(path, function);
    const Array* parts = in.as_object()->begin()->second.as_array();
    if (!parts || parts->size() < known->min || parts->size() > known->max) {
      return fail("Template error: " + std::string(function) + " has a wrong number of parameters.",
                  inside, in);
    }
    return std::ranges::all_of(*parts, [&](const Value& part) {
      return joins_tests(function) ? test(part, inside) : operand(part, inside);
    });
  }

 private:
  bool fail(std::string message, const std::string& path, const Value& at) {
    error_ = {std::move(message), path, at.place};
    return false;
  }

  bool operand(const Value& in, const std::string& path) {
    if (scalar_text(in)) return true;
    if (const Array* list = in.as_array()) {
      return std::ranges::all_of(*list, [&](const Value& part) { return operand(part, path); });
    }
    const std::string_view function = function_name(in);
    const std::string inside = path_of(path, function);
    if (function == "Ref") return ref(in.as_object()->begin()->second, inside);
    if (function == "Fn::RefAll" && in.as_object()->begin()->second.as_string()) return true;
    const Array* pair = function.empty() ? nullptr : two_texts(in.as_object()->begin()->second);
    if (function == "Fn::ValueOfAll" && pair) return true;
    if (function == "Fn::ValueOf" && pair) return parameter(*(*pair)[0].as_string(), inside, in);
    return fail("Template error: this cannot stand in a rule; rules know Ref, Fn::RefAll,"
                " Fn::ValueOf and Fn::ValueOfAll.",
                path, in);
  }

  bool ref(const Value& argument, const std::string& path) {
    const std::string* name = argument.as_string();
    if (name && is_pseudo_parameter(*name) && *name != "AWS::NoValue") return true;
    return parameter(name ? *name : std::string(), path, argument);
  }

  bool parameter(const std::string& name, const std::string& path, const Value& at) {
    if (declared_.find_parameter(name)) return true;
    return fail("Template format error: Unresolved dependencies [" + name +
                    "]. Cannot reference resources in the Rules block of the template",
                path, at);
  }

  const Template& declared_;
  TemplateError error_;
};

// Of rules that RuleChecker found good.
class RuleEvaluator {
 public:
  explicit RuleEvaluator(const Scope& scope) : scope_(scope) {}

  const TemplateError& error() const { return error_; }

  bool test(const Value& in, const std::string& path, bool& out) {
    const auto& [name, argument] = *in.as_object()->begin();
    const Array& parts = *argument.as_array();
    if (!joins_tests(name)) return compare(name, parts, path_of(path, name), out);
    const std::string inside = path_of(path, name);
    auto evaluate = [&](const Value& part, bool& is_true) { return test(part, inside, is_true); };
    return join_tests(name, parts, evaluate, out);
  }

 private:
  bool fail(std::string message, const std::string& path, const Value& at) {
    error_ = {std::move(message), path, at.place};
    return false;
  }

  bool compare(const std::string& name, const Array& parts, const std::string& path, bool& out) {
    Value left;
    Value right;
    if (!operand(parts[0], path, left) || !operand(parts[1], path, right)) return false;
    if (name == "Fn::Equals") {
      out = left == right;
      return true;
    }
    const Array some = as_list(left);
    auto is_in = [](const Array& list, const Value& one) {
      return std::ranges::find(list, one) != list.end();
    };
    if (name == "Fn::EachMemberIn") {
      const Array all = as_list(right);
      out = std::ranges::all_of(some, [&](const Value& each) { return is_in(all, each); });
      return true;
    }
    if (!right.as_string()) return fail("Template error: a string is required here.", path, parts[1]);
    out = name == "Fn::Contains"
              ? is_in(some, right)
              : std::ranges::all_of(some, [&](const Value& each) { return each == right; });
    return true;
  }

  // A single value counts as a list of one.
  static Array as_list(const Value& value) {
    return value.as_array() ? *value.as_array() : Array{value};
  }

  // Text, or a list of text.
  bool operand(const Value& in, const std::string& path, Value& out) {
    if (auto text = scalar_text(in)) {
      out = Value(*text);
      return true;
    }
    if (const Array* list = in.as_array()) {
      Array result;
      for (const Value& part : *list) {
        Value one;
        if (!operand(part, path, one)) return false;
        std::ranges::copy(as_list(one), std::back_inserter(result));
      }
      out = Value(std::move(result));
      return true;
    }
    const auto& [name, argument] = *in.as_object()->begin();
    const std::string inside = path_of(path, name);
    if (name == "Ref") return ref(in, path, out);
    if (name == "Fn::RefAll") return all(*argument.as_string(), "", inside, in, out);
    const Array& pair = *argument.as_array();
    const std::string& attribute = *pair[1].as_string();
    if (name == "Fn::ValueOfAll") return all(*pair[0].as_string(), attribute, inside, in, out);
    return value_of(*pair[0].as_string(), attribute, inside, in, out);
  }

  bool ref(const Value& in, const std::string& path, Value& out) {
    auto found = evaluate(scope_, in, path);
    if (!found) {
      error_ = found.error();
      return false;
    }
    out = std::move(**found);
    return true;
  }

  bool resources_of(std::string_view type, const std::string& path, const Value& at,
                    std::vector<NamedResource>& out) {
    auto found = scope_.lookups->resources_of_type(type);
    if (!found) {
      error_ = {"A rule about parameters of type " + std::string(type), path, at.place, true};
      return false;
    }
    out = std::move(*found);
    return true;
  }

  // The names of all there are, or the values of an attribute of those that have it.
  bool all(const std::string& type, const std::string& attribute, const std::string& path,
           const Value& at, Value& out) {
    std::vector<NamedResource> found;
    if (!resources_of(type, path, at, found)) return false;
    Array values;
    for (const NamedResource& each : found) {
      auto value = each.attributes.find(attribute);
      if (attribute.empty()) values.emplace_back(each.name);
      else if (value != each.attributes.end()) values.emplace_back(value->second);
    }
    out = Value(std::move(values));
    return true;
  }

  bool value_of(const std::string& parameter, const std::string& attribute, const std::string& path,
                const Value& at, Value& out) {
    const std::string_view type = named_type(scope_.declared.find_parameter(parameter)->type);
    const Value& given = scope_.parameters.at(parameter);
    std::vector<NamedResource> found;
    if (!resources_of(type, path, at, found)) return false;
    Array values;
    for (const Value& name : as_list(given)) {
      auto named = std::ranges::find(found, *name.as_string(), &NamedResource::name);
      if (named == found.end()) {
        return fail("Parameter validation failed: parameter value " + *name.as_string() +
                        " for parameter name " + parameter + " does not exist",
                    path, at);
      }
      auto value = named->attributes.find(attribute);
      if (value == named->attributes.end() && !attribute.starts_with(kTags)) {
        return fail("Template error: parameters of type " + std::string(type) +
                        " have no attribute " + attribute + ".",
                    path, at);
      }
      values.emplace_back(value == named->attributes.end() ? std::string() : value->second);
    }
    out = given.as_array() ? Value(std::move(values)) : std::move(values.front());
    return true;
  }

  const Scope& scope_;
  TemplateError error_;
};

std::string assertion_path(const RuleDeclaration& rule, size_t index) {
  return path_of("/Rules/" + rule.name + "/Assertions", std::to_string(index));
}

}  // namespace

std::optional<TemplateError> check_rules(const Template& declared) {
  for (const RuleDeclaration& rule : declared.rules) {
    RuleChecker checker(declared);
    const std::string path = "/Rules/" + rule.name + "/RuleCondition";
    if (!rule.condition.is_null() && !checker.test(rule.condition, path)) return checker.error();
    for (size_t i = 0; i < rule.assertions.size(); ++i) {
      const std::string where = path_of(assertion_path(rule, i), "Assert");
      if (!checker.test(rule.assertions[i].assertion, where)) return checker.error();
    }
  }
  return std::nullopt;
}

std::optional<TemplateError> broken_rule(const Scope& scope) {
  for (const RuleDeclaration& rule : scope.declared.rules) {
    RuleEvaluator evaluator(scope);
    bool holds = true;
    const std::string path = "/Rules/" + rule.name + "/RuleCondition";
    if (!rule.condition.is_null() && !evaluator.test(rule.condition, path, holds)) {
      return evaluator.error();
    }
    if (!holds) continue;
    for (size_t i = 0; i < rule.assertions.size(); ++i) {
      const RuleAssertion& each = rule.assertions[i];
      const std::string where = assertion_path(rule, i);
      if (!evaluator.test(each.assertion, path_of(where, "Assert"), holds)) return evaluator.error();
      if (holds) continue;
      const std::string reason =
          each.description.empty() ? "An assertion does not hold." : each.description;
      return TemplateError{"Template validation error: Rule '" + rule.name +
                               "' is violated by the parameter values: " + reason,
                           where, each.assertion.place};
    }
  }
  return std::nullopt;
}

}  // namespace holm::stacks

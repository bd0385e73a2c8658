// Checks references and the form of function calls before anything is evaluated.

#include "stacks/references.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "stacks/graph.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;

enum class Place : uint8_t { Conditions, Resources, Outputs };

// Functions whose argument is a list, with how long it may be.
struct ListFunction {
  std::string_view name;
  size_t min;
  size_t max;
};
constexpr std::array<ListFunction, 10> kListFunctions = {{{"Fn::Join", 2, 2},
                                                          {"Fn::Split", 2, 2},
                                                          {"Fn::Select", 2, 2},
                                                          {"Fn::If", 3, 3},
                                                          {"Fn::FindInMap", 3, 4},
                                                          {"Fn::Cidr", 2, 3},
                                                          {"Fn::Equals", 2, 2},
                                                          {"Fn::And", 2, 10},
                                                          {"Fn::Or", 2, 10},
                                                          {"Fn::Not", 1, 1}}};
constexpr std::array<std::string_view, 5> kOtherFunctions = {"Fn::GetAtt", "Fn::Sub", "Fn::Base64",
                                                             "Fn::GetAZs", "Fn::ImportValue"};
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
constexpr std::array<std::string_view, 2> kExtensionFunctions = {"Fn::Length", "Fn::ToJsonString"};
constexpr std::array<std::string_view, 3> kUnbuiltFunctions = {"Fn::Transform", "Fn::GetStackOutput",
                                                               "Fn::Contains"};

bool is_condition_function(std::string_view name) {
  return name == "Fn::Equals" || name == "Fn::And" || name == "Fn::Or" || name == "Fn::Not";
}

class Checker {
 public:
  explicit Checker(const Template& declared) : declared_(declared) {}

  std::optional<TemplateError> run() {
    if (check_conditions() && check_resources() && check_outputs() && check_cycles()) {
      return std::nullopt;
    }
    return error_;
  }

 private:
  bool fail(std::string message, const std::string& path, formats::Place place) {
    error_ = {std::move(message), path, place};
    return false;
  }

  bool check_conditions() {
    for (const auto& [name, condition] : declared_.conditions) {
      if (!check_condition(condition, "/Conditions/" + name)) return false;
    }
    return check_condition_cycles();
  }

  bool check_condition(const Value& value, const std::string& path) {
    const Object* object = value.as_object();
    if (object && object->size() == 1 && object->find("Condition")) {
      const std::string* name = object->find("Condition")->as_string();
      if (name && declared_.conditions.find(*name)) return true;
      return fail("Template format error: Unresolved condition dependency " +
                      (name ? *name : std::string("of a wrong form")) +
                      " in the Conditions block of the template",
                  path, value.place);
    }
    const std::string_view function = function_name(value);
    if (!is_condition_function(function)) {
      return fail(
          "Template format error: Conditions can only be boolean operations on parameters "
          "and other conditions",
          path, value.place);
    }
    const Value& argument = object->begin()->second;
    const std::string inner = path_of(path, function);
    if (function == "Fn::Equals") return check_call(value, inner, Place::Conditions);
    if (!check_list(function, argument, inner)) return false;
    return std::ranges::all_of(*argument.as_array(),
                               [&](const Value& part) { return check_condition(part, inner); });
  }

  bool check_condition_cycles() {
    Graph graph;
    for (const auto& [name, condition] : declared_.conditions) collect(condition, graph[name]);
    const std::vector<std::string> cycle = find_cycle(graph);
    if (cycle.empty()) return true;
    return fail("Circular dependencies for condition evaluation: [" + join(cycle, ", ") + "]",
                "/Conditions/" + cycle.front(), declared_.conditions.find(cycle.front())->place);
  }

  static void collect(const Value& condition, std::set<std::string>& names) {
    const Object* object = condition.as_object();
    if (!object || object->size() != 1) return;
    const auto& [name, argument] = *object->begin();
    if (name == "Condition" && argument.as_string()) names.insert(*argument.as_string());
    if (!argument.as_array()) return;
    for (const Value& part : *argument.as_array()) collect(part, names);
  }

  bool check_resources() {
    for (const ResourceDeclaration& resource : declared_.resources) {
      const std::string path = "/Resources/" + resource.logical_id;
      if (!check_condition_name(resource.condition, path, resource.place)) return false;
      for (const std::string& needed : resource.depends_on) {
        if (declared_.find_resource(needed)) continue;
        return fail_unresolved(needed, path_of(path, "DependsOn"), resource.place,
                               Place::Resources);
      }
      if (!check_value(resource.properties, path + "/Properties", Place::Resources) ||
          !check_value(resource.metadata, path + "/Metadata", Place::Resources) ||
          !check_value(resource.creation_policy, path + "/CreationPolicy", Place::Resources) ||
          !check_value(resource.update_policy, path + "/UpdatePolicy", Place::Resources)) {
        return false;
      }
    }
    return true;
  }

  bool check_outputs() {
    for (const OutputDeclaration& output : declared_.outputs) {
      const std::string path = "/Outputs/" + output.name;
      if (!check_condition_name(output.condition, path, output.place) ||
          !check_value(output.value, path + "/Value", Place::Outputs) ||
          !check_value(output.export_name, path + "/Export/Name", Place::Outputs)) {
        return false;
      }
    }
    return true;
  }

  bool check_condition_name(const std::string& name, const std::string& path,
                            formats::Place place) {
    if (name.empty() || declared_.conditions.find(name)) return true;
    return fail("Template format error: Unresolved condition dependency " + name, path, place);
  }

  bool check_cycles() {
    const std::vector<std::string> cycle = find_cycle(dependency_graph(declared_));
    if (cycle.empty()) return true;
    return fail("Circular dependency between resources: [" + join(cycle, ", ") + "]",
                "/Resources/" + cycle.front(), declared_.find_resource(cycle.front())->place);
  }

  bool check_value(const Value& value, const std::string& path, Place place) {
    if (const Array* array = value.as_array()) {
      for (size_t i = 0; i < array->size(); ++i) {
        if (!check_value((*array)[i], path_of(path, std::to_string(i)), place)) return false;
      }
      return true;
    }
    const Object* object = value.as_object();
    if (!object) return true;
    const std::string_view function = function_name(value);
    if (!function.empty()) return check_call(value, path_of(path, function), place);
    for (const auto& [name, member] : *object) {
      // A function among other members: the author meant a call and got something else.
      if (name.starts_with("Fn::")) {
        return fail("Template format error: " + name + " must be the only member of its object.",
                    path, member.place);
      }
      if (!check_value(member, path_of(path, name), place)) return false;
    }
    return true;
  }

  bool check_call(const Value& call, const std::string& path, Place place) {
    const auto& [name, argument] = *call.as_object()->begin();
    if (name == "Ref") return check_ref(argument, path, place);
    if (std::ranges::find(kUnbuiltFunctions, name) != kUnbuiltFunctions.end()) {
      error_ = {name, path, call.place, true};
      return false;
    }
    const bool is_list =
        std::ranges::find(kListFunctions, name, &ListFunction::name) != kListFunctions.end();
    const bool is_extension = std::ranges::find(kExtensionFunctions, name) != kExtensionFunctions.end() ||
                              name.starts_with("Fn::ForEach");
    if (is_extension && !declared_.has_language_extensions) {
      return fail("Template error: " + name + " requires the transform AWS::LanguageExtensions.", path,
                  call.place);
    }
    if (!is_list && !is_extension && std::ranges::find(kOtherFunctions, name) == kOtherFunctions.end()) {
      return fail("Template error: " + name + " is not a function.", path, call.place);
    }
    if (is_condition_function(name) && place != Place::Conditions) {
      return fail("Template error: " + name + " cannot be used outside of Conditions.", path,
                  call.place);
    }
    if (is_list && !check_list(name, argument, path)) return false;
    if (name == "Fn::GetAtt") return check_get_att(argument, path, place);
    if (name == "Fn::Sub") return check_sub(argument, path, place);
    if (name == "Fn::If" && !check_if(argument, path)) return false;
    if (name == "Fn::FindInMap" && !check_mapping(argument, path)) return false;
    return check_value(argument, path, place);
  }

  bool check_list(std::string_view name, const Value& argument, const std::string& path) {
    const ListFunction& function = *std::ranges::find(kListFunctions, name, &ListFunction::name);
    const Array* list = argument.as_array();
    if (list && list->size() >= function.min && list->size() <= function.max) return true;
    const std::string count = function.min == function.max ? std::to_string(function.min)
                                                           : std::to_string(function.min) + " to " +
                                                                 std::to_string(function.max);
    return fail("Template error: every " + std::string(name) + " object requires a list of " +
                    count + " parameters.",
                path, argument.place);
  }

  bool fail_unresolved(const std::string& name, const std::string& path, formats::Place where,
                       Place place) {
    const std::string block = place == Place::Outputs      ? "Outputs"
                              : place == Place::Conditions ? "Conditions"
                                                           : "Resources";
    return fail("Template format error: Unresolved resource dependencies [" + name + "] in the " +
                    block + " block of the template",
                path, where);
  }

  bool check_name(const std::string& name, const std::string& path, formats::Place where,
                  Place place) {
    if (declared_.find_parameter(name) || is_pseudo_parameter(name)) return true;
    if (place != Place::Conditions && declared_.find_resource(name)) return true;
    return fail_unresolved(name, path, where, place);
  }

  bool check_ref(const Value& argument, const std::string& path, Place place) {
    const std::string* name = argument.as_string();
    if (!name) {
      return fail("Template format error: Every Ref object must have a single String value.", path,
                  argument.place);
    }
    return check_name(*name, path, argument.place, place);
  }

  bool check_resource(const std::string& name, const std::string& path, formats::Place where,
                      Place place) {
    if (place != Place::Conditions && declared_.find_resource(name)) return true;
    return fail("Template error: instance of Fn::GetAtt references undefined resource " + name,
                path, where);
  }

  bool check_get_att(const Value& argument, const std::string& path, Place place) {
    if (auto attribute = literal_attribute(argument)) {
      return check_resource(attribute->resource, path, argument.place, place);
    }
    const Array* parts = argument.as_array();
    if (!parts || parts->size() != 2 || !parts->front().as_string() ||
        function_name((*parts)[1]).empty()) {
      return fail(
          "Template error: every Fn::GetAtt object requires two non-empty parameters, the "
          "resource name and the resource attribute",
          path, argument.place);
    }
    return check_resource(*parts->front().as_string(), path, argument.place, place) &&
           check_value((*parts)[1], path, place);
  }

  bool check_sub(const Value& argument, const std::string& path, Place place) {
    const Array* parts = argument.as_array();
    const bool has_variables =
        parts && parts->size() == 2 && (*parts)[0].as_string() && (*parts)[1].as_object();
    if (!argument.as_string() && !has_variables) {
      return fail(
          "Template error: One or more Fn::Sub intrinsic functions don't specify expected "
          "arguments. Specify a string as first argument, and an optional second argument "
          "to specify a mapping of values to replace in the string",
          path, argument.place);
    }
    const Value& text = has_variables ? (*parts)[0] : argument;
    for (const SubstitutionPart& part : split_substitution(*text.as_string())) {
      if (part.kind == SubstitutionPart::Kind::Text) continue;
      if (!is_variable_name(part.text)) {
        return fail(
            "Template error: variable names in Fn::Sub syntax must contain only "
            "alphanumeric characters, underscores, periods, and colons",
            path, text.place);
      }
      if (has_variables && (*parts)[1].find(part.text)) continue;
      auto attribute = split_attribute(part.text);
      const bool is_good = attribute ? check_resource(attribute->resource, path, text.place, place)
                                     : check_name(part.text, path, text.place, place);
      if (!is_good) return false;
    }
    return !has_variables || check_value((*parts)[1], path, place);
  }

  bool check_if(const Value& argument, const std::string& path) {
    const Value& condition = argument.as_array()->front();
    if (!condition.as_string()) {
      return fail("Template error: the first parameter of Fn::If must be the name of a condition.",
                  path, argument.place);
    }
    if (declared_.conditions.find(*condition.as_string())) return true;
    return fail("Template format error: Unresolved condition dependency " + *condition.as_string(),
                path, condition.place);
  }

  bool check_mapping(const Value& argument, const std::string& path) {
    const Array& arguments = *argument.as_array();
    if (arguments.size() == 4) {
      const Object* otherwise = arguments[3].as_object();
      if (!declared_.has_language_extensions || !otherwise || otherwise->size() != 1 ||
          !otherwise->find("DefaultValue")) {
        return fail("Template error: the fourth parameter of Fn::FindInMap is an object with a DefaultValue and"
                    " requires the transform AWS::LanguageExtensions.",
                    path, argument.place);
      }
      return true;
    }
    const std::string* mapping = arguments.front().as_string();
    if (!mapping || declared_.mappings.find(*mapping)) return true;
    return fail("Template error: Mapping named '" + *mapping +
                    "' is not present in the 'Mappings' section of template.",
                path, argument.place);
  }

  const Template& declared_;
  TemplateError error_;
};

}  // namespace

bool is_pseudo_parameter(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames = {
      "AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition",
      "AWS::Region",    "AWS::StackId", "AWS::StackName",        "AWS::URLSuffix"};
  return std::ranges::find(kNames, name) != kNames.end();
}

std::optional<TemplateError> check_references(const Template& declared) {
  return Checker(declared).run();
}

}  // namespace holm::stacks

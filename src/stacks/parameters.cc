// Checking the values of parameters.

#include "stacks/parameters.h"

#include <algorithm>

#include "base/strings.h"
#include "formats/json.h"
#include "stacks/functions.h"
#include "stacks/pattern.h"

namespace holm::stacks {

namespace {

constexpr size_t kValueBytesMax = 4096;

std::string number_text(double number) {
  std::string text;
  formats::append_json_number(text, number);
  return text;
}

std::optional<double> as_number(std::string_view text) {
  if (!formats::is_json_number(text)) return std::nullopt;
  return formats::number_from_text(text).as_number();
}

// What one value, or one element of a list, must satisfy; a sentence when it does not.
std::optional<std::string> broken_rule(const ParameterDeclaration& declared,
                                       const std::string& text) {
  const std::string subject = "Parameter '" + declared.name + "' ";
  const auto& allowed = declared.allowed_values;
  if (!allowed.empty() && std::ranges::find(allowed, text) == allowed.end()) {
    return subject + "must be one of AllowedValues";
  }
  if (!declared.allowed_pattern.empty()) {
    Result<bool> matches = matches_pattern(declared.allowed_pattern, text);
    if (!matches) return subject + "has an AllowedPattern that fails: " + matches.error().message;
    if (!*matches) return subject + "must match pattern " + declared.allowed_pattern;
  }
  const auto length = static_cast<int64_t>(text.size());
  if (declared.length_min && length < *declared.length_min) {
    return subject + "must contain at least " + std::to_string(*declared.length_min) +
           " characters";
  }
  if (declared.length_max && length > *declared.length_max) {
    return subject + "must contain at most " + std::to_string(*declared.length_max) + " characters";
  }
  const bool is_number = declared.type == "Number" || declared.type == "List<Number>";
  std::optional<double> number = as_number(text);
  if (is_number && !number) return subject + "must be a number.";
  if (number && declared.value_min && *number < *declared.value_min) {
    return subject + "must be a number not less than " + number_text(*declared.value_min);
  }
  if (number && declared.value_max && *number > *declared.value_max) {
    return subject + "must be a number not greater than " + number_text(*declared.value_max);
  }
  return std::nullopt;
}

std::optional<std::string> broken_rule_of_all(const ParameterDeclaration& declared,
                                              const std::string& value) {
  if (value.size() > kValueBytesMax) {
    return "Parameter '" + declared.name + "' must contain at most 4096 bytes";
  }
  const bool is_list = declared.type.starts_with("List<") || declared.type == "CommaDelimitedList";
  if (!is_list) return broken_rule(declared, value);
  for (std::string_view element : split(value, ',')) {
    if (auto broken = broken_rule(declared, std::string(trim(element)))) return broken;
  }
  return std::nullopt;
}

std::optional<TemplateError> check(const ParameterDeclaration& declared, const std::string& value) {
  std::optional<std::string> broken = broken_rule_of_all(declared, value);
  if (!broken) return std::nullopt;
  if (!declared.constraint_description.empty()) {
    broken = "Parameter " + declared.name +
             " failed to satisfy constraint: " + declared.constraint_description;
  }
  return TemplateError{*broken, "/Parameters/" + declared.name, declared.place};
}

std::optional<std::string> find_value(const ParameterDeclaration& declared,
                                      const std::vector<GivenParameter>& given,
                                      const std::vector<ParameterValue>& previous) {
  auto found = std::ranges::find(given, declared.name, &GivenParameter::key);
  if (found == given.end()) return declared.default_value;
  if (!found->use_previous_value) return found->value;
  auto before = std::ranges::find(previous, declared.name, &ParameterValue::key);
  if (before == previous.end()) return std::nullopt;
  return before->value;
}

std::optional<TemplateError> check_names(const Template& declared,
                                         const std::vector<GivenParameter>& given) {
  std::vector<std::string> unknown;
  for (const GivenParameter& parameter : given) {
    if (!declared.find_parameter(parameter.key)) unknown.push_back(parameter.key);
  }
  if (unknown.empty()) return std::nullopt;
  return TemplateError{
      "Parameters: [" + join(unknown, ", ") + "] do not exist in the template", "/Parameters", {}};
}

}  // namespace

Result<std::vector<ParameterValue>, TemplateError> resolve_parameters(
    const Template& declared, const std::vector<GivenParameter>& given,
    const std::vector<ParameterValue>& previous, Lookups& lookups) {
  if (auto error = check_names(declared, given)) return std::unexpected(*error);
  std::vector<ParameterValue> values;
  std::vector<std::string> missing;
  for (const ParameterDeclaration& parameter : declared.parameters) {
    std::optional<std::string> value = find_value(parameter, given, previous);
    if (value) {
      values.push_back({parameter.name, *value, std::nullopt});
    } else {
      missing.push_back(parameter.name);
    }
  }
  if (!missing.empty()) {
    return std::unexpected(TemplateError{
        "Parameters: [" + join(missing, ", ") + "] must have values", "/Parameters", {}});
  }
  for (ParameterValue& value : values) {
    const ParameterDeclaration& parameter = *declared.find_parameter(value.key);
    if (auto error = check(parameter, value.value)) return std::unexpected(*error);
    if (!parameter.type.starts_with("AWS::SSM::Parameter::Value<")) continue;
    Result<std::string> resolved = lookups.ssm_parameter(value.value);
    if (!resolved) {
      return std::unexpected(TemplateError{resolved.error().message,
                                           "/Parameters/" + parameter.name, parameter.place});
    }
    value.resolved = std::move(*resolved);
  }
  return values;
}

std::vector<ParameterValue> without_secrets(const Template& declared,
                                            std::vector<ParameterValue> values) {
  for (ParameterValue& value : values) {
    const ParameterDeclaration* parameter = declared.find_parameter(value.key);
    if (!parameter || !parameter->no_echo) continue;
    value.value = "****";
    value.resolved.reset();
  }
  return values;
}

}  // namespace holm::stacks

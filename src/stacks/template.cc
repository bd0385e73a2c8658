// Reading the sections of a template.

#include "stacks/template.h"

#include <algorithm>
#include <array>

#include "base/characters.h"
#include "base/strings.h"
#include "formats/json.h"
#include "formats/yaml.h"
#include "stacks/references.h"
#include "stacks/rules.h"
#include "stacks/substitution.h"

namespace holm::stacks {

namespace {

using formats::Object;
using formats::Value;

constexpr std::string_view kExtensions = "AWS::LanguageExtensions";
constexpr std::array<std::string_view, 9> kSections = {"AWSTemplateFormatVersion",
                                                       "Transform",
                                                       "Description",
                                                       "Metadata",
                                                       "Parameters",
                                                       "Rules",
                                                       "Mappings",
                                                       "Conditions",
                                                       "Outputs"};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// Each function reads one part into `result_` and returns false after noting the first error.
class Reader {
 public:
  Result<Template, TemplateError> read(const Value& root) {
    if (!read_sections(root)) return std::unexpected(error_);
    return std::move(result_);
  }

 private:
  bool fail(std::string message, std::string path, const Value& at) {
    error_ = {std::move(message), std::move(path), at.place};
    return false;
  }

  bool fail_unbuilt(std::string what, std::string path, const Value& at) {
    error_ = {std::move(what), std::move(path), at.place, true};
    return false;
  }

  bool read_sections(const Value& root) {
    const Object* sections = root.as_object();
    if (!sections) return fail("Template format error: unsupported structure.", "", root);
    for (const auto& [name, section] : *sections) {
      if (name == "Hooks") return fail_unbuilt("The template section " + name, "/" + name, section);
      if (name == "Transform" && !read_transform(root, section)) return false;
      if (name != "Resources" && std::ranges::find(kSections, name) == kSections.end()) {
        return fail("Invalid template property or properties [" + name + "]", "/" + name, section);
      }
    }
    if (const Value* metadata = root.find("Metadata")) result_.metadata = *metadata;
    return read_head(root) && read_parameters(root) && read_mappings(root) &&
           read_conditions(root) && read_rules(root) && read_resources(root) && read_outputs(root);
  }

  // Of those that come this far, others were carried out before.
  bool read_transform(const Value& root, const Value& section) {
    const auto names = declared_transforms(root);
    if (!names) {
      return fail("Template format error: Transform must be a name or a list of names.", "/Transform", section);
    }
    for (const std::string& name : *names) {
      if (name != kExtensions) return fail_unbuilt("The transform " + name, "/Transform", section);
    }
    result_.has_language_extensions = !names->empty();
    return true;
  }

  bool read_head(const Value& root) {
    const Value* version = root.find("AWSTemplateFormatVersion");
    if (version && scalar_text(*version) != "2010-09-09") {
      return fail("Template format error: unsupported value for AWSTemplateFormatVersion.",
                  "/AWSTemplateFormatVersion", *version);
    }
    const Value* description = root.find("Description");
    if (!description || description->is_null()) return true;
    if (!description->as_string()) {
      return fail("Template format error: Description must be a string.", "/Description",
                  *description);
    }
    result_.description = *description->as_string();
    if (result_.description.size() <= 1024) return true;
    return fail("Template format error: 'Description' length is greater than 1024.", "/Description",
                *description);
  }

  struct Section {
    std::string_view name;
    std::string_view noun;
    size_t max;
    const Object* members = nullptr;
  };

  // An absent or empty section has no members.
  bool open_section(const Value& root, Section& section) {
    static const Object kNone;
    section.members = &kNone;
    const Value* value = root.find(section.name);
    if (!value || value->is_null()) return true;
    const std::string path = "/" + std::string(section.name);
    section.members = value->as_object();
    if (!section.members) {
      return fail("Template format error: " + std::string(section.name) + " must be an object.",
                  path, *value);
    }
    if (section.members->size() > section.max) {
      return fail("Template format error: Number of " + to_lower(section.name) + ", " +
                      std::to_string(section.members->size()) +
                      ", is greater than maximum allowed, " + std::to_string(section.max),
                  path, *value);
    }
    for (const auto& [name, member] : *section.members) {
      if (section.name != "Conditions" && (name.empty() || !is_alphanumeric(name))) {
        return fail("Template format error: " + std::string(section.noun) + " name " + name +
                        " is non alphanumeric.",
                    path + "/" + name, member);
      }
    }
    return true;
  }

  // ---- Parameters

  bool read_parameters(const Value& root) {
    Section section{"Parameters", "Parameter", kParametersMax};
    if (!open_section(root, section)) return false;
    for (const auto& [name, value] : *section.members) {
      if (!read_parameter(name, value)) return false;
    }
    return true;
  }

  bool read_parameter(const std::string& name, const Value& value) {
    const std::string path = "/Parameters/" + name;
    const Object* members = value.as_object();
    if (!members) {
      return fail("Template format error: Every Parameters object must be an object.", path, value);
    }
    ParameterDeclaration parameter{.name = name, .place = value.place};
    for (const auto& [key, member] : *members) {
      if (!read_parameter_member(parameter, key, member, path)) return false;
    }
    if (parameter.type.empty()) {
      return fail("Template format error: Every Parameters object must contain a Type member.",
                  path, value);
    }
    result_.parameters.push_back(std::move(parameter));
    return true;
  }

  bool read_parameter_member(ParameterDeclaration& parameter, const std::string& key,
                             const Value& value, const std::string& parent) {
    const std::string path = path_of(parent, key);
    if (key == "AllowedValues") return read_allowed_values(parameter, value, path);
    std::optional<std::string> text = scalar_text(value);
    if (key == "Default" && !text && value.as_array()) {
      return fail("Template format error: Every Default member must be a string.", path, value);
    }
    if (!text) {
      return fail("Template format error: Every " + key + " member must be a string.", path, value);
    }
    if (key == "Type") {
      parameter.type = *text;
      if (is_parameter_type(*text)) return true;
      return fail("Template format error: Unrecognized parameter type: " + *text, path, value);
    }
    if (key == "Default") {
      parameter.default_value = *text;
    } else if (key == "Description") {
      parameter.description = *text;
    } else if (key == "ConstraintDescription") {
      parameter.constraint_description = *text;
    } else if (key == "AllowedPattern") {
      parameter.allowed_pattern = *text;
    } else if (key == "NoEcho") {
      parameter.no_echo = equals_ignoring_case(*text, "true");
    } else {
      return read_bound(parameter, key, *text, value, path);
    }
    return true;
  }

  bool read_allowed_values(ParameterDeclaration& parameter, const Value& value,
                           const std::string& path) {
    const formats::Array* values = value.as_array();
    if (!values) {
      return fail("Template format error: Every AllowedValues member must be a list.", path, value);
    }
    for (const Value& element : *values) {
      std::optional<std::string> text = scalar_text(element);
      if (!text) {
        return fail("Template format error: Every AllowedValues member must be a list of strings.",
                    path, element);
      }
      parameter.allowed_values.push_back(std::move(*text));
    }
    return true;
  }

  bool read_bound(ParameterDeclaration& parameter, const std::string& key, const std::string& text,
                  const Value& value, const std::string& path) {
    const bool is_length = key == "MinLength" || key == "MaxLength";
    if (!is_length && key != "MinValue" && key != "MaxValue") {
      return fail("Invalid template parameter property '" + key + "'", path, value);
    }
    const bool is_number = formats::is_json_number(text);
    const Value number = is_number ? formats::number_from_text(text) : Value();
    if (!is_number || (is_length && !number.as_integer())) {
      return fail("Template format error: Every " + key + " member must be a number.", path, value);
    }
    if (key == "MinLength") parameter.length_min = number.as_integer();
    if (key == "MaxLength") parameter.length_max = number.as_integer();
    if (key == "MinValue") parameter.value_min = number.as_number();
    if (key == "MaxValue") parameter.value_max = number.as_number();
    return true;
  }

  // ---- Mappings and conditions

  bool read_mappings(const Value& root) {
    Section section{"Mappings", "Mapping", kMappingsMax};
    if (!open_section(root, section)) return false;
    for (const auto& [name, mapping] : *section.members) {
      const std::string path = "/Mappings/" + name;
      if (!mapping.as_object()) {
        return fail("Template format error: Every Mappings member must be a map.", path, mapping);
      }
      for (const auto& [key, members] : *mapping.as_object()) {
        if (!members.as_object()) {
          return fail("Template format error: Every Mappings attribute must be a map.",
                      path_of(path, key), members);
        }
      }
    }
    result_.mappings = *section.members;
    return true;
  }

  bool read_conditions(const Value& root) {
    Section section{"Conditions", "Condition", kResourcesMax};
    if (!open_section(root, section)) return false;
    result_.conditions = *section.members;
    return true;
  }

  // ---- Rules

  bool read_rules(const Value& root) {
    Section section{"Rules", "Rule", kRulesMax};
    if (!open_section(root, section)) return false;
    for (const auto& [name, value] : *section.members) {
      if (!read_rule(name, value)) return false;
    }
    return true;
  }

  bool read_rule(const std::string& name, const Value& value) {
    const std::string path = "/Rules/" + name;
    const Value* assertions = value.find("Assertions");
    if (!value.as_object() || !assertions || !assertions->as_array()) {
      return fail("Template format error: Every Rules member must contain a list of Assertions.",
                  path, value);
    }
    RuleDeclaration rule{.name = name, .place = value.place};
    for (const auto& [key, member] : *value.as_object()) {
      if (key == "RuleCondition") {
        rule.condition = member;
      } else if (key != "Assertions") {
        return fail("Invalid template rule property '" + key + "'", path_of(path, key), member);
      }
    }
    for (const Value& each : *assertions->as_array()) {
      // Other members are taken without effect, as on AWS: templates in use have misspelt descriptions.
      const Value* description = each.find("AssertDescription");
      if (!each.find("Assert") || (description && !description->as_string())) {
        return fail("Template format error: Every Assertions member must have an Assert and may have"
                    " an AssertDescription.",
                    path_of(path, "Assertions"), each);
      }
      rule.assertions.push_back(
          {*each.find("Assert"), description ? *description->as_string() : std::string()});
    }
    result_.rules.push_back(std::move(rule));
    return true;
  }

  // ---- Resources

  bool read_resources(const Value& root) {
    Section section{"Resources", "Resource", kResourcesMax};
    if (!open_section(root, section)) return false;
    if (section.members->empty()) {
      return fail("Template format error: At least one Resources member must be defined.",
                  "/Resources", root);
    }
    for (const auto& [name, value] : *section.members) {
      if (!read_resource(name, value)) return false;
    }
    return true;
  }

  bool read_resource(const std::string& name, const Value& value) {
    const std::string path = "/Resources/" + name;
    const Object* members = value.as_object();
    if (!members) {
      return fail("Template format error: [" + path + "] resource definition is malformed", path,
                  value);
    }
    ResourceDeclaration resource{.logical_id = name, .properties = Object{}, .place = value.place};
    resource.properties.place = value.place;
    for (const auto& [key, member] : *members) {
      if (!read_resource_member(resource, key, member, path)) return false;
    }
    if (resource.type.empty()) {
      return fail("Template format error: [" + path +
                      "] Every Resources object must contain a Type member.",
                  path, value);
    }
    if (const Value* version = value.find("Version"); version && !is_custom(resource.type)) {
      return fail("Invalid template resource property 'Version'", path_of(path, "Version"), *version);
    }
    result_.resources.push_back(std::move(resource));
    return true;
  }

  // Whoever looks after such resources may have several versions of them; it is kept in the template only.
  static bool is_custom(std::string_view type) {
    return type.starts_with("Custom::") || type == "AWS::CloudFormation::CustomResource";
  }

  bool read_resource_member(ResourceDeclaration& resource, const std::string& key,
                            const Value& value, const std::string& parent) {
    const std::string path = path_of(parent, key);
    if (key == "Version" && scalar_text(value)) return true;
    if (key == "Properties") {
      if (value.is_null()) return true;
      resource.properties = value;
      if (value.as_object()) return true;
      return fail("Template format error: [" + path + "] Properties must be an object.", path,
                  value);
    }
    if (key == "DependsOn") return read_depends_on(resource, value, path);
    if (key == "Metadata") {
      resource.metadata = value;
      return true;
    }
    if (key == "CreationPolicy" || key == "UpdatePolicy") {
      (key == "CreationPolicy" ? resource.creation_policy : resource.update_policy) = value;
      if (value.as_object() && function_name(value).empty()) return true;
      return fail("Template format error: [" + path + "] must be an object.", path, value);
    }
    const std::string* text = value.as_string();
    if (!text) {
      return fail("Template format error: [" + path + "] must be a string.", path, value);
    }
    if (key == "Type") {
      resource.type = *text;
      return true;
    }
    if (key == "Condition") {
      resource.condition = *text;
      return true;
    }
    return read_policy(resource, key, *text, value, path);
  }

  bool read_policy(ResourceDeclaration& resource, const std::string& key, const std::string& text,
                   const Value& value, const std::string& path) {
    const bool is_deletion = key == "DeletionPolicy";
    if (!is_deletion && key != "UpdateReplacePolicy") {
      return fail("Invalid template resource property '" + key + "'", path, value);
    }
    if (!is_one_of(text, {"Delete", "Retain", "Snapshot"}) &&
        !(is_deletion && text == "RetainExceptOnCreate")) {
      return fail("Template format error: Unrecognized " + key + " " + text + " for resource " +
                      resource.logical_id,
                  path, value);
    }
    (is_deletion ? resource.deletion_policy : resource.update_replace_policy) = text;
    return true;
  }

  bool read_depends_on(ResourceDeclaration& resource, const Value& value, const std::string& path) {
    auto add = [&](const Value& element) {
      if (!element.as_string()) return false;
      resource.depends_on.push_back(*element.as_string());
      return true;
    };
    const formats::Array* list = value.as_array();
    const bool is_good = list ? std::ranges::all_of(*list, add) : add(value);
    if (is_good) return true;
    return fail("Template format error: DependsOn must be a string or list of strings.", path,
                value);
  }

  // ---- Outputs

  bool read_outputs(const Value& root) {
    Section section{"Outputs", "Output", kOutputsMax};
    if (!open_section(root, section)) return false;
    for (const auto& [name, value] : *section.members) {
      if (!read_output(name, value)) return false;
    }
    return true;
  }

  bool read_output(const std::string& name, const Value& value) {
    const std::string path = "/Outputs/" + name;
    const Object* members = value.as_object();
    if (!members || !members->find("Value")) {
      return fail("Template format error: Every Outputs member must contain a Value object.", path,
                  value);
    }
    OutputDeclaration output{.name = name, .place = value.place};
    for (const auto& [key, member] : *members) {
      const std::string* text = member.as_string();
      if (key == "Value") {
        output.value = member;
      } else if (key == "Export" && member.as_object() && member.as_object()->size() == 1 &&
                 member.find("Name")) {
        output.export_name = *member.find("Name");
      } else if (key == "Description" && text) {
        output.description = *text;
      } else if (key == "Condition" && text) {
        output.condition = *text;
      } else {
        return fail("Template format error: Output " + name + " is malformed in block " + key + ".",
                    path_of(path, key), member);
      }
    }
    result_.outputs.push_back(std::move(output));
    return true;
  }

  Template result_;
  TemplateError error_;
};

}  // namespace

Result<Value, TemplateError> parse_template_text(std::string_view text) {
  if (text.size() > kTemplateBytesMax) {
    return std::unexpected(TemplateError{"Template may not exceed 1048576 bytes in size.", "", {}});
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const formats::Limits limits{.depth = 64, .bytes = kTemplateBytesMax, .values = 200'000};
  const bool is_json = trim(text).starts_with('{');
  auto value = is_json ? formats::parse_json(text, limits) : formats::parse_yaml(text, limits);
  // A flow mapping of YAML starts like JSON does.
  if (!value && is_json) {
    if (auto flow = formats::parse_yaml(text, limits)) value = std::move(flow);
  }
  if (value) return std::move(*value);
  const formats::ParseError& error = value.error();
  return std::unexpected(
      TemplateError{"Template format error: " + std::string(is_json ? "JSON" : "YAML") +
                        " not well-formed. " + error.message,
                    "", error.place});
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-section-structure.html
std::optional<std::vector<std::string>> declared_transforms(const Value& root) {
  const Value* section = root.find("Transform");
  std::vector<std::string> names;
  if (!section || section->is_null()) return names;
  auto add = [&](const Value& element) {
    const Value* name = element.as_object() ? element.find("Name") : &element;
    if (!name || !name->as_string()) return false;
    names.push_back(*name->as_string());
    return true;
  };
  const formats::Array* list = section->as_array();
  const bool is_good = list ? std::ranges::all_of(*list, add) : add(*section);
  return is_good ? std::optional(std::move(names)) : std::nullopt;
}

std::string TemplateError::describe() const {
  std::string where = path;
  if (place.line > 0) {
    if (!where.empty()) where += ", ";
    where += "line " + std::to_string(place.line);
  }
  return where.empty() ? message : message + " (" + where + ")";
}

const ParameterDeclaration* Template::find_parameter(std::string_view name) const {
  auto found = std::ranges::find(parameters, name, &ParameterDeclaration::name);
  return found == parameters.end() ? nullptr : &*found;
}

const ResourceDeclaration* Template::find_resource(std::string_view logical_id) const {
  auto found = std::ranges::find(resources, logical_id, &ResourceDeclaration::logical_id);
  return found == resources.end() ? nullptr : &*found;
}

std::string path_of(std::string_view parent, std::string_view member) {
  return std::string(parent) + "/" + std::string(member);
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
bool is_parameter_type(std::string_view type) {
  constexpr std::string_view kSsm = "AWS::SSM::Parameter::Value<";
  if (type.starts_with(kSsm) && type.ends_with('>')) {
    const std::string_view inner = type.substr(kSsm.size(), type.size() - kSsm.size() - 1);
    return !inner.starts_with(kSsm) && inner != "Number" && is_parameter_type(inner);
  }
  if (type.starts_with("List<") && type.ends_with('>')) {
    const std::string_view inner = type.substr(5, type.size() - 6);
    return inner == "String" || (!inner.starts_with("List<") && !inner.starts_with("AWS::SSM::") &&
                                 inner != "CommaDelimitedList" && is_parameter_type(inner));
  }
  return is_one_of(type,
                   {"String", "Number", "CommaDelimitedList", "AWS::EC2::AvailabilityZone::Name",
                    "AWS::EC2::Image::Id", "AWS::EC2::Instance::Id", "AWS::EC2::KeyPair::KeyName",
                    "AWS::EC2::SecurityGroup::GroupName", "AWS::EC2::SecurityGroup::Id",
                    "AWS::EC2::Subnet::Id", "AWS::EC2::Volume::Id", "AWS::EC2::VPC::Id",
                    "AWS::Route53::HostedZone::Id", "AWS::SSM::Parameter::Name"});
}

Result<Template, TemplateError> parse_template(std::string_view text) {
  Result<Value, TemplateError> root = parse_template_text(text);
  if (!root) return std::unexpected(root.error());
  return read_template(*root);
}

Result<Template, TemplateError> read_template(const Value& root) {
  Result<Template, TemplateError> read = Reader().read(root);
  if (!read) return read;
  if (std::optional<TemplateError> error = check_references(*read)) return std::unexpected(*error);
  if (std::optional<TemplateError> error = check_rules(*read)) return std::unexpected(*error);
  return read;
}

}  // namespace holm::stacks

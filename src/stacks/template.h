// A CloudFormation template: what its text declares, checked for form and for references that lead
// nowhere. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/value.h"

namespace holm::stacks {

// Why a template is refused.
struct TemplateError {
  std::string message;  // AWS's words where they are known.
  std::string path;     // "/Resources/Web/Properties/ImageId"; empty: the whole.
  formats::Place place;
  // AWS takes it, holm does not yet: `message` names what is to be refused as NotImplemented.
  bool is_unbuilt = false;
  std::string describe() const;  // "… (/Resources/Web, line 12)"
};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
constexpr size_t kTemplateBodyBytesMax = 51'200;  // In a request.
constexpr size_t kTemplateBytesMax = 1'048'576;   // In S3. parse_template() keeps this one.
constexpr size_t kResourcesMax = 500;
constexpr size_t kParametersMax = 200;
constexpr size_t kOutputsMax = 200;
constexpr size_t kMappingsMax = 200;
constexpr size_t kRulesMax = 200;  // holm's own.

// The Parameters section. Constraints are absent when not declared.
struct ParameterDeclaration {
  std::string name;
  std::string type;
  std::string description;
  std::string constraint_description;
  std::optional<std::string> default_value;
  std::vector<std::string> allowed_values;
  std::string allowed_pattern;
  std::optional<double> value_min;
  std::optional<double> value_max;
  std::optional<int64_t> length_min;
  std::optional<int64_t> length_max;
  bool no_echo = false;
  formats::Place place;
};

struct ResourceDeclaration {
  std::string logical_id;
  std::string type;
  formats::Value properties;  // An object; empty when there are none.
  std::vector<std::string> depends_on;
  std::string condition;        // Empty: always.
  std::string deletion_policy;  // Delete, Retain, RetainExceptOnCreate, Snapshot; empty: the type's
                                // default.
  std::string update_replace_policy;  // Delete, Retain, Snapshot; empty likewise.
  formats::Value creation_policy;     // Null when absent.
  formats::Value update_policy;
  formats::Value metadata;
  formats::Place place;
};

struct OutputDeclaration {
  std::string name;
  std::string description;
  std::string condition;
  formats::Value value;
  formats::Value export_name;  // Null: not exported.
  formats::Place place;
};

struct RuleAssertion {
  formats::Value assertion;
  std::string description;  // AWS's AssertDescription; may be empty.
};

// The Rules section: what must hold of the parameters' values before anything is made.
struct RuleDeclaration {
  std::string name;
  formats::Value condition;  // Null: always.
  std::vector<RuleAssertion> assertions;
  formats::Place place;
};

struct Template {
  std::string description;
  std::vector<ParameterDeclaration> parameters;
  formats::Object mappings;
  formats::Object conditions;
  std::vector<RuleDeclaration> rules;
  std::vector<ResourceDeclaration> resources;
  std::vector<OutputDeclaration> outputs;
  formats::Value metadata;
  bool has_language_extensions = false;  // Its transform; loops are unrolled already.

  const ParameterDeclaration* find_parameter(std::string_view name) const;
  const ResourceDeclaration* find_resource(std::string_view logical_id) const;
};

// Reads JSON or YAML. Everything that can be said without knowing resource types and parameter
// values is checked: sections, limits, functions and their arguments, that every Ref, GetAtt, Sub,
// DependsOn, Condition and FindInMap leads somewhere, and that resources and conditions make no
// circle. Never throws on input.
Result<Template, TemplateError> parse_template(std::string_view text);
// The same in two steps, for those who look at a template in between.
Result<formats::Value, TemplateError> parse_template_text(std::string_view text);
Result<Template, TemplateError> read_template(const formats::Value& root);
// The names in the Transform section, in order; nothing when it is not of that form.
std::optional<std::vector<std::string>> declared_transforms(const formats::Value& root);

// Whether parameters may be of this type.
bool is_parameter_type(std::string_view type);

// Where something stands: path joining with '/'.
std::string path_of(std::string_view parent, std::string_view member);

}  // namespace holm::stacks

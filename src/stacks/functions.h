// Intrinsic functions: from what a template says to the values that are meant.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/value.h"
#include "stacks/template.h"

namespace holm::stacks {

struct ParameterValue;

// {{resolve:ssm:name:version}}, {{resolve:ssm-secure:name:version}},
// {{resolve:secretsmanager:id:SecretString:json-key:version-stage:version-id}}
struct DynamicReference {
  std::string service;  // ssm, ssm-secure or secretsmanager.
  std::string key;      // All that follows, for example "name:3".
};

// One thing that a parameter of an AWS-specific type can name, and what rules may ask of it.
struct NamedResource {
  std::string name;                               // "vpc-0a…"
  std::map<std::string, std::string> attributes;  // "VpcId", "Tags.Department".
};

// What lies outside the template and the stack. Errors are in AWS's words.
class Lookups {
 public:
  virtual ~Lookups() = default;
  // An export of another stack of this account and region; the import is remembered with the stack.
  virtual Result<std::string> import_value(std::string_view export_name) = 0;
  virtual Result<std::string> dynamic_reference(const DynamicReference& reference) = 0;
  // The value of an SSM parameter, for parameters of type AWS::SSM::Parameter::Value<…>.
  virtual Result<std::string> ssm_parameter(std::string_view name) = 0;
  virtual std::vector<std::string> availability_zones(std::string_view region) = 0;
  // All of this account and region that parameters of `type` ("AWS::EC2::VPC::Id") can name;
  // nothing for a type that holm cannot list.
  virtual std::optional<std::vector<NamedResource>> resources_of_type(std::string_view type) = 0;
};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
struct PseudoParameters {
  std::string account_id;
  std::string region;
  std::string stack_id;
  std::string stack_name;
  std::string partition = "aws";
  std::string url_suffix = "amazonaws.com";
  std::vector<std::string> notification_arns;
};

// A resource as others see it.
struct ResourceValues {
  std::string physical_id;
  formats::Object attributes;
  bool is_secret = false;  // The attributes are.
};

enum class Secrets : uint8_t {
  Reveal,
  Mask,  // NoEcho parameters and attributes become "****", dynamic references stay as they are written.
};

// Everything an evaluation depends on. Borrows the template and the lookups.
struct Scope {
  const Template& declared;
  PseudoParameters pseudo;
  std::map<std::string, formats::Value> parameters;  // Text, or a list of text for list types.
  std::map<std::string, bool> conditions;            // Filled by evaluate_conditions().
  std::map<std::string, ResourceValues> resources;   // Those made so far, by logical id.
  Lookups* lookups = nullptr;                        // Null: functions that need it are an error.
  Secrets secrets = Secrets::Reveal;
};

// Evaluates all conditions of the template into `scope.conditions`.
Result<void, TemplateError> evaluate_conditions(Scope& scope);

// The value of `value`, which stands at `path`. Members and elements that are AWS::NoValue are left
// out; nothing when all of it is AWS::NoValue.
Result<std::optional<formats::Value>, TemplateError> evaluate(const Scope& scope,
                                                              const formats::Value& value,
                                                              const std::string& path);

// The values as functions see them: of list types a list, of SSM types what was resolved.
std::map<std::string, formats::Value> parameter_values(const Template& declared,
                                                       const std::vector<ParameterValue>& values);

}  // namespace holm::stacks

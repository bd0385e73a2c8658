// Templates in requests.

#include "services/cloudformation/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/error.h"
#include "base/strings.h"
#include "cloudformation/handlers.h"
#include "formats/json.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/stacks.h"
#include "services/cloudformation/template_source.h"
#include "stacks/rules.h"
#include "stacks/validate.h"

namespace holm::cloudformation {

namespace {

[[noreturn]] void refuse(const stacks::TemplateError& error) {
  if (error.is_unbuilt) throw aws::NotImplemented(error.describe());
  throw_validation(error.describe());
}

// A name of one's own for a thing of IAM needs the stronger acknowledgement.
bool names_itself(const stacks::ResourceDeclaration& resource) {
  static const std::set<std::string_view> names = {"RoleName",          "UserName",   "GroupName",
                                                   "ManagedPolicyName", "PolicyName", "InstanceProfileName"};
  if (resource.type == "AWS::IAM::Policy") return false;
  const formats::Object* properties = resource.properties.as_object();
  return properties != nullptr &&
         std::ranges::any_of(*properties, [](const auto& member) { return names.contains(member.first); });
}

std::string capabilities_reason(const stacks::Template& declared) {
  std::set<std::string> types;
  for (const stacks::ResourceDeclaration& each : declared.resources) {
    if (each.type.starts_with("AWS::IAM::")) types.insert(each.type);
  }
  return fmt::format("The following resource(s) require capabilities: [{}]",
                     join({types.begin(), types.end()}, ", "));
}

std::vector<ParameterDeclaration> declarations_of(const stacks::Template& declared) {
  std::vector<ParameterDeclaration> result;
  for (const stacks::ParameterDeclaration& each : declared.parameters) {
    ParameterDeclaration declaration{.parameter_key = each.name,
                                     .default_value = each.default_value,
                                     .parameter_type = each.type,
                                     .no_echo = each.no_echo};
    if (!each.description.empty()) declaration.description = each.description;
    if (!each.allowed_values.empty()) {
      declaration.parameter_constraints = ParameterConstraints{.allowed_values = each.allowed_values};
    }
    result.push_back(std::move(declaration));
  }
  return result;
}

}  // namespace

std::string template_text(const std::optional<std::string>& body, const std::optional<std::string>& url) {
  if (url && body) throw_validation("Only one of Template URL or Template Body can be specified.");
  if (!body) throw_validation("Either Template URL or Template Body must be specified.");
  return *body;
}

stacks::Template parse_or_refuse(const std::string& text) {
  auto parsed = stacks::parse_template(text);
  if (!parsed) refuse(parsed.error());
  return std::move(*parsed);
}

stacks::Template require_template(const Service& service, const std::string& text) {
  stacks::Template declared = parse_or_refuse(text);
  if (auto error = stacks::validate(declared, service.types())) refuse(*error);
  return declared;
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html#capabilities
std::string needed_capability(const stacks::Template& declared) {
  std::string needed;
  for (const stacks::ResourceDeclaration& resource : declared.resources) {
    if (!resource.type.starts_with("AWS::IAM::")) continue;
    if (names_itself(resource)) return "CAPABILITY_NAMED_IAM";
    needed = "CAPABILITY_IAM";
  }
  return needed;
}

void require_capabilities(const stacks::Template& declared, const std::vector<std::string>& given) {
  const std::string needed = needed_capability(declared);
  if (needed.empty()) return;
  auto has = [&](std::string_view name) { return std::ranges::find(given, name) != given.end(); };
  if (has("CAPABILITY_NAMED_IAM") || (needed == "CAPABILITY_IAM" && has("CAPABILITY_IAM"))) return;
  throw InsufficientCapabilitiesException(fmt::format("Requires capabilities : [{}]", needed));
}

std::vector<stacks::GivenParameter> given_parameters(const std::vector<Parameter>& parameters) {
  std::vector<stacks::GivenParameter> given;
  for (const Parameter& each : parameters) {
    given.push_back({.key = each.parameter_key.value_or(""),
                     .value = each.parameter_value.value_or(""),
                     .use_previous_value = each.use_previous_value.value_or(false)});
  }
  return given;
}

std::vector<stacks::ParameterValue> require_parameters(aws::Call& call, const stacks::Template& declared,
                                                       const std::vector<Parameter>& given,
                                                       const std::vector<stacks::ParameterValue>& previous) {
  auto lookups = open_lookups(call);
  auto values = stacks::resolve_parameters(declared, given_parameters(given), previous, *lookups);
  if (!values) throw_validation(values.error().message);
  const stacks::Scope scope{.declared = declared,
                            .pseudo = {.account_id = call.account,
                                       .region = call.region,
                                       .url_suffix = std::string(kUrlSuffix)},
                            .parameters = stacks::parameter_values(declared, *values),
                            .lookups = lookups.get()};
  if (auto broken = stacks::broken_rule(scope)) refuse(*broken);
  return std::move(*values);
}

namespace {

ValidateTemplateOutput validate(const Service& service, const ValidateTemplateInput& request) {
  const stacks::Template declared =
      require_template(service, template_text(request.template_body, request.template_url));
  ValidateTemplateOutput result{.description = declared.description};
  for (const stacks::ParameterDeclaration& each : declared.parameters) {
    result.parameters.push_back({.parameter_key = each.name,
                                 .default_value = each.default_value,
                                 .no_echo = each.no_echo,
                                 .description = each.description});
  }
  if (const std::string needed = needed_capability(declared); !needed.empty()) {
    result.capabilities = {needed};
    result.capabilities_reason = capabilities_reason(declared);
  }
  return result;
}

GetTemplateSummaryOutput summarise(Call& call, const GetTemplateSummaryInput& request) {
  const std::string text = request.stack_name
                               ? require_stack(call, *request.stack_name).stack.current.template_text
                               : template_text(request.template_body, request.template_url);
  const stacks::Template declared = parse_or_refuse(text);
  GetTemplateSummaryOutput result{.parameters = declarations_of(declared),
                                  .description = declared.description};
  std::set<std::string> types;
  for (const stacks::ResourceDeclaration& each : declared.resources) types.insert(each.type);
  result.resource_types.assign(types.begin(), types.end());
  if (!declared.metadata.is_null()) result.metadata = formats::write_json(declared.metadata);
  result.version = "2010-09-09";
  if (const std::string needed = needed_capability(declared); !needed.empty()) {
    result.capabilities = {needed};
    result.capabilities_reason = capabilities_reason(declared);
  }
  return result;
}

}  // namespace

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html
async::Task<ValidateTemplateOutput> validate_template(Service& service, LongCall call,
                                                      ValidateTemplateInput request) {
  std::function<ValidateTemplateOutput(Call&, const ValidateTemplateInput&)> work =
      [&service](Call&, const ValidateTemplateInput& input) { return validate(service, input); };
  return with_template(std::move(call), sql::Access::Read, std::move(request), std::move(work));
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html
async::Task<GetTemplateSummaryOutput> get_template_summary(Service&, LongCall call,
                                                           GetTemplateSummaryInput request) {
  std::function<GetTemplateSummaryOutput(Call&, const GetTemplateSummaryInput&)> work = summarise;
  return with_template(std::move(call), sql::Access::Read, std::move(request), std::move(work));
}

}  // namespace holm::cloudformation

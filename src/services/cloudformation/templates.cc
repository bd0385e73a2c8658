// Templates in requests.

#include "services/cloudformation/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/service/error.h"
#include "base/strings.h"
#include "cloudformation/handlers.h"
#include "formats/json.h"
#include "services/cloudformation/macros.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/stacks.h"
#include "services/cloudformation/template_source.h"
#include "stacks/language_extensions.h"
#include "stacks/rules.h"
#include "stacks/validate.h"

namespace holm::cloudformation {

namespace {

[[noreturn]] void refuse(const stacks::TemplateError& error) {
  if (error.is_unbuilt) throw aws::NotImplemented(error.describe());
  throw_validation(error.describe());
}

constexpr std::string_view kAutoExpand = "CAPABILITY_AUTO_EXPAND";

formats::Value expand(aws::Call& call, const stacks::Stack& stack, const ToProcess& given,
                      const formats::Value& root) {
  auto outline = stacks::parse_outline(root);
  if (!outline) refuse(outline.error());
  auto lookups = open_lookups(call);
  auto values =
      stacks::resolve_parameters(*outline, given_parameters(given.parameters), given.previous, *lookups);
  if (!values) throw_validation(values.error().message);
  const stacks::PseudoParameters pseudo{.account_id = call.account,
                                        .region = call.region,
                                        .stack_id = stack.id,
                                        .stack_name = stack.name,
                                        .url_suffix = std::string(kUrlSuffix)};
  const auto parameters = stacks::parameter_values(*outline, *values);
  auto expanded = stacks::expand_language_extensions(
      root, {.pseudo = pseudo, .parameters = parameters, .lookups = lookups.get()});
  if (!expanded) refuse(expanded.error());
  return std::move(*expanded);
}

// Of a resource, or of those that a loop makes: the types that are written out.
void collect_types(const formats::Value& member, std::set<std::string>& types) {
  if (const formats::Array* loop = member.as_array()) {
    const formats::Object* made = loop->empty() ? nullptr : loop->back().as_object();
    if (!made) return;
    for (const auto& [name, each] : *made) collect_types(each, types);
    return;
  }
  const formats::Value* type = member.find("Type");
  if (type && type->as_string()) types.insert(*type->as_string());
}

// What can be said of a template before its transforms are carried out.
struct Preview {
  stacks::Template declared;
  std::set<std::string> types;
  std::vector<std::string> transforms;
};
enum class Check { Form, Types };
Preview preview(const Service& service, const std::string& text, Check check) {
  auto root = stacks::parse_template_text(text);
  if (!root) refuse(root.error());
  Preview result;
  result.transforms = used_transforms(*root);
  if (result.transforms.empty()) {
    result.declared = check == Check::Types ? require_template(service, text) : parse_or_refuse(text);
    for (const stacks::ResourceDeclaration& each : result.declared.resources) result.types.insert(each.type);
    return result;
  }
  auto outline = stacks::parse_outline(*root);
  if (!outline) refuse(outline.error());
  result.declared = std::move(*outline);
  const formats::Value* resources = root->find("Resources");
  if (!resources || !resources->as_object()) return result;
  for (const auto& [name, member] : *resources->as_object()) collect_types(member, result.types);
  return result;
}

std::vector<std::string> capabilities_of(const Preview& seen) {
  std::vector<std::string> needed;
  const bool has_iam = std::ranges::any_of(seen.types, [](const std::string& each) {
    return each.starts_with("AWS::IAM::");
  });
  if (seen.transforms.empty()) {
    if (const std::string one = needed_capability(seen.declared); !one.empty()) needed.push_back(one);
  } else {
    if (has_iam) needed.emplace_back("CAPABILITY_NAMED_IAM");
    needed.emplace_back(kAutoExpand);
  }
  return needed;
}

// A name of one's own for a thing of IAM needs the stronger acknowledgement.
bool names_itself(const stacks::ResourceDeclaration& resource) {
  static const std::set<std::string_view> names = {"RoleName",          "UserName",   "GroupName",
                                                   "ManagedPolicyName", "PolicyName", "InstanceProfileName"};
  // Whose key it is, is no name of its own.
  if (resource.type == "AWS::IAM::Policy" || resource.type == "AWS::IAM::AccessKey") return false;
  const formats::Object* properties = resource.properties.as_object();
  return properties != nullptr &&
         std::ranges::any_of(*properties, [](const auto& member) { return names.contains(member.first); });
}

std::string capabilities_reason(const Preview& seen) {
  std::vector<std::string> types;
  for (const std::string& each : seen.types) {
    if (each.starts_with("AWS::IAM::")) types.push_back(each);
  }
  if (!seen.transforms.empty()) {
    return fmt::format("The following transform(s) require capabilities: [{}]", join(seen.transforms, ", "));
  }
  return fmt::format("The following resource(s) require capabilities: [{}]", join(types, ", "));
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

ProcessedTemplate process_template(const Service& service, aws::Call& call, const stacks::Stack& stack,
                                   const ToProcess& given) {
  auto root = stacks::parse_template_text(given.expanded ? *given.expanded : given.text);
  if (!root) refuse(root.error());
  ProcessedTemplate result{.text = given.expanded.value_or(given.text)};
  if (given.expanded) result.original_text = given.text;
  const auto transforms = stacks::declared_transforms(*root);
  const bool is_extended = transforms && !transforms->empty() &&
                           std::ranges::all_of(*transforms, [](const std::string& each) {
                             return each == stacks::kLanguageExtensions;
                           });
  if (is_extended) {
    root = expand(call, stack, given, *root);
    result.text = formats::write_json(*root);
    result.original_text = given.text;
  }
  auto declared = stacks::read_template(*root);
  if (!declared) refuse(declared.error());
  if (auto error = stacks::validate(*declared, service.types())) refuse(*error);
  result.declared = std::move(*declared);
  return result;
}

void require_expansion_capability(const std::vector<std::string>& given) {
  if (std::ranges::find(given, kAutoExpand) != given.end()) return;
  throw InsufficientCapabilitiesException(fmt::format("Requires capabilities : [{}]", kAutoExpand));
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
  const Preview seen =
      preview(service, template_text(request.template_body, request.template_url), Check::Types);
  ValidateTemplateOutput result{.description = seen.declared.description};
  for (const stacks::ParameterDeclaration& each : seen.declared.parameters) {
    result.parameters.push_back({.parameter_key = each.name,
                                 .default_value = each.default_value,
                                 .no_echo = each.no_echo,
                                 .description = each.description});
  }
  result.declared_transforms = seen.transforms;
  result.capabilities = capabilities_of(seen);
  if (!result.capabilities.empty()) result.capabilities_reason = capabilities_reason(seen);
  return result;
}

GetTemplateSummaryOutput summarise(const Service& service, Call& call, const GetTemplateSummaryInput& request) {
  const std::string text = request.stack_name
                               ? original_of(require_stack(call, *request.stack_name).stack.current)
                               : template_text(request.template_body, request.template_url);
  const Preview seen = preview(service, text, Check::Form);
  GetTemplateSummaryOutput result{.parameters = declarations_of(seen.declared),
                                  .description = seen.declared.description};
  result.resource_types.assign(seen.types.begin(), seen.types.end());
  result.declared_transforms = seen.transforms;
  if (!seen.declared.metadata.is_null()) result.metadata = formats::write_json(seen.declared.metadata);
  result.version = "2010-09-09";
  result.capabilities = capabilities_of(seen);
  if (!result.capabilities.empty()) result.capabilities_reason = capabilities_reason(seen);
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
async::Task<GetTemplateSummaryOutput> get_template_summary(Service& service, LongCall call,
                                                           GetTemplateSummaryInput request) {
  std::function<GetTemplateSummaryOutput(Call&, const GetTemplateSummaryInput&)> work =
      [&service](Call& inner, const GetTemplateSummaryInput& input) { return summarise(service, inner, input); };
  return with_template(std::move(call), sql::Access::Read, std::move(request), std::move(work));
}

}  // namespace holm::cloudformation

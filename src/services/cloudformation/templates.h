// Templates in requests: where they come from, whether they may be used, what they need.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/service/call.h"
#include "cloudformation/types.h"
#include "stacks/parameters.h"
#include "stacks/template.h"

namespace holm::cloudformation {

class Service;

// The body, where a URL's text stands too by now (template_source.h); throws ValidationError.
std::string template_text(const std::optional<std::string>& body, const std::optional<std::string>& url);
// Parsed; throws ValidationError or NotImplemented with path and line.
stacks::Template parse_or_refuse(const std::string& text);
// Parsed and checked against the types that exist; throws likewise.
stacks::Template require_template(const Service& service, const std::string& text);
// A template with its transforms carried out.
struct ProcessedTemplate {
  stacks::Template declared;
  std::string text;
  std::string original_text;  // Empty: there was nothing to carry out.
};
struct ToProcess {
  const std::string& text;
  const std::optional<std::string>& expanded;  // The same after its macros, if it has any.
  const std::vector<Parameter>& parameters;
  const std::vector<stacks::ParameterValue>& previous;
};
// Checked like require_template(); `call` is made for whom the stack acts.
ProcessedTemplate process_template(const Service& service, aws::Call& call, const stacks::Stack& stack,
                                   const ToProcess& given);
// CAPABILITY_AUTO_EXPAND, for templates with transforms; throws InsufficientCapabilities.
void require_expansion_capability(const std::vector<std::string>& given);
// CAPABILITY_IAM or CAPABILITY_NAMED_IAM; empty when the template needs none.
std::string needed_capability(const stacks::Template& declared);
void require_capabilities(const stacks::Template& declared, const std::vector<std::string>& given);
std::vector<stacks::GivenParameter> given_parameters(const std::vector<Parameter>& parameters);
// The values of all parameters; throws ValidationError.
std::vector<stacks::ParameterValue> require_parameters(aws::Call& call, const stacks::Template& declared,
                                                       const std::vector<Parameter>& given,
                                                       const std::vector<stacks::ParameterValue>& previous);

}  // namespace holm::cloudformation

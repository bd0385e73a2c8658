// The Rules section: assertions about parameters, checked before anything is made.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
#pragma once

#include <optional>

#include "stacks/functions.h"
#include "stacks/template.h"

namespace holm::stacks {

// The first rule that can mean nothing: a function that rules do not know, arguments of a wrong
// form, a Ref to something else than a parameter.
std::optional<TemplateError> check_rules(const Template& declared);

// The first assertion that does not hold for the parameters of `scope`, or the reason why that
// cannot be told.
std::optional<TemplateError> broken_rule(const Scope& scope);

}  // namespace holm::stacks

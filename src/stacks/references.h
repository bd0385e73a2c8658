// Whether every reference and function of a template can mean something.
#pragma once

#include <optional>

#include "stacks/template.h"

namespace holm::stacks {

// The first thing that is wrong: an unknown target, a function with arguments of the wrong form,
// one that holm does not have, a circle of resources or conditions.
std::optional<TemplateError> check_references(const Template& declared);

bool is_pseudo_parameter(std::string_view name);

}  // namespace holm::stacks

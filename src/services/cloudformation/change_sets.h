// Change sets as rows.
#pragma once

#include <optional>
#include <string>

#include "services/cloudformation/stacks.h"

namespace holm::cloudformation {

// The template of a change set; throws ChangeSetNotFound.
std::string change_set_template(Call& call, const std::string& name_or_id,
                                const std::optional<std::string>& stack_name);

}  // namespace holm::cloudformation

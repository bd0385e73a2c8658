// Change sets as rows.
#pragma once

#include <optional>
#include <string>

#include "services/cloudformation/stacks.h"

namespace holm::cloudformation {

// What a change set would make of its stack; throws ChangeSetNotFound.
stacks::Deployment change_set_deployment(Call& call, const std::string& name_or_id,
                                         const std::optional<std::string>& stack_name);

}  // namespace holm::cloudformation

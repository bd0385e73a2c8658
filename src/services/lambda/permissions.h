// Resource policies of functions: who may invoke them.
#pragma once

#include <optional>
#include <string>

#include "services/lambda/functions.h"

namespace holm::lambda {

// The policy of what `id` names, as JSON; nothing when nobody was given a permission.
std::optional<std::string> find_policy(Call& call, const FunctionId& id);

// Throws AccessDeniedException unless the policy lets the AWS service that calls invoke `id`. The
// resource it calls for (aws:SourceArn) is the ARN of its principal.
void require_service_may_invoke(Call& call, const FunctionId& id);

}  // namespace holm::lambda

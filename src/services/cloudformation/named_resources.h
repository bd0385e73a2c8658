// What parameters of AWS-specific types can name, as rules see it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "stacks/functions.h"

namespace holm::cloudformation {

// Everything of the type in the call's account and region, asked of EC2 for who makes the call; nothing
// for a type that is not listed here.
std::optional<std::vector<stacks::NamedResource>> list_resources(aws::Call& call, std::string_view type);

}  // namespace holm::cloudformation

// AllowedPattern of parameters: regular expressions that strangers write, matched with a bound.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::stacks {

// Whether all of `text` matches. Fails when the pattern is not one or takes too long.
Result<bool> matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace holm::stacks

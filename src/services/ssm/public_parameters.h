// Parameters that AWS publishes for everybody: names of machine images.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm::ssm {

// The value of a public parameter, an image id; nothing for a name that is not one.
std::optional<std::string> find_public_parameter(std::string_view name);
std::vector<std::string> public_parameter_names();

}  // namespace holm::ssm

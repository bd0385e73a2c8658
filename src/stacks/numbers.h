// Numbers of properties as AWS's models have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stacks/resource_type.h"

namespace holm::stacks {

// As a member of a request takes it; nothing when the property is absent.
inline std::optional<int32_t> number(const Properties& properties, std::string_view name) {
  const auto found = properties.find_integer(name);
  return found ? std::optional(static_cast<int32_t>(*found)) : std::nullopt;
}

}  // namespace holm::stacks

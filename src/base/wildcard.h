// Wildcards whose meaning can be taken away.
#pragma once

#include <cstdint>
#include <string_view>

namespace holm {

// Backslash: it takes its meaning from the star, question mark or backslash behind it.
enum class Escape : uint8_t { None, Backslash };

// As matches_wildcard() of base/strings.h, which is this with Escape::None.
bool matches_wildcard(std::string_view pattern, std::string_view text, Escape escape);

}  // namespace holm

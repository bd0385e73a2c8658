// Making text of bytes that others wrote.
#pragma once

#include <string>
#include <string_view>

namespace holm {

// `bytes` with U+FFFD in place of each byte that is no part of a well-formed character.
std::string to_utf8(std::string_view bytes);

}  // namespace holm

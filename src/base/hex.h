// Hexadecimal text where there is a place for it already; strings.h makes strings.
#pragma once

#include <string_view>

namespace holm {

// Lower case, to a place of twice as many characters.
void hex_encode_to(std::string_view bytes, char* out);

}  // namespace holm

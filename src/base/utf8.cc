// Making text of bytes that others wrote.

#include "base/utf8.h"

#include <algorithm>

#include "base/strings.h"

namespace holm {

namespace {

// How many bytes the character at the front has; 0 when there is none.
size_t character_length(std::string_view bytes) {
  for (size_t length = 1; length <= std::min<size_t>(4, bytes.size()); ++length) {
    if (is_utf8(bytes.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    const size_t length = character_length(bytes);
    text += length > 0 ? bytes.substr(0, length) : "\xEF\xBF\xBD";
    bytes.remove_prefix(std::max<size_t>(1, length));
  }
  return text;
}

}  // namespace holm

// What names are made of: ASCII, whatever the locale.
#pragma once

#include <string_view>

namespace holm {

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_letter_or_digit(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

// Whether each character of `text` is a letter, a digit or one of `others`; so is every one of no text.
constexpr bool is_alphanumeric(std::string_view text, std::string_view others = {}) {
  for (const char c : text) {
    if (!is_letter_or_digit(c) && others.find(c) == std::string_view::npos) return false;
  }
  return true;
}

}  // namespace holm

// The character classes of RFC 9110, as a table.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace holm::http {

enum CharacterClass : uint8_t {
  kToken = 1,   // Methods, header names.
  kText = 2,    // Header values: visible, space, tab and bytes above 0x7f.
  kTarget = 4,  // Request targets: visible ASCII.
  kHost = 8,
  kPlainName = 16,  // Letters, digits and hyphens.
};

constexpr std::array<uint8_t, 256> make_character_classes() {
  std::array<uint8_t, 256> classes{};
  for (unsigned c = 0x21; c < 0x7f; ++c) classes[c] = kText | kTarget;
  for (unsigned c = 0x80; c < 0x100; ++c) classes[c] = kText;
  classes[' '] = kText;
  classes['\t'] = kText;
  for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    classes[static_cast<uint8_t>(c)] |= kToken;
  }
  for (char c : std::string_view("-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    classes[static_cast<uint8_t>(c)] |= kPlainName;
  }
  for (char c : std::string_view("!$%&'()*+,-.;=_~:[]0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    classes[static_cast<uint8_t>(c)] |= kHost;
  }
  return classes;
}

inline constexpr std::array<uint8_t, 256> kCharacterClasses = make_character_classes();

constexpr bool is(CharacterClass wanted, char c) {
  return (kCharacterClasses[static_cast<uint8_t>(c)] & wanted) != 0;
}

constexpr bool all(CharacterClass wanted, std::string_view text) {
  for (char c : text) {
    if (!is(wanted, c)) return false;
  }
  return true;
}

// all(kText, text), and fast for what has no tab.
inline bool is_text(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHighBits = 0x80 * kOnes;
  size_t i = 0;
  for (; i + sizeof(uint64_t) <= text.size(); i += sizeof(uint64_t)) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, sizeof bytes);
    // Not zero when a byte is below the space, or is DEL.
    const uint64_t low = (bytes - 0x20 * kOnes) & ~bytes;
    const uint64_t del = ((bytes ^ (0x7f * kOnes)) - kOnes) & ~(bytes ^ (0x7f * kOnes));
    if (((low | del) & kHighBits) != 0 && !all(kText, text.substr(i, sizeof bytes))) return false;
  }
  return all(kText, text.substr(i));
}

constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }

constexpr std::string_view trim_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace holm::http

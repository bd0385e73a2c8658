// The character classes of RFC 9110, as a table.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
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
  uint8_t common = 0xff;
  for (char c : text) common &= kCharacterClasses[static_cast<uint8_t>(c)];
  return (common & wanted) != 0;
}

// Sixteen characters that are looked at at once, and what was found of each: all ones, or zero.
using CharacterBlock = uint8_t __attribute__((vector_size(16)));
using BlockFindings = int8_t __attribute__((vector_size(16)));

inline CharacterBlock load_block(const char* text) {
  CharacterBlock block;
  std::memcpy(&block, text, sizeof block);
  return block;
}

// The first character of the block of which there is a finding; its size when there is none.
inline size_t first_of(BlockFindings findings) {
  static_assert(std::endian::native == std::endian::little);
  constexpr size_t kHalf = sizeof(uint64_t);
  std::array<uint64_t, 2> halves;
  std::memcpy(&halves, &findings, sizeof halves);
  if (halves[0] != 0) return static_cast<size_t>(std::countr_zero(halves[0])) / 8;
  if (halves[1] != 0) return kHalf + static_cast<size_t>(std::countr_zero(halves[1])) / 8;
  return 2 * kHalf;
}

// all(kText, text), and fast for what has no tab.
inline bool is_text(std::string_view text) {
  constexpr size_t kStep = sizeof(CharacterBlock);
  constexpr size_t kHalf = kStep / 2;
  auto is_plain = [](CharacterBlock block) {
    return first_of((block < 0x20) | (block == 0x7f)) == kStep;
  };
  if (text.size() < kHalf) return all(kText, text);
  const char* const end = text.data() + text.size();
  // Those at the end are looked at together, some of them again.
  if (text.size() < kStep) {
    std::array<char, kStep> both;
    std::memcpy(both.data(), text.data(), kHalf);
    std::memcpy(both.data() + kHalf, end - kHalf, kHalf);
    return is_plain(load_block(both.data())) || all(kText, text);
  }
  for (const char* at = text.data(); at < end - kStep; at += kStep) {
    if (!is_plain(load_block(at))) return all(kText, text);
  }
  return is_plain(load_block(end - kStep)) || all(kText, text);
}

// The length of the token that `text` begins with; fast where it is of letters, digits and hyphens.
inline size_t token_bytes(std::string_view text) {
  constexpr size_t kStep = sizeof(CharacterBlock);
  size_t count = 0;
  while (text.size() - count >= kStep) {
    const CharacterBlock block = load_block(text.data() + count);
    const BlockFindings letters = (block | 0x20) - 'a' < 26;
    const BlockFindings digits = block - '0' < 10;
    const size_t plain = first_of(~(letters | digits | (block == '-')));
    count += plain;
    if (plain < kStep) break;
  }
  while (count < text.size() && is(kToken, text[count])) ++count;
  return count;
}

constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }

constexpr std::string_view trim_space(std::string_view text) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  while (begin != end && is_space(*begin)) ++begin;
  while (begin != end && is_space(end[-1])) --end;
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace holm::http

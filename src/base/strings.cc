// Operations on text and the encodings AWS protocols use.

#include "base/strings.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/hex.h"
#include "base/wildcard.h"

namespace holm {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_digit(char c) {
  size_t at = kBase64.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// How many bytes the UTF-8 sequence at the start of `text` has; 0 when it is not valid.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) text += separator;
    text += part;
  }
  return text;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

std::string to_upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), upper);
  return result;
}

namespace {

// Whether eight characters are the same but for the case of ASCII's letters.
bool are_same_letters(uint64_t a, uint64_t b) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHighBits = 0x80 * kOnes;
  const uint64_t differ = a ^ b;
  if (differ == 0) return true;
  if ((differ & ~(0x20 * kOnes)) != 0) return false;
  // Only letters may differ in that bit.
  const uint64_t small = (a | 0x20 * kOnes) & ~kHighBits;
  const uint64_t letters = (small + (0x80 - 'a') * kOnes) & ~(small + (0x7f - 'z') * kOnes) & ~a;
  return ((differ << 2) & ~(letters & kHighBits)) == 0;
}

template <class Word>
uint64_t load(const char* text) {
  Word word = 0;
  std::memcpy(&word, text, sizeof word);
  return word;
}

// All of one to seven characters, some of them twice.
uint64_t load_few(std::string_view text) {
  const char* const end = text.data() + text.size();
  if (text.size() >= 4) return load<uint32_t>(text.data()) << 32 | load<uint32_t>(end - 4);
  if (text.size() >= 2) return load<uint16_t>(text.data()) << 16 | load<uint16_t>(end - 2);
  return load<uint8_t>(text.data());
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  // Most that differ do so here already.
  if (((a.front() ^ b.front()) & ~0x20) != 0) return false;
  constexpr size_t kStep = sizeof(uint64_t);
  if (a.size() < kStep) return are_same_letters(load_few(a), load_few(b));
  const size_t last = a.size() - kStep;
  for (size_t i = 0; i < last; i += kStep) {
    if (!are_same_letters(load<uint64_t>(a.data() + i), load<uint64_t>(b.data() + i))) return false;
  }
  return are_same_letters(load<uint64_t>(a.data() + last), load<uint64_t>(b.data() + last));
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  while (!from.empty()) {
    size_t at = text.find(from);
    if (at == std::string_view::npos) break;
    result += text.substr(0, at);
    result += to;
    text.remove_prefix(at + from.size());
  }
  result += text;
  return result;
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
  return matches_wildcard(pattern, text, Escape::None);
}

bool matches_wildcard(std::string_view pattern, std::string_view text, Escape escape) {
  size_t p = 0, t = 0, star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    const bool is_escaped = escape == Escape::Backslash && p + 1 < pattern.size() && pattern[p] == '\\';
    const size_t at = is_escaped ? p + 1 : p;
    if (!is_escaped && p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (at < pattern.size() && (pattern[at] == text[t] || (!is_escaped && pattern[at] == '?'))) {
      p = at + 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<long long> parse_integer(std::string_view text) {
  long long value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string hex_encode(std::string_view bytes) {
  std::string text(bytes.size() * 2, '\0');
  hex_encode_to(bytes, text.data());
  return text;
}

void hex_encode_to(std::string_view bytes, char* out) {
  for (const char c : bytes) {
    *out++ = "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    *out++ = "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string base64_encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  const auto byte = [&](size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
  char* out = text.data();
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, out += 4) {
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out[0] = kBase64[group >> 18];
    out[1] = kBase64[group >> 12 & 63];
    out[2] = kBase64[group >> 6 & 63];
    out[3] = kBase64[group & 63];
  }
  const size_t left = bytes.size() - i;
  if (left == 0) return text;
  const unsigned group = byte(i) << 16 | (left == 2 ? byte(i + 1) << 8 : 0);
  out[0] = kBase64[group >> 18];
  out[1] = kBase64[group >> 12 & 63];
  if (left == 2) out[2] = kBase64[group >> 6 & 63];
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  int count = 0;
  for (char c : text.substr(0, text.size() - padding)) {
    int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 255);
    }
  }
  return bytes;
}

std::string percent_encode(std::string_view text, Slash slash) {
  std::string result;
  result.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::Keep)) {
      result += c;
    } else {
      result += '%';
      result += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
      result += "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15];
    }
  }
  return result;
}

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      result += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      result += text[i] == '+' && plus == Plus::Space ? ' ' : text[i];
    }
  }
  return result;
}

}  // namespace holm

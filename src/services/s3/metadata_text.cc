// User metadata that is more than ASCII, as headers carry it.

#include "services/s3/metadata_text.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kStart = "=?", kEnd = "?=";

bool is_ascii_text(char c) { return (c >= ' ' && c < 0x7f) || c == '\t'; }

bool is_line(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; });
}

std::optional<std::string> read_quoted(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      plain += ' ';
    } else if (text[i] != '=') {
      plain += text[i];
    } else {
      const auto byte = hex_decode(to_lower(text.substr(i + 1, 2)));
      if (!byte || byte->size() != 1) return std::nullopt;
      plain += *byte;
      i += 2;
    }
  }
  return plain;
}

// Of "UTF-8?Q?caf=C3=A9".
std::optional<std::string> read_word(std::string_view word) {
  const auto parts = split(word, '?');
  if (parts.size() != 3 || !equals_ignoring_case(parts[0], "UTF-8")) return std::nullopt;
  std::optional<std::string> text;
  if (equals_ignoring_case(parts[1], "Q")) text = read_quoted(parts[2]);
  if (equals_ignoring_case(parts[1], "B")) text = base64_decode(parts[2]);
  const bool is_text = text && is_utf8(*text) && is_line(*text);
  return is_text ? std::move(text) : std::nullopt;
}

// UTF-16's units of the text, which JavaMail weighs: those of ASCII, and the others.
struct Weights {
  size_t ascii = 0, others = 0;
};

Weights weights_of(std::string_view text) {
  Weights weights;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xc0) == 0x80;
    if (is_ascii_text(c)) ++weights.ascii;
    if (!is_ascii_text(c) && !continues) weights.others += byte >= 0xf0 ? 2 : 1;
  }
  return weights;
}

std::string write_quoted(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    const bool is_plain = c > ' ' && c < 0x7f && c != '=' && c != '?' && c != '_';
    if (c == ' ') {
      quoted += '_';
    } else if (is_plain) {
      quoted += c;
    } else {
      quoted += '=' + to_upper(hex_encode(std::string_view(&c, 1)));
    }
  }
  return quoted;
}

}  // namespace

std::string read_metadata_text(std::string_view header) {
  std::string text;
  bool follows_word = false;
  while (!header.empty()) {
    const size_t start = std::min(header.find(kStart), header.size());
    // A word ends behind its two inner question marks.
    const size_t charset = header.find('?', start + kStart.size());
    const size_t encoding = charset == header.npos ? header.npos : header.find('?', charset + 1);
    const size_t end = encoding == header.npos ? header.npos : header.find(kEnd, encoding + 1);
    const std::string_view before = header.substr(0, start);
    if (end == header.npos) break;
    const auto word = read_word(header.substr(start + kStart.size(), end - start - kStart.size()));
    if (!word) return text + std::string(header);
    // Spaces between two words are none of the text.
    if (!follows_word || before.find_first_not_of(" \t") != before.npos) text += before;
    text += *word;
    follows_word = true;
    header.remove_prefix(end + kEnd.size());
  }
  return text + std::string(header);
}

std::string write_metadata_text(std::string_view text) {
  const Weights weights = weights_of(text);
  if (weights.others == 0 || !is_utf8(text)) return std::string(text);
  if (weights.ascii > weights.others) return "=?UTF-8?Q?" + write_quoted(text) + "?=";
  return "=?UTF-8?B?" + base64_encode(text) + "?=";
}

}  // namespace holm::s3

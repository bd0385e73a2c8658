// Parts of units' names.

#include "init/unit_name.h"

#include <algorithm>
#include <array>

#include "base/characters.h"

namespace holm::init {

namespace {

constexpr size_t kNameBytesMax = 255;
constexpr std::array<std::string_view, 11> kSuffixes = {
    "service", "target", "timer", "socket", "path", "mount", "slice", "scope", "automount", "swap", "device"};

bool is_name_character(char c) {
  return is_letter_or_digit(c) || std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view suffix_of(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

std::string_view stem_of(std::string_view name) { return name.substr(0, name.rfind('.')); }

std::string_view prefix_of(std::string_view name) {
  const std::string_view stem = stem_of(name);
  return stem.substr(0, stem.find('@'));
}

std::string_view instance_of(std::string_view name) {
  const std::string_view stem = stem_of(name);
  const size_t at = stem.find('@');
  return at == std::string_view::npos ? std::string_view() : stem.substr(at + 1);
}

bool is_unit_name(std::string_view name) {
  if (name.size() > kNameBytesMax || !std::ranges::all_of(name, is_name_character)) return false;
  if (prefix_of(name).empty()) return false;
  return std::ranges::find(kSuffixes, suffix_of(name)) != kSuffixes.end();
}

std::string with_suffix(std::string_view name) {
  if (std::ranges::find(kSuffixes, suffix_of(name)) != kSuffixes.end()) return std::string(name);
  return std::string(name) + ".service";
}

bool is_template(std::string_view name) {
  const std::string_view stem = stem_of(name);
  return stem.find('@') == stem.size() - 1 && !stem.empty();
}

std::string template_of(std::string_view name) {
  if (instance_of(name).empty()) return "";
  return std::string(prefix_of(name)) + "@." + std::string(suffix_of(name));
}

std::string instantiate(std::string_view name, std::string_view instance) {
  return std::string(prefix_of(name)) + "@" + std::string(instance) + "." + std::string(suffix_of(name));
}

std::string unescape_name(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' &&
                           hex_value(text[i + 2]) >= 0 && hex_value(text[i + 3]) >= 0;
    if (is_escape) {
      result += static_cast<char>(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
      i += 3;
    } else {
      result += text[i] == '-' ? '/' : text[i];
    }
  }
  return result;
}

}  // namespace holm::init

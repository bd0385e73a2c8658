// Base 64 of a checksum and the position.

#include "base/page_token.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace holm {

namespace {

constexpr size_t kChecksumBytes = 8;

// FNV-1a: tells tokens from texts that only look like one.
uint32_t checksum(std::string_view text) {
  uint32_t hash = 2166136261u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

}  // namespace

std::string make_page_token(std::string_view position) {
  return base64_encode(fmt::format("{:08x}{}", checksum(position), position));
}

std::optional<std::string> read_page_token(std::string_view token) {
  auto text = base64_decode(token);
  if (!text || text->size() < kChecksumBytes) return std::nullopt;
  std::string position = text->substr(kChecksumBytes);
  if (make_page_token(position) != token) return std::nullopt;
  return position;
}

}  // namespace holm

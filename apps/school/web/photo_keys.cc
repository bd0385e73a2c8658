// Where portraits are stored, and what may be uploaded.

#include "web/photo_keys.h"

#include <fmt/format.h>

#include <charconv>

namespace school {

namespace {

// Takes a decimal number and the slash after it off the front.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::size_t size = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || number < 1 || size >= text.size() || text[size] != '/') {
    return std::nullopt;
  }
  text.remove_prefix(size + 1);
  return number;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool is_hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (is_dash ? text[i] != '-' : !is_hex) return false;
  }
  return true;
}

}  // namespace

std::string SourceKey::text() const {
  return fmt::format("source/yearbook/{}/{}/{}.{}", year, student, uuid, extension);
}

std::string SourceKey::copy(std::string_view name) const {
  return fmt::format("resized/yearbook/{}/{}/{}/{}.jpg", year, student, uuid, name);
}

std::optional<SourceKey> parse_source_key(std::string_view key) {
  constexpr std::string_view kPrefix = "source/yearbook/";
  if (!key.starts_with(kPrefix)) return std::nullopt;
  std::string_view rest = key.substr(kPrefix.size());
  auto year = take_number(rest);
  auto student = year ? take_number(rest) : std::nullopt;
  std::size_t dot = rest.find('.');
  if (!student || dot == std::string_view::npos || !is_uuid(rest.substr(0, dot))) {
    return std::nullopt;
  }
  std::string_view extension = rest.substr(dot + 1);
  if (extension != "jpg" && extension != "png" && extension != "webp") return std::nullopt;
  return SourceKey{.year = *year,
                   .student = *student,
                   .uuid = std::string(rest.substr(0, dot)),
                   .extension = std::string(extension)};
}

std::optional<std::string> extension_of_type(std::string_view content_type) {
  if (content_type == "image/jpeg") return "jpg";
  if (content_type == "image/png") return "png";
  if (content_type == "image/webp") return "webp";
  return std::nullopt;
}

}  // namespace school

// Where portraits are stored, and what may be uploaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace school {

constexpr std::int64_t kPhotoBytesMax = 15'728'640;

// source/yearbook/{year}/{student}/{uuid}.{extension}
struct SourceKey {
  std::int64_t year = 0;
  std::int64_t student = 0;
  std::string uuid;
  std::string extension;

  std::string text() const;
  // resized/yearbook/{year}/{student}/{uuid}/{copy}.jpg
  std::string copy(std::string_view name) const;
};

// Nothing for a key of any other shape.
std::optional<SourceKey> parse_source_key(std::string_view key);

// "jpg", "png", "webp"; nothing for a type that is not taken.
std::optional<std::string> extension_of_type(std::string_view content_type);

}  // namespace school

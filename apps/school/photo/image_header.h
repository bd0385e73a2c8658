// What an image is and how large, from its first bytes, before anything is decoded.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace school {

enum class ImageType { Jpeg, Png, Webp };

struct ImageHeader {
  ImageType type = ImageType::Jpeg;
  std::int64_t width = 0;
  std::int64_t height = 0;
};

enum class HeaderProblem {
  WrongType,  // Neither JPEG, PNG nor WebP.
  Broken,     // Begins as one of them, but its size is not to be found.
};

// Untrusted bytes; looks at no more than it has to and never throws.
std::expected<ImageHeader, HeaderProblem> read_image_header(std::string_view bytes);

// True for a JPEG whose picture breaks off before its end, which decoders fill with grey in
// silence. Untrusted bytes.
bool is_cut_off(std::string_view bytes);

}  // namespace school

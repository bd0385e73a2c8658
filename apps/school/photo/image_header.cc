// What an image is and how large, from its first bytes.

#include "photo/image_header.h"

#include <optional>

namespace school {

namespace {

using Result = std::expected<ImageHeader, HeaderProblem>;

// The unsigned number at `at`, or nothing past the end.
std::optional<std::uint32_t> big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  if (bytes.size() < size || at > bytes.size() - size) return std::nullopt;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

std::optional<std::uint32_t> little_endian(std::string_view bytes, std::size_t at,
                                           std::size_t size) {
  if (bytes.size() < size || at > bytes.size() - size) return std::nullopt;
  std::uint32_t number = 0;
  for (std::size_t i = size; i > 0; --i) {
    number = number << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
  }
  return number;
}

Result header_of(ImageType type, std::uint32_t width, std::uint32_t height) {
  if (width == 0 || height == 0) return std::unexpected(HeaderProblem::Broken);
  return ImageHeader{.type = type, .width = width, .height = height};
}

// ITU T.81, B.1.1.3: the frame headers are SOF0 to SOF15 without DHT, JPG and DAC.
bool is_frame_marker(std::uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

Result read_jpeg(std::string_view bytes) {
  std::size_t at = 2;
  while (true) {
    auto prefix = big_endian(bytes, at, 1);
    auto marker = big_endian(bytes, at + 1, 1);
    if (!prefix || !marker || *prefix != 0xff) break;
    if (*marker == 0xff) {  // Fill bytes may stand before a marker.
      ++at;
      continue;
    }
    auto length = big_endian(bytes, at + 2, 2);
    if (!length || *length < 2 || *marker == 0xda || *marker == 0xd9) break;
    if (is_frame_marker(*marker)) {
      auto height = big_endian(bytes, at + 5, 2);
      auto width = big_endian(bytes, at + 7, 2);
      if (!height || !width) break;
      return header_of(ImageType::Jpeg, *width, *height);
    }
    at += 2 + *length;
  }
  return std::unexpected(HeaderProblem::Broken);
}

Result read_png(std::string_view bytes) {
  auto width = big_endian(bytes, 16, 4);
  auto height = big_endian(bytes, 20, 4);
  if (bytes.substr(12, 4) != "IHDR" || !width || !height) {
    return std::unexpected(HeaderProblem::Broken);
  }
  return header_of(ImageType::Png, *width, *height);
}

// https://developers.google.com/speed/webp/docs/riff_container
Result read_webp(std::string_view bytes) {
  std::string_view chunk = bytes.substr(12, 4);
  if (chunk == "VP8X") {
    auto width = little_endian(bytes, 24, 3);
    auto height = little_endian(bytes, 27, 3);
    if (width && height) return header_of(ImageType::Webp, *width + 1, *height + 1);
  } else if (chunk == "VP8L") {
    auto packed = little_endian(bytes, 21, 4);
    if (packed && static_cast<unsigned char>(bytes[20]) == 0x2f) {
      return header_of(ImageType::Webp, (*packed & 0x3fff) + 1, (*packed >> 14 & 0x3fff) + 1);
    }
  } else if (chunk == "VP8 ") {
    auto width = little_endian(bytes, 26, 2);
    auto height = little_endian(bytes, 28, 2);
    if (width && height && bytes.substr(23, 3) == "\x9d\x01\x2a") {
      return header_of(ImageType::Webp, *width & 0x3fff, *height & 0x3fff);
    }
  }
  return std::unexpected(HeaderProblem::Broken);
}

// Where the first scan begins, or nothing.
std::optional<std::size_t> find_scan(std::string_view bytes) {
  std::size_t at = 2;
  while (true) {
    auto prefix = big_endian(bytes, at, 1);
    auto marker = big_endian(bytes, at + 1, 1);
    if (!prefix || !marker || *prefix != 0xff) return std::nullopt;
    if (*marker == 0xda) return at;
    if (*marker == 0xff) {
      ++at;
      continue;
    }
    auto length = big_endian(bytes, at + 2, 2);
    if (!length || *length < 2) return std::nullopt;
    at += 2 + *length;
  }
}

}  // namespace

// Within a scan the bytes FF D9 can only be the end of the image: data escape FF as FF 00. What
// stands after the end (some telephones append a film) does not matter.
bool is_cut_off(std::string_view bytes) {
  if (!bytes.starts_with("\xff\xd8\xff")) return false;
  auto scan = find_scan(bytes);
  return !scan || bytes.find("\xff\xd9", *scan) == std::string_view::npos;
}

Result read_image_header(std::string_view bytes) {
  using std::string_view_literals::operator""sv;
  if (bytes.starts_with("\xff\xd8\xff"sv)) return read_jpeg(bytes);
  if (bytes.size() >= 16) {
    if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return read_png(bytes);
    if (bytes.starts_with("RIFF"sv) && bytes.substr(8, 4) == "WEBP") return read_webp(bytes);
  }
  return std::unexpected(HeaderProblem::WrongType);
}

}  // namespace school

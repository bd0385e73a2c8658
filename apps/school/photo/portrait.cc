// Makes the two small copies of a portrait, over libvips.

#include "photo/portrait.h"

#include <vips/vips.h>

#include <memory>

#include "photo/image_header.h"

namespace school {

namespace {

constexpr int kThumbQuality = 75;
constexpr int kWebQualities[] = {80, 72, 64, 55, 45, 35};

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

using Kind = PortraitProblem::Kind;

std::unexpected<PortraitProblem> refused(const char* text) {
  return std::unexpected(PortraitProblem{.kind = Kind::Refused, .text = text});
}

std::unexpected<PortraitProblem> failed(const char* what) {
  std::string text = std::string(what) + ": " + vips_error_buffer();
  vips_error_clear();
  return std::unexpected(PortraitProblem{.kind = Kind::Failed, .text = text});
}

// Shrinks while loading where the format can, and turns the picture as its EXIF says.
Image load_within(std::string_view bytes, int side) {
  VipsImage* image = nullptr;
  int result = vips_thumbnail_buffer(
      const_cast<char*>(bytes.data()), bytes.size(), &image, side, "height", side, "size",
      VIPS_SIZE_DOWN, "export_profile", "srgb", "option_string", "[fail_on=truncated]", nullptr);
  return Image(result == 0 ? image : nullptr);
}

Image on_white(Image image) {
  if (!vips_image_hasalpha(image.get())) return image;
  double white[] = {255, 255, 255};
  VipsArrayDouble* background = vips_array_double_new(white, 3);
  VipsImage* flat = nullptr;
  int result = vips_flatten(image.get(), &flat, "background", background, nullptr);
  vips_area_unref(VIPS_AREA(background));
  return Image(result == 0 ? flat : nullptr);
}

Image in_memory(Image image) {
  return image ? Image(vips_image_copy_memory(image.get())) : nullptr;
}

Image shrunk(const Image& image, int side) {
  VipsImage* small = nullptr;
  int result = vips_thumbnail_image(image.get(), &small, side, "height", side, "size",
                                    VIPS_SIZE_DOWN, nullptr);
  return Image(result == 0 ? small : nullptr);
}

// Empty when it did not work.
std::string encode(const Image& image, int quality) {
  void* bytes = nullptr;
  std::size_t size = 0;
  int result = vips_jpegsave_buffer(image.get(), &bytes, &size, "Q", quality, "strip", TRUE,
                                    "optimize_coding", TRUE, "interlace", TRUE, nullptr);
  if (result != 0) return "";
  std::string text(static_cast<const char*>(bytes), size);
  g_free(bytes);
  return text;
}

// Lowers the quality, then the size, until the copy is small enough.
std::string encode_web(const Image& image) {
  std::string bytes;
  for (int quality : kWebQualities) {
    bytes = encode(image, quality);
    if (bytes.size() <= kWebBytesMax) return bytes;
  }
  for (int side = 1000; side >= 400; side -= 200) {
    Image smaller = shrunk(image, side);
    bytes = smaller ? encode(smaller, kWebQualities[5]) : "";
    if (bytes.size() <= kWebBytesMax) return bytes;
  }
  return "";
}

}  // namespace

bool start_imaging(const char* program) {
  if (VIPS_INIT(program) != 0) return false;
  // Loaders that are not hardened against hostile files are off, and one image is one thread's:
  // many functions run at once.
  vips_block_untrusted_set(TRUE);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  return true;
}

std::expected<Copies, PortraitProblem> make_copies(std::string_view original) {
  auto header = read_image_header(original);
  if (!header && header.error() == HeaderProblem::WrongType) {
    return refused("This is no JPEG, PNG or WebP picture.");
  }
  if (!header) return failed("the image's header is broken");
  if (header->width > kPixelsMax / header->height) {
    return refused("This picture has more than 50 megapixels.");
  }
  if (is_cut_off(original)) return failed("the image breaks off before its end");
  Image web = load_within(original, kWebSide);
  if (web) web = in_memory(on_white(std::move(web)));
  if (!web) return failed("the image cannot be decoded");
  Image thumb = shrunk(web, kThumbSide);
  if (!thumb) return failed("the image cannot be made smaller");
  Copies copies{.web = encode_web(web), .thumb = encode(thumb, kThumbQuality)};
  if (copies.web.empty() || copies.thumb.empty()) return failed("the image cannot be encoded");
  return copies;
}

}  // namespace school

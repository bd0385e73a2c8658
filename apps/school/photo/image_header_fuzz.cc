// Feeds arbitrary bytes to the reader of image headers.

#include <cstddef>
#include <cstdint>

#include "photo/image_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto header = school::read_image_header(bytes);
  school::is_cut_off(bytes);
  if (header && (header->width < 1 || header->height < 1)) __builtin_trap();
  return 0;
}

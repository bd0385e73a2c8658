// Any bytes as a compressed body.

#include <cstdint>

#include "http/gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto plain = holm::http::gunzip({reinterpret_cast<const char*>(data), size}, 1 << 20);
  if (plain && plain->size() > 1 << 20) __builtin_trap();
  return 0;
}

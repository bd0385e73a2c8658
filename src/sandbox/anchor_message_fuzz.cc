// Any bytes are a message or are refused; a message survives being written again.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sandbox/anchor_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto fields = holm::sandbox::decode_fields(bytes);
  if (fields && holm::sandbox::encode_fields(*fields) != bytes) std::abort();
  return 0;
}

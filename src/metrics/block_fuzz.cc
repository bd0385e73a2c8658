// Any bytes as a block: decoded or refused, and what was decoded is written and read alike.

#include "base/check.h"
#include "metrics/block.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::metrics;
  auto slots = decode_block({reinterpret_cast<const char*>(data), size});
  if (!slots) return 0;
  const std::string bytes = encode_block(*slots);
  auto again = decode_block(bytes);
  CHECK_FATAL(again.has_value());
  CHECK_FATAL(again->size() == slots->size());
  // Numbers that are not numbers do not equal themselves, so the bytes are compared.
  CHECK_FATAL(encode_block(*again) == bytes);
  return 0;
}

// Any bytes as JSON: what is read must be written and read back equal.

#include <cstdlib>

#include "formats/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::formats;
  auto value = parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return value.error().place.line < 0;
  auto again = parse_json(write_json(*value));
  if (!again || !(*again == *value)) abort();
  return 0;
}

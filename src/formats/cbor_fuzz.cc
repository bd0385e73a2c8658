// Any bytes as CBOR: what is read must be written and read back as the same text.

#include <cstdlib>

#include "formats/cbor.h"
#include "formats/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::formats;
  auto value = parse_cbor({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string once = write_cbor(*value);
  auto again = parse_cbor(once);
  if (!again || write_cbor(*again) != once) abort();
  return 0;
}

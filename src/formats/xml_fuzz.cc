// Any bytes as XML.

#include "formats/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto root = holm::formats::parse_xml({reinterpret_cast<const char*>(data), size});
  return !root && root.error().message.empty() ? -1 : 0;
}

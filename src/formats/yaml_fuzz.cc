// Any bytes as YAML: what is read must survive being written as JSON.

#include <cstdlib>

#include "formats/json.h"
#include "formats/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::formats;
  const Limits limits{.depth = 32, .bytes = 1u << 16, .values = 10'000};
  auto value = parse_yaml({reinterpret_cast<const char*>(data), size}, limits);
  if (!value) return 0;
  auto again = parse_json(write_json(*value));
  if (!again || !(*again == *value)) abort();
  return 0;
}

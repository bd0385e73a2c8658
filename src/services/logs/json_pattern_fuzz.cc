// Any bytes as a pattern on JSON: refused, or good to match anything with.

#include <cstdint>
#include <string_view>

#include "formats/json.h"
#include "services/logs/json_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view pattern = text.substr(0, text.find('\n'));
  const std::string_view message = pattern.size() == text.size() ? pattern : text.substr(pattern.size() + 1);
  auto parsed = logs::JsonPattern::parse(pattern);
  auto document = formats::parse_json(message);
  if (parsed && document) (void)parsed->matches(*document);
  return 0;
}

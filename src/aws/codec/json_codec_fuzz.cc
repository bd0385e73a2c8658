// The JSON codec reads any bytes without harm, and what it has read it can write.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/codec/json_codec.h"
#include "aws/codec/test_shapes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  aws::test::Everything value;
  if (aws::read_json(text, aws::test::kEverything, &value)) {
    aws::write_json(aws::test::kEverything, &value);
  }
  return 0;
}

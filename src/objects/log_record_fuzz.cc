// Bytes that may be a record of the log: whatever they are, reading them ends well.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "objects/log_record.h"
#include "objects/volumes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto record = holm::objects::read_record(bytes, 1, 64);
  if (record && record->bytes > size) __builtin_trap();
  static_cast<void>(holm::objects::proves_durable(bytes, 1, 64, 1));
  static_cast<void>(holm::objects::read_location(bytes));
  static_cast<void>(holm::objects::read_layout(bytes));
  return 0;
}

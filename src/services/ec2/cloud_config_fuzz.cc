// Cloud-configs of any text: read or refused, never thrown at.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/ec2/cloud_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto script = holm::ec2::script_of(text);
  if (script && !script->starts_with("#!/bin/sh\n")) std::abort();
  return 0;
}

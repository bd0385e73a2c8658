// Any bytes as a form's policy.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/post_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)holm::gateway::check_policy(text, {{.name = "key", .value = "a"}, {.name = "bucket", .value = "b"}},
                                    {});
  return 0;
}

// Recurrences of any text: read or refused, and the next time found in bounded time.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/autoscaling/recurrence.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto recurrence = holm::autoscaling::Recurrence::parse(text)) {
    const holm::Time start{};
    const auto next = recurrence->next_after(start);
    if (next && *next <= start) std::abort();
  }
  return 0;
}

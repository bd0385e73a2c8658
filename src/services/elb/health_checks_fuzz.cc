// Targets of health checks of any text: read or refused, never thrown at.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/elb/health_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto target = holm::elb::parse_check_target({reinterpret_cast<const char*>(data), size});
  if (!target) return 0;
  if (target->port == 0 || target->path.find_first_of(" \r\n") != std::string::npos) std::abort();
  return 0;
}

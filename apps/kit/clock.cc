// The time of day, from the kernel.

#include "kit/clock.h"

#include <ctime>

namespace kit {

std::int64_t unix_milliseconds() {
  std::timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace kit

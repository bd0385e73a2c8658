// The two clocks: one that never jumps for waiting, one of the calendar for records.
#pragma once

#include <chrono>
#include <ctime>

namespace holm::init {

using Monotonic = std::chrono::microseconds;  // Since the machine started.
using Calendar = std::chrono::microseconds;   // Since 1970, UTC.

inline std::chrono::microseconds read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_nsec / 1000);
}
inline Monotonic monotonic_now() { return read_clock(CLOCK_MONOTONIC); }
inline Calendar calendar_now() { return read_clock(CLOCK_REALTIME); }

}  // namespace holm::init

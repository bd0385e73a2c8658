// Where the program gets the time from.
#pragma once

#include <chrono>
#include <cstdint>

namespace holm {

// Wall-clock time, UTC, in milliseconds.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
constexpr int64_t to_milliseconds(Time time) { return time.time_since_epoch().count(); }
constexpr Time from_milliseconds(int64_t milliseconds) {
  return Time{std::chrono::milliseconds{milliseconds}};
}

// Time that only moves forward, in nanoseconds; for timeouts and durations.
using SteadyTime = std::chrono::steady_clock::time_point;

// Injected everywhere; only `main()` makes the real one, tests make a `FakeClock`. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual SteadyTime steady() const = 0;
};

}  // namespace holm

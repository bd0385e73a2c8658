// Where the program gets the time from.
#pragma once

#include <chrono>

namespace holm {

// Wall-clock time, UTC, in milliseconds.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
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

// TimerWheel: a reactor's timers, in a ring of lists by the moment they expire.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "async/reactor.h"
#include "base/clock.h"

namespace holm::async {

// A timer stands in the list of its tick modulo the ring; one that is due in a later turn of the
// ring is met early and left alone.
class TimerWheel final {
 public:
  explicit TimerWheel(SteadyTime start) : start_(start) {}

  void insert(Timer& timer, SteadyTime due);
  void remove(Timer& timer);
  // Calls everything due at `now`.
  void expire(SteadyTime now);
  // How long nothing can be due; none when there are no timers. May be too short, never too long.
  std::optional<Duration> until_next(SteadyTime now) const;

 private:
  static constexpr uint64_t kTickMilliseconds = 10;
  static constexpr size_t kSlots = 1024;

  uint64_t tick_at(SteadyTime time) const;
  // Moves what is due from the list of `slot` to `due_`.
  void collect(size_t slot, uint64_t tick);

  SteadyTime start_;
  uint64_t done_ = 0;  // The last tick that was expired.
  size_t count_ = 0;
  std::array<Timer*, kSlots> slots_{};
  std::array<uint64_t, kSlots / 64> occupied_{};
  Timer* due_ = nullptr;
};

}  // namespace holm::async

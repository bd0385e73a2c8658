// Time that moves only when a test says so.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace holm::test {

// Starts at 2026-01-01T00:00:00Z. Any thread.
class FakeClock final : public Clock {
 public:
  Time now() const override { return kStart + std::chrono::milliseconds(passed_.load()); }
  SteadyTime steady() const override { return SteadyTime(std::chrono::milliseconds(passed_.load())); }

  void advance(std::chrono::milliseconds time) { passed_ += time.count(); }

 private:
  static constexpr Time kStart{std::chrono::milliseconds(1'767'225'600'000)};
  std::atomic<int64_t> passed_ = 0;
};

}  // namespace holm::test

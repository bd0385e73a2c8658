// A clock that moves when a test says so.
#pragma once

#include "base/clock.h"

namespace holm::async::test {

class FakeClock final : public Clock {
 public:
  Time now() const override { return now_; }
  SteadyTime steady() const override { return steady_; }
  void advance(std::chrono::milliseconds time) {
    now_ += time;
    steady_ += time;
  }

 private:
  Time now_{std::chrono::seconds{1000000}};
  SteadyTime steady_{std::chrono::seconds{1000}};
};

}  // namespace holm::async::test

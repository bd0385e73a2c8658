// Randomness that is the same in every run.
#pragma once

#include <mutex>
#include <random>

#include "base/random.h"

namespace holm::test {

// Any thread; only a single thread gets the same sequence each time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed = 1) : engine_(seed) {}

  void fill(void* bytes, size_t count) override {
    std::lock_guard lock(mutex_);
    auto* out = static_cast<unsigned char*>(bytes);
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace holm::test

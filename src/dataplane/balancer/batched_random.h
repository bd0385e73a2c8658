// BatchedRandom: another generator's bytes, fetched many at a time: a request needs a few, and each fetch is a
// system call.
#pragma once

#include <array>
#include <cstring>

#include "base/random.h"

namespace holm::balancer {

// One thread.
class BatchedRandom final : public Random {
 public:
  explicit BatchedRandom(Random& source) : source_(source) {}

  void fill(void* bytes, size_t count) override {
    if (count > kBatch) return source_.fill(bytes, count);
    if (batch_.size() - used_ < count) {
      source_.fill(batch_.data(), batch_.size());
      used_ = 0;
    }
    std::memcpy(bytes, batch_.data() + used_, count);
    used_ += count;
  }

 private:
  static constexpr size_t kBatch = 1024;
  Random& source_;
  std::array<char, kBatch> batch_{};
  size_t used_ = kBatch;
};

}  // namespace holm::balancer

// Where random bytes come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace holm {

// Injected; cryptographically strong in production, a seeded sequence in tests. Any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(void* bytes, size_t count) = 0;

  uint64_t number();
  // A number in [0, bound).
  uint64_t below(uint64_t bound);
  // `count` characters of [0-9a-f], [A-Z2-7] or [A-Za-z0-9].
  std::string hex(size_t count);
  std::string base32(size_t count);
  std::string alphanumeric(size_t count);
  // A version 4 UUID in the usual form.
  std::string uuid();
};

// The kernel's generator.
class SystemRandom final : public Random {
 public:
  void fill(void* bytes, size_t count) override;
};

}  // namespace holm

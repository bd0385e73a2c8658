// The fast hashes of the xxHash family that S3 takes as checksums. They protect against accidents, not
// against people. https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holm::crypto {

// XXH64 with the seed 0, of bytes that come piece by piece. One thread.
class Xxhash64 final {
 public:
  void update(std::string_view bytes);
  uint64_t finish() const;

 private:
  std::array<uint64_t, 4> lanes_ = start();
  uint64_t bytes_ = 0;
  std::string rest_;  // Less than a stripe.

  static std::array<uint64_t, 4> start();
};

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Hash128&) const = default;
};

// XXH3 with the seed 0 and the secret of its own, of bytes that come piece by piece. One thread.
class Xxhash3 final {
 public:
  void update(std::string_view bytes);
  uint64_t finish() const;      // Of 64 bits.
  Hash128 finish_long() const;  // Of 128 bits, which is another hash.

 private:
  using Lanes = std::array<uint64_t, 8>;

  void take_stripe(const char* stripe);
  Lanes with_rest() const;
  static Lanes start();

  Lanes lanes_ = start();
  uint64_t bytes_ = 0;
  size_t stripes_ = 0;  // Of the block that is under way.
  std::string taken_;   // The stripe that was taken last; empty: none.
  std::string rest_;    // What was not taken: of a long text never nothing.
};

}  // namespace holm::crypto

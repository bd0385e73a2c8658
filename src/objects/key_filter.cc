// Bloom filters: all bits of a key lie in one cache line.

#include "objects/key_filter.h"

#include <cstring>

namespace holm::objects {

namespace {

constexpr uint64_t kBitsPerKey = 10;
constexpr uint64_t kLineBytes = 64;
constexpr int kProbes = 6;

// Files keep what depends on this function, so it may not change.
uint64_t hash(std::string_view key) {
  uint64_t state = 0x9e3779b97f4a7c15 ^ (key.size() * 0xff51afd7ed558ccd);
  while (!key.empty()) {
    uint64_t word = 0;
    const size_t count = key.size() < 8 ? key.size() : 8;
    std::memcpy(&word, key.data(), count);
    key.remove_prefix(count);
    const auto product = static_cast<unsigned __int128>(state ^ word) * 0xc4ceb9fe1a85ec53u;
    state = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ 0x9e3779b97f4a7c15;
  }
  return state ^ (state >> 29);
}

// Calls `visit` with the byte and the bit of each probe while it returns true.
template <class Visit>
bool probe(uint64_t hashed, size_t filter_bytes, const Visit& visit) {
  const uint64_t lines = filter_bytes / kLineBytes;
  const uint64_t line = (static_cast<unsigned __int128>(hashed) * lines) >> 64;
  uint64_t bits = hashed * 0x94d049bb133111eb;
  for (int i = 0; i < kProbes; ++i) {
    const uint64_t bit = bits >> 55;  // Of 512.
    bits *= 0x9e3779b97f4a7c15;
    if (!visit(line * kLineBytes + bit / 8, static_cast<uint8_t>(1u << (bit % 8)))) return false;
  }
  return true;
}

}  // namespace

KeyFilter::KeyFilter(uint64_t keys_max)
    : bits_((keys_max * kBitsPerKey / 8 / kLineBytes + 1) * kLineBytes, '\0') {}

void KeyFilter::add(std::string_view key) {
  probe(hash(key), bits_.size(), [this](uint64_t byte, uint8_t bit) {
    bits_[byte] = static_cast<char>(static_cast<uint8_t>(bits_[byte]) | bit);
    return true;
  });
}

bool KeyFilter::may_have(std::string_view key) const {
  if (bits_.size() < kLineBytes) return true;
  return probe(hash(key), bits_.size(),
               [this](uint64_t byte, uint8_t bit) { return (static_cast<uint8_t>(bits_[byte]) & bit) != 0; });
}

}  // namespace holm::objects

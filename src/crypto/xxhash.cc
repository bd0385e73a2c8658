// xxHash, after its specification.

#include "crypto/xxhash.h"

#include <bit>
#include <cstring>

namespace holm::crypto {

namespace {

using Wide = unsigned __int128;

constexpr uint64_t kPrime1 = 0x9e3779b185ebca87;
constexpr uint64_t kPrime2 = 0xc2b2ae3d27d4eb4f;
constexpr uint64_t kPrime3 = 0x165667b19e3779f9;
constexpr uint64_t kPrime4 = 0x85ebca77c2b2ae63;
constexpr uint64_t kPrime5 = 0x27d4eb2f165667c5;
constexpr uint64_t kShort1 = 0x9e3779b1;
constexpr uint64_t kShort2 = 0x85ebca77;
constexpr uint64_t kShort3 = 0xc2b2ae3d;
constexpr uint64_t kMix1 = 0x165667919e3779f9;
constexpr uint64_t kMix2 = 0x9fb21c651e98df25;

constexpr size_t kStripe64 = 32;  // Of XXH64.
constexpr size_t kStripe = 64;
constexpr size_t kStripesOfBlock = 16;
constexpr size_t kLong = 240;  // A longer text is hashed in stripes.
constexpr size_t kShortest = 17;
constexpr size_t kMiddle = 128;  // Up to here from both ends, from here on from the start.
constexpr size_t kKeyBytes = 192;
constexpr size_t kKeyBytesUsed = 136;  // By texts that are not long.

constexpr std::array<uint64_t, kKeyBytes / 8> kKeyWords = {
    0xbe4ba423396cfeb8, 0x1cad21f72c81017c, 0xdb979083e96dd4de, 0x1f67b3b7a4a44072, 0x78e5c0cc4ee679cb,
    0x2172ffcc7dd05a82, 0x8e2443f7744608b8, 0x4c263a81e69035e0, 0xcb00c391bb52283c, 0xa32e531b8b65d088,
    0x4ef90da297486471, 0xd8acdea946ef1938, 0x3f349ce33f76faa8, 0x1d4f0bc7c7bbdcf9, 0x3159b4cd4be0518a,
    0x647378d9c97e9fc8, 0xc3ebd33483acc5ea, 0xeb6313faffa081c5, 0x49daf0b751dd0d17, 0x9e68d429265516d3,
    0xfca1477d58be162b, 0xce31d07ad1b8f88f, 0x280416958f3acb45, 0x7e404bbbcafbd7af};
static_assert(std::endian::native == std::endian::little);

template <class Word>
Word read(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

uint64_t word(const char* bytes) { return read<uint64_t>(bytes); }
uint64_t half(const char* bytes) { return read<uint32_t>(bytes); }
const char* key(size_t at) { return reinterpret_cast<const char*>(kKeyWords.data()) + at; }
uint64_t key_word(size_t at) { return word(key(at)); }

uint64_t swapped(uint64_t value) { return __builtin_bswap64(value); }

Hash128 product(uint64_t a, uint64_t b) {
  const Wide wide = static_cast<Wide>(a) * b;
  return {static_cast<uint64_t>(wide >> 64), static_cast<uint64_t>(wide)};
}

uint64_t folded(uint64_t a, uint64_t b) {
  const Hash128 both = product(a, b);
  return both.low ^ both.high;
}

uint64_t avalanche64(uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

uint64_t avalanche(uint64_t hash) {
  hash = (hash ^ (hash >> 37)) * kMix1;
  return hash ^ (hash >> 32);
}

uint64_t round64(uint64_t lane, uint64_t input) { return std::rotl(lane + input * kPrime2, 31) * kPrime1; }

// 16 bytes of the text with 16 of the key.
uint64_t mixed(const char* text, const char* with) {
  return folded(word(text) ^ word(with), word(text + 8) ^ word(with + 8));
}

// The first, the middle and the last byte of a text of up to three, and its length.
uint32_t gathered(std::string_view text) {
  auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<uint8_t>(text[at])); };
  return byte(0) << 16 | byte(text.size() / 2) << 24 | byte(text.size() - 1) |
         static_cast<uint32_t>(text.size()) << 8;
}

uint64_t of_few(std::string_view text) {
  const char* at = text.data();
  const uint64_t size = text.size();
  const char* end = at + size;
  if (size == 0) return avalanche64(key_word(56) ^ key_word(64));
  if (size <= 3) return avalanche64(gathered(text) ^ (half(key(0)) ^ half(key(4))));
  if (size <= 8) {
    uint64_t hash = (half(end - 4) + (half(at) << 32)) ^ (key_word(8) ^ key_word(16));
    hash ^= std::rotl(hash, 49) ^ std::rotl(hash, 24);
    hash *= kMix2;
    hash ^= (hash >> 35) + size;
    hash *= kMix2;
    return hash ^ (hash >> 28);
  }
  const uint64_t low = word(at) ^ (key_word(24) ^ key_word(32));
  const uint64_t high = word(end - 8) ^ (key_word(40) ^ key_word(48));
  return avalanche(size + swapped(low) + high + folded(low, high));
}

uint64_t of_some(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  uint64_t hash = text.size() * kPrime1;
  if (text.size() <= kMiddle) {
    // Pairs from both ends towards the middle.
    for (size_t i = 0; i <= (text.size() - 1) / 32; ++i)
      hash += mixed(at + 16 * i, key(32 * i)) + mixed(end - 16 * (i + 1), key(32 * i + 16));
    return avalanche(hash);
  }
  const size_t rounds = text.size() / 16;
  for (size_t i = 0; i < 8; ++i) hash += mixed(at + 16 * i, key(16 * i));
  hash = avalanche(hash);
  for (size_t i = 8; i < rounds; ++i) hash += mixed(at + 16 * i, key(16 * (i - 8) + 3));
  return avalanche(hash + mixed(end - 16, key(kKeyBytesUsed - 17)));
}

Hash128 of_few_long(std::string_view text) {
  const char* at = text.data();
  const uint64_t size = text.size();
  const char* end = at + size;
  if (size == 0) {
    return {.high = avalanche64(key_word(80) ^ key_word(88)),
            .low = avalanche64(key_word(64) ^ key_word(72))};
  }
  if (size <= 3) {
    const uint32_t low = gathered(text);
    const uint32_t high = std::rotl(__builtin_bswap32(low), 13);
    return {.high = avalanche64(high ^ (half(key(8)) ^ half(key(12)))),
            .low = avalanche64(low ^ (half(key(0)) ^ half(key(4))))};
  }
  if (size <= 8) {
    const uint64_t input = (half(at) + (half(end - 4) << 32)) ^ (key_word(16) ^ key_word(24));
    Hash128 hash = product(input, kPrime1 + (size << 2));
    hash.high += hash.low << 1;
    hash.low ^= hash.high >> 3;
    hash.low = (hash.low ^ (hash.low >> 35)) * kMix2;
    hash.low ^= hash.low >> 28;
    hash.high = avalanche(hash.high);
    return hash;
  }
  const uint64_t low = word(at);
  const uint64_t high = word(end - 8) ^ (key_word(48) ^ key_word(56));
  Hash128 hash = product(low ^ word(end - 8) ^ (key_word(32) ^ key_word(40)), kPrime1);
  hash.low += (size - 1) << 54;
  hash.high += high + (high & 0xffffffff) * (kShort2 - 1);
  hash.low ^= swapped(hash.high);
  Hash128 last = product(hash.low, kPrime2);
  last.high += hash.high * kPrime2;
  return {.high = avalanche(last.high), .low = avalanche(last.low)};
}

// 32 bytes of the text with 32 of the key.
void mix_in(const char* first, const char* second, const char* with, Hash128& hash) {
  hash.low += mixed(first, with);
  hash.low ^= word(second) + word(second + 8);
  hash.high += mixed(second, with + 16);
  hash.high ^= word(first) + word(first + 8);
}

Hash128 of_some_long(std::string_view text) {
  const char* at = text.data();
  const uint64_t size = text.size();
  const char* end = at + size;
  Hash128 hash{.high = 0, .low = size * kPrime1};
  if (size <= kMiddle) {
    for (size_t i = (size - 1) / 32 + 1; i-- > 0;) mix_in(at + 16 * i, end - 16 * (i + 1), key(32 * i), hash);
  } else {
    for (size_t i = 0; i < 4; ++i) mix_in(at + 32 * i, at + 32 * i + 16, key(32 * i), hash);
    hash = {.high = avalanche(hash.high), .low = avalanche(hash.low)};
    for (size_t i = 4; i < size / 32; ++i) mix_in(at + 32 * i, at + 32 * i + 16, key(32 * (i - 4) + 3), hash);
    mix_in(end - 16, end - 32, key(kKeyBytesUsed - 17 - 16), hash);
  }
  const uint64_t low = hash.low + hash.high;
  const uint64_t high = hash.low * kPrime1 + hash.high * kPrime4 + size * kPrime2;
  return {.high = 0 - avalanche(high), .low = avalanche(low)};
}

using Lanes = std::array<uint64_t, 8>;

void accumulate(const char* stripe, const char* with, Lanes& lanes) {
  for (size_t i = 0; i < lanes.size(); ++i) {
    const uint64_t input = word(stripe + 8 * i);
    const uint64_t keyed = input ^ word(with + 8 * i);
    lanes[i ^ 1] += input;
    lanes[i] += (keyed & 0xffffffff) * (keyed >> 32);
  }
}

void scramble(Lanes& lanes) {
  for (size_t i = 0; i < lanes.size(); ++i)
    lanes[i] = (lanes[i] ^ (lanes[i] >> 47) ^ key_word(kKeyBytes - kStripe + 8 * i)) * kShort1;
}

uint64_t merged(const Lanes& lanes, const char* with, uint64_t hash) {
  for (size_t i = 0; i < lanes.size(); i += 2)
    hash += folded(lanes[i] ^ word(with + 8 * i), lanes[i + 1] ^ word(with + 8 * i + 8));
  return avalanche(hash);
}

}  // namespace

std::array<uint64_t, 4> Xxhash64::start() { return {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1}; }

void Xxhash64::update(std::string_view bytes) {
  bytes_ += bytes.size();
  rest_ += bytes;
  size_t taken = 0;
  for (; rest_.size() - taken >= kStripe64; taken += kStripe64) {
    for (size_t i = 0; i < lanes_.size(); ++i)
      lanes_[i] = round64(lanes_[i], word(rest_.data() + taken + 8 * i));
  }
  rest_.erase(0, taken);
}

uint64_t Xxhash64::finish() const {
  uint64_t hash = kPrime5;
  if (bytes_ >= kStripe64) {
    hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) +
           std::rotl(lanes_[3], 18);
    for (uint64_t lane : lanes_) hash = (hash ^ round64(0, lane)) * kPrime1 + kPrime4;
  }
  hash += bytes_;
  const char* at = rest_.data();
  size_t left = rest_.size();
  for (; left >= 8; left -= 8, at += 8) hash = std::rotl(hash ^ round64(0, word(at)), 27) * kPrime1 + kPrime4;
  for (; left >= 4; left -= 4, at += 4) hash = std::rotl(hash ^ half(at) * kPrime1, 23) * kPrime2 + kPrime3;
  for (; left > 0; --left, ++at) hash = std::rotl(hash ^ static_cast<uint8_t>(*at) * kPrime5, 11) * kPrime1;
  return avalanche64(hash);
}

Xxhash3::Lanes Xxhash3::start() {
  return {kShort3, kPrime1, kPrime2, kPrime3, kPrime4, kShort2, kPrime5, kShort1};
}

void Xxhash3::take_stripe(const char* stripe) {
  accumulate(stripe, key(8 * stripes_), lanes_);
  if (++stripes_ < kStripesOfBlock) return;
  scramble(lanes_);
  stripes_ = 0;
}

// The last stripe has another part of the key, so none is taken before more has come.
void Xxhash3::update(std::string_view bytes) {
  bytes_ += bytes.size();
  rest_ += bytes;
  if (bytes_ <= kLong || rest_.size() <= kStripe) return;
  size_t taken = 0;
  for (; rest_.size() - taken > kStripe; taken += kStripe) take_stripe(rest_.data() + taken);
  taken_ = rest_.substr(taken - kStripe, kStripe);
  rest_.erase(0, taken);
}

// The last stripe ends where the text ends and may begin in what was taken already.
Xxhash3::Lanes Xxhash3::with_rest() const {
  Lanes lanes = lanes_;
  const std::string both = taken_ + rest_;
  accumulate(both.data() + both.size() - kStripe, key(kKeyBytes - kStripe - 7), lanes);
  return lanes;
}

uint64_t Xxhash3::finish() const {
  if (bytes_ < kShortest) return of_few(rest_);
  if (bytes_ <= kLong) return of_some(rest_);
  return merged(with_rest(), key(11), bytes_ * kPrime1);
}

Hash128 Xxhash3::finish_long() const {
  if (bytes_ < kShortest) return of_few_long(rest_);
  if (bytes_ <= kLong) return of_some_long(rest_);
  const Lanes lanes = with_rest();
  return {.high = merged(lanes, key(kKeyBytes - kStripe - 11), ~(bytes_ * kPrime2)),
          .low = merged(lanes, key(11), bytes_ * kPrime1)};
}

}  // namespace holm::crypto

// Reflected cyclic redundancy checks: long texts by multiplications without carries, where the processor has them,
// short ones eight bytes at a time from tables, or by the instruction that there is for crc32c.

#include "crypto/crc.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <bit>
#include <cstring>

namespace holm::crypto {

namespace {

static_assert(std::endian::native == std::endian::little);

// Polynomials with their bits reflected, x^0 in the most significant bit.
constexpr uint32_t kCrc32 = 0xEDB88320;
constexpr uint32_t kCrc32c = 0x82F63B78;
constexpr uint64_t kCrc64Nvme = 0x9A6C9329AC4BC9B5;

template <class Word>
using Tables = std::array<std::array<Word, 256>, 8>;

// Row k holds what a byte contributes that k further bytes follow.
template <class Word, Word Polynomial>
constexpr Tables<Word> make_tables() {
  Tables<Word> tables{};
  for (size_t byte = 0; byte < 256; ++byte) {
    Word crc = static_cast<Word>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? Polynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t row = 1; row < 8; ++row) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const Word before = tables[row - 1][byte];
      tables[row][byte] = (before >> 8) ^ tables[0][before & 255];
    }
  }
  return tables;
}

// What goes on from a state, as the next too: checks begin with all ones, and their bits are turned at the end.
template <class Word, Word Polynomial>
Word by_tables(std::string_view bytes, Word crc) {
  static constexpr Tables<Word> kTables = make_tables<Word, Polynomial>();
  while (bytes.size() >= 8) {
    uint64_t group;
    std::memcpy(&group, bytes.data(), 8);
    group ^= crc;
    Word next = 0;
    for (size_t i = 0; i < 8; ++i) next ^= kTables[7 - i][group >> (8 * i) & 255];
    crc = next;
    bytes.remove_prefix(8);
  }
  for (char byte : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(byte)) & 255];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(std::string_view bytes,
                                                                 uint32_t crc) {
  uint64_t state = crc;
  while (bytes.size() >= 8) {
    uint64_t group;
    std::memcpy(&group, bytes.data(), 8);
    state = _mm_crc32_u64(state, group);
    bytes.remove_prefix(8);
  }
  auto narrow = static_cast<uint32_t>(state);
  for (char byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(byte));
  return narrow;
}
#endif

// The product of two polynomials modulo `Polynomial`.
template <class Word, Word Polynomial>
constexpr Word multiply(Word a, Word b) {
  Word product = 0;
  for (Word bit = Word{1} << (sizeof(Word) * 8 - 1); bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ (b & 1 ? Polynomial : 0);
  }
  return product;
}

template <class Word, Word Polynomial>
Word combine(Word first, Word second, uint64_t second_bytes) {
  constexpr Word kOne = Word{1} << (sizeof(Word) * 8 - 1);
  Word shift = kOne, square = kOne >> 8;  // x^8: one byte further.
  for (uint64_t left = second_bytes; left != 0; left >>= 1) {
    if (left & 1) shift = multiply<Word, Polynomial>(shift, square);
    square = multiply<Word, Polynomial>(square, square);
  }
  return multiply<Word, Polynomial>(shift, first) ^ second;
}

#if defined(__x86_64__)
// x to some power, modulo `Polynomial`, with x^0 in the most significant of 64 bits.
template <class Word, Word Polynomial>
constexpr uint64_t power_of_x(int power) {
  Word result = Word{1} << (sizeof(Word) * 8 - 1), square = result >> 1;
  for (; power != 0; power >>= 1) {
    if (power & 1) result = multiply<Word, Polynomial>(result, square);
    square = multiply<Word, Polynomial>(square, square);
  }
  return static_cast<uint64_t>(result) << (64 - sizeof(Word) * 8);
}

// Moves 16 bytes `Bits` further to the front, modulo `Polynomial`: the earlier half and the later one are
// multiplied by a power of x each. The product of two reflected words has one x too many, which the powers lack.
template <class Word, Word Polynomial, int Bits>
__attribute__((target("pclmul,sse4.1"))) inline __m128i moved(__m128i bytes) {
  constexpr uint64_t kEarlier = power_of_x<Word, Polynomial>(Bits + 63);
  constexpr uint64_t kLater = power_of_x<Word, Polynomial>(Bits - 1);
  const __m128i powers = _mm_set_epi64x(static_cast<int64_t>(kLater), static_cast<int64_t>(kEarlier));
  return _mm_xor_si128(_mm_clmulepi64_si128(bytes, powers, 0x00), _mm_clmulepi64_si128(bytes, powers, 0x11));
}

constexpr size_t kFoldedMin = 128;  // Shorter ones are not worth it.

// Folds all but the last few bytes into 16 that have the same remainder, which is then found from tables.
template <class Word, Word Polynomial>
__attribute__((target("pclmul,sse4.1"))) Word by_folding(std::string_view bytes, Word state) {
  constexpr size_t kBlock = 16, kLanes = 4;
  auto load = [&bytes](size_t at) __attribute__((target("pclmul,sse4.1"))) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
  };
  std::array<__m128i, kLanes> lanes;
  for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = load(lane * kBlock);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<int64_t>(uint64_t{state})));
  bytes.remove_prefix(kLanes * kBlock);
  for (; bytes.size() >= kLanes * kBlock; bytes.remove_prefix(kLanes * kBlock)) {
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = _mm_xor_si128(moved<Word, Polynomial, 512>(lanes[lane]), load(lane * kBlock));
  }
  __m128i folded = lanes[0];
  for (size_t lane = 1; lane < kLanes; ++lane)
    folded = _mm_xor_si128(moved<Word, Polynomial, 128>(folded), lanes[lane]);
  for (; bytes.size() >= kBlock; bytes.remove_prefix(kBlock))
    folded = _mm_xor_si128(moved<Word, Polynomial, 128>(folded), load(0));
  std::array<char, kBlock> left;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(left.data()), folded);
  const Word remainder = by_tables<Word, Polynomial>({left.data(), left.size()}, 0);
  return by_tables<Word, Polynomial>(bytes, remainder);
}

bool can_fold(std::string_view bytes) {
  return bytes.size() >= kFoldedMin && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}
#endif

template <class Word, Word Polynomial>
Word check(std::string_view bytes, Word crc) {
#if defined(__x86_64__)
  if (can_fold(bytes)) return ~by_folding<Word, Polynomial>(bytes, ~crc);
#endif
  return ~by_tables<Word, Polynomial>(bytes, ~crc);
}

template <class Word>
std::string big_endian(Word crc) {
  std::string bytes;
  for (int shift = sizeof(Word) * 8 - 8; shift >= 0; shift -= 8)
    bytes += static_cast<char>(crc >> shift & 255);
  return bytes;
}

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t crc) { return check<uint32_t, kCrc32>(bytes, crc); }

uint32_t crc32c(std::string_view bytes, uint32_t crc) {
#if defined(__x86_64__)
  if (!can_fold(bytes) && __builtin_cpu_supports("sse4.2")) return ~crc32c_by_instruction(bytes, ~crc);
#endif
  return check<uint32_t, kCrc32c>(bytes, crc);
}

uint64_t crc64nvme(std::string_view bytes, uint64_t crc) { return check<uint64_t, kCrc64Nvme>(bytes, crc); }

uint32_t crc32_combine(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return combine<uint32_t, kCrc32>(first, second, second_bytes);
}

uint32_t crc32c_combine(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return combine<uint32_t, kCrc32c>(first, second, second_bytes);
}

uint64_t crc64nvme_combine(uint64_t first, uint64_t second, uint64_t second_bytes) {
  return combine<uint64_t, kCrc64Nvme>(first, second, second_bytes);
}

std::string big_endian_bytes(uint32_t crc) { return big_endian(crc); }
std::string big_endian_bytes(uint64_t crc) { return big_endian(crc); }

}  // namespace holm::crypto

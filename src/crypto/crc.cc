// Reflected cyclic redundancy checks, eight bytes at a time from tables, crc32c by the processor's
// instruction.

#include "crypto/crc.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
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

template <class Word, Word Polynomial>
Word by_tables(std::string_view bytes, Word crc) {
  static constexpr Tables<Word> kTables = make_tables<Word, Polynomial>();
  crc = ~crc;
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
  return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(std::string_view bytes,
                                                                 uint32_t crc) {
  uint64_t state = ~crc;
  while (bytes.size() >= 8) {
    uint64_t group;
    std::memcpy(&group, bytes.data(), 8);
    state = _mm_crc32_u64(state, group);
    bytes.remove_prefix(8);
  }
  auto narrow = static_cast<uint32_t>(state);
  for (char byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(byte));
  return ~narrow;
}
#endif

// The product of two polynomials modulo `Polynomial`.
template <class Word, Word Polynomial>
Word multiply(Word a, Word b) {
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

template <class Word>
std::string big_endian(Word crc) {
  std::string bytes;
  for (int shift = sizeof(Word) * 8 - 8; shift >= 0; shift -= 8)
    bytes += static_cast<char>(crc >> shift & 255);
  return bytes;
}

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t crc) {
  return by_tables<uint32_t, kCrc32>(bytes, crc);
}

uint32_t crc32c(std::string_view bytes, uint32_t crc) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_by_instruction(bytes, crc);
#endif
  return by_tables<uint32_t, kCrc32c>(bytes, crc);
}

uint64_t crc64nvme(std::string_view bytes, uint64_t crc) {
  return by_tables<uint64_t, kCrc64Nvme>(bytes, crc);
}

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

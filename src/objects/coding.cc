// Numbers as bytes.

#include "objects/coding.h"

#include <bit>
#include <cstring>

namespace holm::objects {

static_assert(std::endian::native == std::endian::little);

void put_varint(std::string& out, uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<char>(number));
}

void put_u32(std::string& out, uint32_t number) { out.append(reinterpret_cast<const char*>(&number), 4); }
void put_u64(std::string& out, uint64_t number) { out.append(reinterpret_cast<const char*>(&number), 8); }

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

std::string ordered_bytes(uint64_t number) {
  const uint64_t swapped = __builtin_bswap64(number);
  return std::string(reinterpret_cast<const char*>(&swapped), 8);
}

uint64_t number_of(std::string_view ordered) {
  uint64_t swapped = 0;
  std::memcpy(&swapped, ordered.data(), 8);
  return __builtin_bswap64(swapped);
}

bool ByteReader::failed() {
  rest_ = {};
  return false;
}

bool ByteReader::long_varint(uint64_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    number |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return failed();
}

bool ByteReader::varint32(uint32_t& number) {
  uint64_t wide = 0;
  if (!varint(wide) || wide > UINT32_MAX) return failed();
  number = static_cast<uint32_t>(wide);
  return true;
}

bool ByteReader::u32(uint32_t& number) {
  std::string_view four;
  if (!bytes(4, four)) return false;
  std::memcpy(&number, four.data(), 4);
  return true;
}

bool ByteReader::u64(uint64_t& number) {
  std::string_view eight;
  if (!bytes(8, eight)) return false;
  std::memcpy(&number, eight.data(), 8);
  return true;
}

bool ByteReader::bytes(uint64_t count, std::string_view& bytes) {
  if (count > rest_.size()) return failed();
  bytes = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return true;
}

}  // namespace holm::objects

// Numbers as bytes, and reading them back from bytes that may be anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holm::objects {

void put_varint(std::string& out, uint64_t number);
void put_u32(std::string& out, uint32_t number);  // Little-endian, as the next.
void put_u64(std::string& out, uint64_t number);
void put_text(std::string& out, std::string_view text);  // Its length before it.

// Eight bytes whose order is that of the numbers.
std::string ordered_bytes(uint64_t number);
uint64_t number_of(std::string_view ordered);  // Of eight bytes.

// Each read says whether the bytes were there; after a failure nothing more is.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  bool varint(uint64_t& number);
  bool varint32(uint32_t& number);
  bool u32(uint32_t& number);
  bool u64(uint64_t& number);
  bool bytes(uint64_t count, std::string_view& bytes);
  bool text(std::string_view& text);
  bool is_at_end() const { return rest_.empty(); }
  size_t left() const { return rest_.size(); }

 private:
  bool failed();
  bool long_varint(uint64_t& number);
  std::string_view rest_;
};

// Most numbers, and most lengths of texts, have one byte.
inline bool ByteReader::varint(uint64_t& number) {
  if (rest_.empty() || static_cast<uint8_t>(rest_.front()) >= 0x80) return long_varint(number);
  number = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return true;
}

inline bool ByteReader::text(std::string_view& text) {
  uint64_t count = 0;
  return varint(count) && bytes(count, text);
}

}  // namespace holm::objects

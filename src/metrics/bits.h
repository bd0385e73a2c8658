// Numbers of few bits, one after the other. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holm::metrics {

class BitWriter {
 public:
  // The lowest `width` bits of `number`, 0 to 64.
  void put(uint64_t number, int width);
  // Fills up the last byte.
  std::string take();

 private:
  std::string bytes_;
  uint64_t pending_ = 0;  // Its lowest `used_` bits wait to become bytes.
  int used_ = 0;
};

// Beyond the end there are zeros, and failed() says so.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  uint64_t get(int width);
  bool failed() const { return failed_; }
  // What follows the byte of the last bit.
  std::string_view rest() const { return bytes_.substr(at_); }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  uint64_t pending_ = 0;
  int held_ = 0;
  bool failed_ = false;
};

// Seven bits a byte, the lowest first.
void put_varint(std::string& bytes, uint64_t number);
// Takes it off the front; false when it is cut off or too long.
bool take_varint(std::string_view& bytes, uint64_t& number);

constexpr uint64_t zigzag(int64_t number) {
  return (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63);
}
constexpr int64_t unzigzag(uint64_t number) {
  return static_cast<int64_t>((number >> 1) ^ (~(number & 1) + 1));
}

}  // namespace holm::metrics

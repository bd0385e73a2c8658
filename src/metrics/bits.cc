// Numbers of few bits.

#include "metrics/bits.h"

namespace holm::metrics {

void BitWriter::put(uint64_t number, int width) {
  while (width > 0) {
    const int room = 64 - used_;
    const int taken = width < room ? width : room;
    const uint64_t mask = taken == 64 ? ~uint64_t{0} : (uint64_t{1} << taken) - 1;
    pending_ |= (number & mask) << used_;
    used_ += taken;
    width -= taken;
    if (taken < 64) number >>= taken;
    while (used_ >= 8) {
      bytes_ += static_cast<char>(pending_ & 0xFF);
      pending_ >>= 8;
      used_ -= 8;
    }
  }
}

std::string BitWriter::take() {
  if (used_ > 0) bytes_ += static_cast<char>(pending_ & 0xFF);
  pending_ = 0;
  used_ = 0;
  return std::move(bytes_);
}

uint64_t BitReader::get(int width) {
  uint64_t number = 0;
  int got = 0;
  while (got < width) {
    if (held_ == 0) {
      if (at_ == bytes_.size()) {
        failed_ = true;
        return 0;
      }
      pending_ = static_cast<unsigned char>(bytes_[at_++]);
      held_ = 8;
    }
    const int taken = width - got < held_ ? width - got : held_;
    number |= (pending_ & ((uint64_t{1} << taken) - 1)) << got;
    pending_ >>= taken;
    held_ -= taken;
    got += taken;
  }
  return number;
}

void put_varint(std::string& bytes, uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  bytes += static_cast<char>(number);
}

bool take_varint(std::string_view& bytes, uint64_t& number) {
  number = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace holm::metrics

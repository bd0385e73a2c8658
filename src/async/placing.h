// Sources that can read to where the bytes are wanted.
#pragma once

#include <span>
#include <string_view>

#include "async/byte_source.h"

namespace holm::async {

// What a ByteSource may be besides.
class Placing {
 public:
  // As read(), the piece in `place` where that spares a copy, and then no longer than it, otherwise elsewhere. The
  // place lives until the task ends.
  virtual Task<std::string_view> read_to(std::span<char> place) = 0;

 protected:
  ~Placing() = default;
};

// By the source itself, if it can.
inline Task<std::string_view> read_to(ByteSource& source, std::span<char> place) {
  auto* const placing = dynamic_cast<Placing*>(&source);
  return placing == nullptr ? source.read() : placing->read_to(place);
}

}  // namespace holm::async

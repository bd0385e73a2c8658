// Walking over entries in order, whatever they lie in.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "objects/failure.h"

namespace holm::objects {

// One state of a key. Views into the cursor it comes from, until that moves.
struct Entry {
  std::string_view key;
  uint64_t sequence = 0;  // Of the commit that wrote it.
  bool is_erased = false;
  std::string_view value = {};
};

// Keys ascend. One thread.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool is_at_end() const = 0;
  virtual Entry entry() const = 0;  // Unless it is at the end.
  virtual Outcome<> next() = 0;
};

// The entries of all `sources`, of each key the one with the highest sequence.
std::unique_ptr<Cursor> merge(std::vector<std::unique_ptr<Cursor>> sources);

}  // namespace holm::objects

// What sandboxes write to their standard output: files that lose their oldest half when they grow too large,
// and that are read on from where a reader was.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/result.h"

namespace holm::sandbox {

// Positions count every byte that was ever written, those cut off meanwhile too.
struct LogPart {
  uint64_t begin = 0;  // Of the first byte of `bytes`.
  std::string bytes;
};

// Any thread; cutting and reading wait for each other.
class LogFiles final {
 public:
  // Cuts off the older half of what is beyond `bytes_max`.
  void trim(const std::string& path, uint64_t bytes_max);
  // Up to `bytes_max` bytes from `position` on. They begin later when those before are gone, and earlier when
  // the file has begun anew. A missing file is an empty one.
  Result<LogPart> read(const std::string& path, uint64_t position, size_t bytes_max) const;

 private:
  mutable std::mutex mutex_;
};

}  // namespace holm::sandbox

// Memory that bodies pass through.
#pragma once

#include <cstdint>
#include <memory>

#include "services/s3/sealed_bytes.h"

namespace holm::s3 {

// How many chunks are read or written at once: so few that they stay in a processor's own memory meanwhile.
constexpr uint64_t kChunksAtOnce = 4;

// Room for so many, sealed. What is no longer needed is kept for the next one of the same thread, as the kernel
// fills new memory with zeros, page by page.
class PassingBuffer final {
 public:
  static constexpr uint64_t kBytes = kChunksAtOnce * (kChunkBytes + kSealBytes);

  PassingBuffer() = default;
  ~PassingBuffer();
  PassingBuffer(const PassingBuffer&) = delete;
  PassingBuffer& operator=(const PassingBuffer&) = delete;

  // There from the first call on.
  char* data();

 private:
  std::unique_ptr<char[]> bytes_;
};

}  // namespace holm::s3

// Memory that bodies pass through.

#include "services/s3/passing_buffer.h"

#include <vector>

namespace holm::s3 {

namespace {

constexpr size_t kSparesMax = 8;  // Of a thread.

std::vector<std::unique_ptr<char[]>>& spares() {
  thread_local std::vector<std::unique_ptr<char[]>> buffers;
  return buffers;
}

}  // namespace

PassingBuffer::~PassingBuffer() {
  if (bytes_ && spares().size() < kSparesMax) spares().push_back(std::move(bytes_));
}

char* PassingBuffer::data() {
  if (!bytes_ && !spares().empty()) {
    bytes_ = std::move(spares().back());
    spares().pop_back();
  }
  if (!bytes_) bytes_ = std::make_unique_for_overwrite<char[]>(kBytes);
  return bytes_.get();
}

}  // namespace holm::s3

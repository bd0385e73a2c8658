// Reading what the kernel has in memory.

#include "base/cached_read.h"

#include <sys/uio.h>

namespace holm {

size_t read_cached(int file, uint64_t offset, char* buffer, size_t count) {
  size_t filled = 0;
  while (filled < count) {
    const iovec place{buffer + filled, count - filled};
    const ssize_t got = ::preadv2(file, &place, 1, static_cast<off_t>(offset + filled), RWF_NOWAIT);
    if (got <= 0) break;  // The end, no more in memory, or a file system that cannot tell.
    filled += static_cast<size_t>(got);
  }
  return filled;
}

}  // namespace holm

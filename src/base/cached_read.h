// Reading what the kernel has in memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace holm {

// As pread(2) as far as that needs no disk: how many bytes that are, 0 where the disk would be waited for.
size_t read_cached(int file, uint64_t offset, char* buffer, size_t count);

}  // namespace holm

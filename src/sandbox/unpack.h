// Archives that anybody made, unpacked by a process that can reach nothing but the folder they go to.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sandbox/runtime.h"

namespace holm::sandbox {

// The next piece of an archive, valid until the next call; empty at its end. What it throws passes.
using ReadPiece = std::function<std::string_view()>;

// Unpacks a tar archive, compressed by gzip, bzip2, xz, zstd or not at all, into `folder`, which is empty,
// with the owners and rights it names: ids are those that a guest sees. Extended attributes, and what lies in
// its /dev, are left out. An archive that unpacks to more than `bytes_max` is an error, as is one that is cut
// short; the folder then holds any part of it. `id` is that of the sandbox it happens in, which is gone
// afterwards, as is one of that name from before. Blocks.
Result<void> unpack_archive(Runtime& runtime, const std::string& id, const ReadPiece& read,
                            const std::string& folder, uint64_t bytes_max);

}  // namespace holm::sandbox

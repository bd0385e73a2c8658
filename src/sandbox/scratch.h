// Empty file systems of bounded size that last as long as one sandbox. Private to this folder.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/probe.h"

namespace holm::sandbox {

struct ScratchSpec {
  std::string image_path;  // Where its disk may lie: a path that nothing has yet.
  uint64_t bytes_max = 0;
  int user_namespace = -1;  // Whose ids its files have.
  uint32_t first_id = 0;
};

// A mount to be attached in the calling thread's mount namespace, writable for everybody. A disk image in a
// loop device, so that its bytes are the disk's; it has no name any more and is gone with the mount. Where
// the machine has no loop devices it is memory, which counts as that of whoever writes. Holds a thirtieth
// more than `bytes_max` at most. Blocks.
Result<UniqueFd> make_scratch(const ScratchSpec& spec, const Capabilities& capabilities);

}  // namespace holm::sandbox

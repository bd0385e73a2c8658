// Disks of sandboxes: ext4 in a sparse file of the host, so that their size is a limit and a copy is a copy.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

// Makes an empty disk of `bytes` at `path`, durably; one that is there already is left alone. Blocks. An
// error where the machine has no loop devices.
Result<void> make_disk(const std::string& path, uint64_t bytes);

// Makes a copy of what `from` holds; one that is there already is left alone. Nobody may be writing to
// `from`. Shares the blocks where the host's file system can, else copies what is not empty.
Result<void> copy_disk(const std::string& from, const std::string& to);

// A mount of the disk that is nowhere yet, its ids mapped for `user_namespace`. A disk is mounted once at
// most: waits for a minute until an earlier user or a copy has let go, and is an error then. `prepare` gets
// its root folder first.
Result<UniqueFd> mount_disk(const std::string& path, int user_namespace,
                            const std::function<Result<void>(int root)>& prepare = {});

// Whether somebody has the disk mounted.
bool is_disk_in_use(const std::string& path);

}  // namespace holm::sandbox

// Disks of sandboxes: ext4 in a sparse file of the host, so that their size is a limit and a copy is a copy.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

// Of the key of an encrypted disk.
inline constexpr size_t kDiskKeyBytes = 64;

enum class DiskKind {
  Plain,
  Encrypted,  // Names and contents can be read with its key only; sizes, times and owners by anybody.
};

// Makes an empty disk of `bytes` at `path`, durably; one that is there already is left alone. Blocks. An
// error where the machine has no loop devices, or cannot encrypt.
Result<void> make_disk(const std::string& path, uint64_t bytes, DiskKind kind = DiskKind::Plain);

// Makes a copy of what `from` holds; one that is there already is left alone. Nobody may be writing to
// `from`. Shares the blocks where the host's file system can, else copies what is not empty.
Result<void> copy_disk(const std::string& from, const std::string& to);

struct DiskMount {
  std::string path;
  std::string key;          // Of an encrypted disk; it is encrypted with the first that it is mounted with.
  int user_namespace = -1;  // Ids are mapped for it; -1: they are as on the disk.
  std::function<Result<void>(int root)> prepare;  // Gets its root folder first; may be empty.
};

// A mount of the disk that is nowhere yet. A disk is mounted once at most: waits for a minute until an earlier
// user or a copy has let go, and is an error then.
Result<UniqueFd> mount_disk(const DiskMount& disk);

// Whether somebody has the disk mounted.
bool is_disk_in_use(const std::string& path);

}  // namespace holm::sandbox

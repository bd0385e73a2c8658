// What a disk or a writable layer held at one moment, kept beside it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace holm::sandbox {

// Copies what the disk holds now to `to`, durably; one that is there already is left alone. Who has the disk
// mounted waits with its writes until that is done. One call at a time for a disk. Blocks.
Result<void> snapshot_disk(const std::string& disk, const std::string& to);

// Copies a folder with owners, rights and whatever else files have. Nobody may be writing to `from`; `to` is
// whole or not there, after a crash too. Blocks.
Result<void> copy_folder(const std::string& from, const std::string& to);

// Makes a copy of a disk, as copy_disk() does, that is `bytes` large, or as large as it was if that is more.
// Nobody may have the original mounted.
Result<void> copy_disk_larger(const std::string& from, const std::string& to, uint64_t bytes);

enum class Growth {
  Done,
  Later,  // Somebody has it mounted, and the kernel lets nobody of this machine grow what is mounted.
};

// Makes the disk `bytes` large; one that is so large already is left alone. Who has it mounted sees the room at
// once. Blocks.
Result<Growth> grow_disk(const std::string& path, uint64_t bytes);

// Makes an encrypted disk, `bytes` large or as large as the original if that is more, with the files of a plain
// one, durably; one that is there already is left alone.
Result<void> encrypt_disk(const std::string& from, const std::string& to, uint64_t bytes,
                          const std::string& key);

}  // namespace holm::sandbox

// The part of a disk in which the kernel encrypts names and contents (fscrypt). Private to this folder.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

// The feature a disk's ext4 needs for it.
inline constexpr char kEncryptionFeature[] = "encrypt";

// Whether the kernel's ext4 can encrypt.
bool has_encrypted_folders();

// Tells the kernel the key of the disk that `mount`, which is nowhere yet, shows, and returns a mount of its
// encrypted folder alone, which is made when it is not there. The kernel forgets the key with the last mount.
// An error when the disk was made with another key.
Result<UniqueFd> open_encrypted_folder(UniqueFd mount, const std::string& key);

}  // namespace holm::sandbox

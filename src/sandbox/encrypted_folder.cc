// Keys and policies of fscrypt, and a mount of one folder of a file system.

#include "sandbox/encrypted_folder.h"

#include <fcntl.h>
#include <linux/fscrypt.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "sandbox/disks.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"

namespace holm::sandbox {

namespace {

// ext4 cannot encrypt its own root folder.
constexpr char kFolder[] = "data";
// Any folder that every machine has: covered for a moment, in a mount namespace of its own.
constexpr char kStaging[] = "/dev/shm";

// Returns by which name policies know the key.
Result<fscrypt_key_specifier> add_key(int root, const std::string& key) {
  if (key.size() != kDiskKeyBytes) return failure("the key of an encrypted disk has 64 bytes");
  // The key itself comes behind the structure.
  alignas(fscrypt_add_key_arg) std::array<char, sizeof(fscrypt_add_key_arg) + kDiskKeyBytes> buffer{};
  auto* request = reinterpret_cast<fscrypt_add_key_arg*>(buffer.data());
  request->key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
  request->raw_size = kDiskKeyBytes;
  std::ranges::copy(key, buffer.begin() + sizeof(fscrypt_add_key_arg));
  const int added = ::ioctl(root, FS_IOC_ADD_ENCRYPTION_KEY, request);
  const int problem = errno;
  const fscrypt_key_specifier name = request->key_spec;
  ::explicit_bzero(buffer.data(), buffer.size());
  errno = problem;
  if (added != 0) return failure(system_error("telling the kernel the key of a disk"));
  return name;
}

Result<void> protect(int folder, const fscrypt_key_specifier& key) {
  fscrypt_policy_v2 policy{};
  policy.version = FSCRYPT_POLICY_V2;
  policy.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS;
  policy.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS;
  policy.flags = FSCRYPT_POLICY_FLAGS_PAD_32;
  std::memcpy(policy.master_key_identifier, key.u.identifier, sizeof(policy.master_key_identifier));
  // Once more with the same policy is no error.
  if (::ioctl(folder, FS_IOC_SET_ENCRYPTION_POLICY, &policy) == 0) return {};
  if (errno == EEXIST) return failure("the disk was encrypted with another key");
  return failure(system_error("encrypting a disk"));
}

// Before Linux 6.15 only what is mounted somewhere can be cloned.
Result<UniqueFd> clone_folder(const UniqueFd& mount) {
  UniqueFd home(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!home) return failure(system_error("the own mount namespace"));
  UniqueFd clone;
  auto cloned = in_private_mounts(home.get(), [&]() -> Result<void> {
    if (::move_mount(mount.get(), "", AT_FDCWD, kStaging, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
      return failure(system_error("mounting an encrypted disk"));
    }
    clone.reset(::open_tree(mount.get(), kFolder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (!clone) return failure(system_error("the encrypted part of a disk"));
    return {};
  });
  if (!cloned) return std::unexpected(cloned.error());
  return clone;
}

}  // namespace

bool has_encrypted_folders() { return ::access("/sys/fs/ext4/features/encryption", F_OK) == 0; }

Result<UniqueFd> open_encrypted_folder(UniqueFd mount, const std::string& key) {
  UniqueFd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failure(system_error("the root of a disk"));
  auto name = add_key(root.get(), key);
  if (!name) return std::unexpected(name.error());
  if (::mkdirat(root.get(), kFolder, 0755) != 0 && errno != EEXIST) {
    return failure(system_error("making the encrypted part of a disk"));
  }
  UniqueFd folder(::openat(root.get(), kFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failure(system_error("the encrypted part of a disk"));
  if (auto done = protect(folder.get(), *name); !done) return std::unexpected(done.error());
  return clone_folder(mount);
}

}  // namespace holm::sandbox

// ext4 in a file of the host, through a loop device. Private to this folder.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

struct Ext4Options {
  std::string features;
  unsigned journal_mib = 0;  // 0: mke2fs's own choice.
};

// Makes a file system that fills the file, which stays sparse: it takes what is written.
Result<void> format_image(const std::string& mke2fs, const std::string& path, const Ext4Options& options);

struct Loop {
  std::string path;
  UniqueFd device;
};

// The device lets go of the file when the last user of it is gone.
Result<Loop> attach_loop(const UniqueFd& image);

// Options with an empty value are flags.
using MountOptions = std::initializer_list<std::pair<const char*, std::string>>;
// A mount that is nowhere yet, without devices, set-user-id programs and times of access.
Result<UniqueFd> make_mount(const char* type, MountOptions options);

// What root inside `user_namespace` writes there belongs to root on the disk; so with every other user.
Result<void> map_ids(const UniqueFd& mount, int user_namespace);

}  // namespace holm::sandbox

// Assembles the file system of one sandbox. Private to this folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/images.h"
#include "sandbox/probe.h"
#include "sandbox/runtime.h"

namespace holm::sandbox {

// Where the assembled root is, in the namespace that `assemble_root` returns.
inline constexpr char kAssembledRoot[] = "/dev/shm/root";

struct RootTree {
  std::vector<ImagePart> parts;
  // `layer/<part>` and `work/<part>` below it, or on the disk, are the writable layer.
  std::string folder;
  std::string root_disk;
  std::string root_disk_key;
  int user_namespace = -1;
  uint32_t first_id = 0;
  std::vector<Mount> mounts;
  std::vector<Scratch> scratch;
  std::vector<File> files;
};

// Returns a copy of `mount_namespace` with the root assembled in it. Everything is mounted in that
// copy alone, so it vanishes with the last process inside. On disk all files keep the ids they have
// inside the sandbox.
Result<UniqueFd> assemble_root(int mount_namespace, const RootTree& tree, const Capabilities& capabilities);

// From here on the calling thread makes files as guest root does, so that they belong to it, but with all
// rights of the host's root: the kernel makes an overlay's work files with the rights of who mounts it.
Result<void> act_as_guest_root(uint32_t first_id);

// Makes the folders of `path` below the descriptor `root`, as a guest sees them: its links cannot lead out.
Result<UniqueFd> make_folder_inside(int root, const std::filesystem::path& path);

}  // namespace holm::sandbox

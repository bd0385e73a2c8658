// ext4 without a journal on a nameless sparse file behind a loop device, or a tmpfs.

#include "sandbox/scratch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/loop_mount.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

constexpr unsigned kMode = 01777;

// Empty but for what everybody may put there.
Result<void> open_to_everybody(const UniqueFd& mount) {
  UniqueFd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failure(system_error("a new file system"));
  ::unlinkat(root.get(), "lost+found", AT_REMOVEDIR);
  if (::fchmod(root.get(), kMode) != 0) return failure(system_error("a new file system's mode"));
  return {};
}

Result<UniqueFd> make_disk(const ScratchSpec& spec, const std::string& mke2fs) {
  // What the file system needs for itself comes on top.
  const uint64_t bytes = spec.bytes_max + spec.bytes_max / 32 + (1 << 20);
  ::unlink(spec.image_path.c_str());
  UniqueFd image(::open(spec.image_path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!image || ::ftruncate(image.get(), static_cast<off_t>(bytes)) != 0) {
    return failure(system_error(spec.image_path));
  }
  auto formatted = format_image(mke2fs, spec.image_path, {.features = "^has_journal,^resize_inode"});
  ::unlink(spec.image_path.c_str());
  if (!formatted) return std::unexpected(formatted.error());
  auto loop = attach_loop(image);
  if (!loop) return std::unexpected(loop.error());
  auto mount = make_mount("ext4", {{"source", loop->path}, {"discard", ""}, {"noinit_itable", ""}});
  if (!mount) return mount;
  if (auto opened = open_to_everybody(*mount); !opened) return std::unexpected(opened.error());
  if (auto mapped = map_ids(*mount, spec.user_namespace); !mapped) return std::unexpected(mapped.error());
  return mount;
}

}  // namespace

Result<UniqueFd> make_scratch(const ScratchSpec& spec, const Capabilities& capabilities) {
  if (capabilities.loop_devices.available) {
    auto disk = make_disk(spec, capabilities.mke2fs_path);
    if (disk) return disk;
    log::warning(fmt::format("memory instead of a disk image: {}", disk.error().message));
  }
  return make_mount("tmpfs", {{"size", fmt::format("{}", spec.bytes_max)},
                              {"mode", fmt::format("{:o}", kMode)},
                              {"uid", fmt::format("{}", spec.first_id)},
                              {"gid", fmt::format("{}", spec.first_id)}});
}

}  // namespace holm::sandbox

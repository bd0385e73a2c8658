// ext4 without a journal on a nameless sparse file behind a loop device, or a tmpfs.

#include "sandbox/scratch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <utility>

#include "base/log.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

constexpr int kAttemptsMax = 64;
constexpr unsigned kMode = 01777;
constexpr unsigned kAttributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME;

using Options = std::initializer_list<std::pair<const char*, std::string>>;

// Options with an empty value are flags.
Result<UniqueFd> make_mount(const char* type, Options options) {
  UniqueFd context(::fsopen(type, FSOPEN_CLOEXEC));
  if (!context) return failure(system_error(type));
  for (const auto& [key, value] : options) {
    const int set = value.empty() ? ::fsconfig(context.get(), FSCONFIG_SET_FLAG, key, nullptr, 0)
                                  : ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0);
    if (set != 0) return failure(system_error(fmt::format("{}: {}={}", type, key, value)));
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return failure(system_error(fmt::format("making a {}", type)));
  }
  UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, kAttributes));
  if (!mount) return failure(system_error(fmt::format("mounting a {}", type)));
  return mount;
}

// The file is sparse: it takes what is written.
Result<void> format_image(const std::string& mke2fs, const std::string& path) {
  const char* words[] = {"mke2fs",
                         "-q",
                         "-F",
                         "-t",
                         "ext4",
                         "-m",
                         "0",
                         "-O",
                         "^has_journal,^resize_inode",
                         "-E",
                         "lazy_itable_init=1,nodiscard",
                         path.c_str(),
                         nullptr};
  const char* environment[] = {"PATH=/usr/sbin:/usr/bin", nullptr};
  pid_t child = -1;
  const int error = ::posix_spawn(&child, mke2fs.c_str(), nullptr, nullptr, const_cast<char**>(words),
                                  const_cast<char**>(environment));
  if (error != 0) return failure(fmt::format("{} cannot be run: {}", mke2fs, std::strerror(error)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return failure(fmt::format("{} failed with status {}", mke2fs, status));
  return {};
}

struct Loop {
  std::string path;
  UniqueFd device;
};

// The device lets go of the file when the last user of it is gone.
Result<Loop> attach_loop(const UniqueFd& image) {
  UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return failure(system_error("/dev/loop-control"));
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return failure(system_error("a free loop device"));
    Loop loop{fmt::format("/dev/loop{}", number), {}};
    loop.device.reset(::open(loop.path.c_str(), O_RDWR | O_CLOEXEC));
    if (!loop.device) return failure(system_error(loop.path));
    loop_config config{};
    config.fd = static_cast<uint32_t>(image.get());
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (::ioctl(loop.device.get(), LOOP_CONFIGURE, &config) == 0) return loop;
    // Somebody else was faster.
    if (errno != EBUSY) return failure(system_error(loop.path));
  }
  return failure("every loop device is taken at once");
}

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
  auto formatted = format_image(mke2fs, spec.image_path);
  ::unlink(spec.image_path.c_str());
  if (!formatted) return std::unexpected(formatted.error());
  auto loop = attach_loop(image);
  if (!loop) return std::unexpected(loop.error());
  auto mount = make_mount("ext4", {{"source", loop->path}, {"discard", ""}, {"noinit_itable", ""}});
  if (!mount) return mount;
  if (auto opened = open_to_everybody(*mount); !opened) return std::unexpected(opened.error());
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(spec.user_namespace);
  if (::mount_setattr(mount->get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0) {
    return failure(system_error("mapping the ids of a new file system"));
  }
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

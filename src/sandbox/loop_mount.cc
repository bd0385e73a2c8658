// Formatting with mke2fs, loop devices, and mounts made with descriptors.

#include "sandbox/loop_mount.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

constexpr int kAttemptsMax = 64;
constexpr unsigned kAttributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME;

}  // namespace

Result<void> format_image(const std::string& mke2fs, const std::string& path, const Ext4Options& options) {
  std::vector<std::string> words = {"mke2fs", "-q", "-F", "-t", "ext4", "-m", "0"};
  if (!options.features.empty()) words.insert(words.end(), {"-O", options.features});
  if (options.journal_mib > 0) words.insert(words.end(), {"-J", fmt::format("size={}", options.journal_mib)});
  words.insert(words.end(), {"-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", path});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const char* environment[] = {"PATH=/usr/sbin:/usr/bin", nullptr};
  pid_t child = -1;
  const int error = ::posix_spawn(&child, mke2fs.c_str(), nullptr, nullptr, arguments.data(),
                                  const_cast<char**>(environment));
  if (error != 0) return failure(fmt::format("{} cannot be run: {}", mke2fs, std::strerror(error)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return failure(fmt::format("{} failed with status {}", mke2fs, status));
  return {};
}

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

Result<UniqueFd> make_mount(const char* type, MountOptions options) {
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

Result<void> map_ids(const UniqueFd& mount, int user_namespace) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(user_namespace);
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0) {
    return failure(system_error("mapping the ids of a file system"));
  }
  return {};
}

}  // namespace holm::sandbox

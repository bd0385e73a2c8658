// Disks that come and go while a sandbox runs.

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <thread>

#include "sandbox/disks.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"
#include "sandbox/root_tree.h"
#include "sandbox/runtime_state.h"

namespace holm::sandbox {

namespace {

struct Guest {
  UniqueFd process;  // A pidfd of its own.
  UniqueFd user_namespace;
  uint32_t first_id = 0;
};

// Nothing when it does not run.
std::optional<Guest> find_guest(Runtime::State& state, const std::string& id) {
  std::lock_guard lock(state.mutex);
  auto entry = state.entries.find(id);
  if (entry == state.entries.end() || entry->second.phase != SandboxEntry::Phase::Running)
    return std::nullopt;
  Guest guest{.process = UniqueFd(::fcntl(entry->second.process.get(), F_DUPFD_CLOEXEC, 0)),
              .first_id = entry->second.record.slot * kIdsPerSandbox};
  const std::string path = fmt::format("/proc/{}/ns/user", entry->second.pid);
  guest.user_namespace.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Had the process ended meanwhile, the number might be another's.
  const bool lives = ::syscall(SYS_pidfd_send_signal, guest.process.get(), 0, nullptr, 0) == 0;
  if (!lives || !guest.user_namespace) return std::nullopt;
  return guest;
}

// Runs `work` on a thread of its own that sees the guest's files, and throws the thread away.
Result<void> in_guest_mounts(const Guest& guest, const std::function<Result<void>()>& work) {
  Result<void> result;
  std::thread thread([&] {
    if (::unshare(CLONE_FS) != 0 || ::setns(guest.process.get(), CLONE_NEWNS) != 0) {
      result = failure(system_error("entering a sandbox's mounts"));
      return;
    }
    result = work();
  });
  thread.join();
  return result;
}

bool is_mount_point(int folder) {
  struct statx status{};
  return ::statx(folder, "", AT_EMPTY_PATH, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

Result<void> Runtime::attach_disk(const std::string& id, const Disk& disk) {
  auto guest = find_guest(*state_, id);
  if (!guest) return failure("sandbox " + id + " is not running");
  bool is_there = false;
  UniqueFd target;
  auto find_target = [&]() -> Result<void> {
    if (auto acting = act_as_guest_root(guest->first_id); !acting) return acting;
    UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    auto folder = make_folder_inside(root.get(), disk.destination);
    if (!folder) return std::unexpected(folder.error());
    target = std::move(*folder);
    is_there = is_mount_point(target.get());
    return {};
  };
  if (auto found = in_guest_mounts(*guest, find_target); !found) return found;
  if (is_there) return {};
  auto mount = mount_disk(
      {.path = disk.path, .key = disk.key, .user_namespace = guest->user_namespace.get()});
  if (!mount) return std::unexpected(mount.error());
  return in_guest_mounts(*guest, [&]() -> Result<void> {
    constexpr unsigned kFlags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (::move_mount(mount->get(), "", target.get(), "", kFlags) != 0) {
      return failure(system_error(fmt::format("showing a disk at {} in {}", disk.destination, id)));
    }
    return {};
  });
}

Result<Runtime::Detached> Runtime::detach_disk(const std::string& id, const std::string& destination,
                                               Detach how) {
  auto guest = find_guest(*state_, id);
  if (!guest) return Detached::Done;
  Detached detached = Detached::Done;
  auto take_away = [&]() -> Result<void> {
    const int flags = UMOUNT_NOFOLLOW | (how == Detach::ByForce ? MNT_DETACH : 0);
    if (::umount2(destination.c_str(), flags) == 0) {
      ::rmdir(destination.c_str());
      return {};
    }
    // Not there, or no mount point.
    if (errno == ENOENT || errno == EINVAL) return {};
    if (errno != EBUSY) return failure(system_error(fmt::format("taking {} from {}", destination, id)));
    detached = Detached::Busy;
    return {};
  };
  if (auto taken = in_guest_mounts(*guest, take_away); !taken) return std::unexpected(taken.error());
  return detached;
}

}  // namespace holm::sandbox

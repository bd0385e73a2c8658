// Making and entering namespaces.

#include "sandbox/namespaces.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/check.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

constexpr size_t kHolderStackBytes = 64 << 10;

// Holds new namespaces open until somebody has opened them; touches nothing, it shares our memory. Nothing of the
// daemon's stays open with it, and it does not outlive the daemon, which may be killed meanwhile.
__attribute__((no_sanitize("address", "undefined", "thread"))) int hold(void* daemon) {
  // Not the library's functions, which would touch the calling thread's state.
  ::syscall(SYS_close_range, 0U, ~0U, 0U);
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  while (::syscall(SYS_getppid) == *static_cast<const pid_t*>(daemon)) ::syscall(SYS_pause);
  return 0;
}

UniqueFd open_namespace(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

Result<void> write_map(pid_t pid, const char* file, uint32_t first_id) {
  std::string path = fmt::format("/proc/{}/{}", pid, file);
  std::string map = fmt::format("0 {} {}\n", first_id, kIdsPerSandbox);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), map.data(), map.size()) < 0) return failure(system_error(path));
  return {};
}

}  // namespace

Result<GuestNamespaces> make_guest_namespaces(uint32_t first_id) {
  auto stack = std::make_unique<std::array<char, kHolderStackBytes>>();
  // No exit signal: it must not look like a child that somebody else waits for.
  pid_t daemon = ::getpid();
  pid_t holder = ::clone(hold, stack->data() + stack->size() - 64,
                         CLONE_VM | CLONE_NEWUSER | CLONE_NEWNET, &daemon);
  if (holder < 0) return failure(system_error("a new user namespace"));
  GuestNamespaces namespaces;
  auto mapped = write_map(holder, "uid_map", first_id);
  if (mapped) mapped = write_map(holder, "gid_map", first_id);
  namespaces.user = open_namespace(fmt::format("/proc/{}/ns/user", holder));
  namespaces.network = open_namespace(fmt::format("/proc/{}/ns/net", holder));
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, __WALL);
  if (!mapped) return std::unexpected(mapped.error());
  if (!namespaces.user || !namespaces.network) return failure("a guest's namespaces did not open");
  return namespaces;
}

Result<UniqueFd> make_network_namespace() {
  UniqueFd home = open_namespace("/proc/thread-self/ns/net");
  if (!home) return failure(system_error("the own network namespace"));
  if (::unshare(CLONE_NEWNET) != 0) return failure(system_error("a new network namespace"));
  UniqueFd made = open_namespace("/proc/thread-self/ns/net");
  CHECK_FATAL(::setns(home.get(), CLONE_NEWNET) == 0);
  if (!made) return failure("a new network namespace did not open");
  return made;
}

Result<void> in_network(int network_namespace, const std::function<Result<void>()>& work) {
  UniqueFd home = open_namespace("/proc/thread-self/ns/net");
  if (!home) return failure(system_error("the own network namespace"));
  if (::setns(network_namespace, CLONE_NEWNET) != 0) {
    return failure(system_error("entering a network namespace"));
  }
  Result<void> result = work();
  CHECK_FATAL(::setns(home.get(), CLONE_NEWNET) == 0);
  return result;
}

Result<UniqueFd> in_private_mounts(int mount_namespace, const std::function<Result<void>()>& work) {
  Result<void> result;
  UniqueFd made;
  // A thread that changed its mount namespace shares no working directory any more and is thrown
  // away.
  std::thread thread([&] {
    if (::unshare(CLONE_FS) != 0 || ::setns(mount_namespace, CLONE_NEWNS) != 0 ||
        ::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) {
      result = failure(system_error("a private mount namespace"));
      return;
    }
    result = work();
    made = open_namespace("/proc/thread-self/ns/mnt");
  });
  thread.join();
  if (!result) return std::unexpected(result.error());
  if (!made) return failure("a private mount namespace did not open");
  return made;
}

std::string descriptor_path(int descriptor) {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), descriptor);
}

}  // namespace holm::sandbox

// The filter: every call the library knows, except those that reach for the host; newer ones do not
// exist.

#include "sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "base/unique_fd.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

// Beyond the last call of any kernel that Debian 12's library knows.
constexpr int kSystemCallsEnd = 512;

// What changes the host, looks into it, or has been the way out of many sandboxes.
constexpr std::array<std::string_view, 63> kForbidden = {"acct",
                                                         "add_key",
                                                         "adjtimex",
                                                         "bpf",
                                                         "clock_adjtime",
                                                         "clock_settime",
                                                         "create_module",
                                                         "delete_module",
                                                         "fanotify_init",
                                                         "finit_module",
                                                         "fsconfig",
                                                         "fsmount",
                                                         "fsopen",
                                                         "fspick",
                                                         "get_kernel_syms",
                                                         "get_mempolicy",
                                                         "init_module",
                                                         "io_uring_enter",
                                                         "io_uring_register",
                                                         "io_uring_setup",
                                                         "ioperm",
                                                         "iopl",
                                                         "kcmp",
                                                         "kexec_file_load",
                                                         "kexec_load",
                                                         "keyctl",
                                                         "lookup_dcookie",
                                                         "mbind",
                                                         "migrate_pages",
                                                         "modify_ldt",
                                                         "mount",
                                                         "mount_setattr",
                                                         "move_mount",
                                                         "move_pages",
                                                         "nfsservctl",
                                                         "open_by_handle_at",
                                                         "open_tree",
                                                         "perf_event_open",
                                                         "pivot_root",
                                                         "process_madvise",
                                                         "query_module",
                                                         "quotactl",
                                                         "quotactl_fd",
                                                         "reboot",
                                                         "request_key",
                                                         "set_mempolicy",
                                                         "set_mempolicy_home_node",
                                                         "setdomainname",
                                                         "sethostname",
                                                         "setns",
                                                         "settimeofday",
                                                         "stime",
                                                         "swapoff",
                                                         "swapon",
                                                         "syslog",
                                                         "_sysctl",
                                                         "umount2",
                                                         "unshare",
                                                         "uselib",
                                                         "userfaultfd",
                                                         "vhangup",
                                                         "vmsplice",
                                                         "sysfs"};

constexpr std::array<std::string_view, 6> kForbiddenToFunctions = {
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "chroot", "mknod"};

// A new namespace is refused as `clone` flags too. The filter cannot see into `clone3`'s argument:
// it "does not exist", and the C library falls back to `clone`.
constexpr std::array kNamespaceFlags = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
                                        CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

int add_clone(scmp_filter_ctx filter) {
  uint64_t flags = 0;
  for (int flag : kNamespaceFlags) flags |= static_cast<unsigned>(flag);
  scmp_arg_cmp without{0, SCMP_CMP_MASKED_EQ, flags, 0};
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &without);
}

// AF_VSOCK talks to the hypervisor, AF_ALG and AF_PACKET have been ways into the kernel.
int add_socket(scmp_filter_ctx filter) {
  for (uint64_t family : {1, 2, 10, 16}) {  // Unix, IPv4, IPv6, netlink.
    scmp_arg_cmp is_family{0, SCMP_CMP_EQ, family, 0};
    int failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &is_family);
    if (failed) return failed;
  }
  return 0;
}

// Typing into the terminal that somebody opened into the sandbox.
int add_ioctl(scmp_filter_ctx filter) {
  constexpr uint64_t kTerminalInput = 0x5412;  // TIOCSTI.
  scmp_arg_cmp other{1, SCMP_CMP_NE, kTerminalInput, 0};
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &other);
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

int add_call(scmp_filter_ctx filter, int number, std::string_view name,
             SandboxSpec::Privileges privileges) {
  if (contains(kForbidden, name)) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
  }
  if (privileges == SandboxSpec::Privileges::Function && contains(kForbiddenToFunctions, name)) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
  }
  if (name == "clone3") return 0;
  if (name == "clone") return add_clone(filter);
  if (name == "socket") return add_socket(filter);
  if (name == "ioctl") return add_ioctl(filter);
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

Result<std::string> export_program(scmp_filter_ctx filter) {
  UniqueFd memory(::memfd_create("filter", MFD_CLOEXEC));
  if (!memory || seccomp_export_bpf(filter, memory.get()) != 0) {
    return failure("the system call filter could not be compiled");
  }
  std::string program(static_cast<size_t>(::lseek(memory.get(), 0, SEEK_END)), '\0');
  if (::pread(memory.get(), program.data(), program.size(), 0) < 0) {
    return failure(system_error("reading the system call filter"));
  }
  return program;
}

}  // namespace

Result<std::string> compile_seccomp_filter(SandboxSpec::Privileges privileges) {
  Filter filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release);
  if (!filter) return failure("libseccomp cannot make a filter");
  // 32-bit and x32 programs have other numbers for the same calls: none is let through.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (int number = 0; number < kSystemCallsEnd; ++number) {
    std::unique_ptr<char, decltype(&std::free)> name(
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
    if (!name) continue;
    if (int failed = add_call(filter.get(), number, name.get(), privileges); failed) {
      return failure("system call filter: " + std::string(name.get()));
    }
  }
  return export_program(filter.get());
}

}  // namespace holm::sandbox

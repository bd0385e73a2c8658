// Looking at what the machine has.

#include "sandbox/probe.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

namespace {

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/usr/sbin/", "/usr/local/sbin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return "";
}

Capability present_if(bool available, const char* reason) {
  return {available, available ? "" : reason};
}

bool has_file_system(std::string_view name) {
  auto text = read_file("/proc/filesystems");
  if (!text) return false;
  for (std::string_view line : split(*text, '\n')) {
    if (split(line, '\t').back() == name) return true;
  }
  return false;
}

bool has_netfilter() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 12));  // NETLINK_NETFILTER.
  return static_cast<bool>(socket);
}

bool has_mount_setattr() {
  // An invalid call tells whether it exists: 5.12 brought it together with id-mapped mounts.
  return ::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0) != 0 && errno != ENOSYS;
}

Capabilities::ControlGroups control_group_version() {
  auto text = read_file("/proc/self/mountinfo");
  if (!text) return Capabilities::ControlGroups::None;
  auto version = Capabilities::ControlGroups::None;
  for (std::string_view line : split(*text, '\n')) {
    size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    std::string_view rest = line.substr(dash + 3);
    std::string_view options = line.substr(0, dash);
    bool writable = options.find(" rw") != std::string_view::npos;
    if (!writable) continue;
    if (rest.starts_with("cgroup ")) return Capabilities::ControlGroups::Version1;
    if (rest.starts_with("cgroup2 ")) version = Capabilities::ControlGroups::Version2;
  }
  return version;
}

}  // namespace

std::vector<std::string> Capabilities::missing() const {
  std::vector<std::string> reasons;
  for (const Capability* each :
       {&crun, &overlay, &user_namespaces, &id_mapped_mounts, &network_namespaces, &nftables,
        &bridge_netfilter, &loop_devices, &seccomp, &control_groups}) {
    if (!each->available) reasons.push_back(each->reason);
  }
  return reasons;
}

Capabilities probe() {
  Capabilities result;
  result.crun_path = find_program("crun");
  result.crun = present_if(!result.crun_path.empty(),
                           "crun is not installed: no instance, function or engine can run.");
  result.overlay = present_if(has_file_system("overlay"),
                              "The kernel has no overlay file system: no sandbox can run.");
  result.user_namespaces = present_if(::access("/proc/self/ns/user", F_OK) == 0,
                                      "The kernel has no user namespaces: no sandbox can run.");
  result.id_mapped_mounts = present_if(
      has_mount_setattr(), "The kernel has no id-mapped mounts (before 5.12): no sandbox can run.");
  result.network_namespaces =
      present_if(::access("/proc/self/ns/net", F_OK) == 0,
                 "The kernel has no network namespaces: there are no VPCs.");
  result.nftables = present_if(has_netfilter(),
                               "The kernel has no netfilter: security groups cannot be enforced.");
  result.bridge_netfilter =
      present_if(::access("/proc/sys/net/bridge", F_OK) == 0,
                 "br_netfilter is not loaded: nothing needs it, subnets are filtered by routing.");
  UniqueFd loop(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  result.mke2fs_path = find_program("mke2fs");
  result.loop_devices = present_if(
      loop && !result.mke2fs_path.empty(),
      "There are no loop devices, or no mke2fs: what a function has in /tmp counts as its memory.");
  result.seccomp = present_if(::prctl(PR_GET_SECCOMP) >= 0,
                              "The kernel has no seccomp: guests' system calls go unfiltered.");
  result.control_group_version = control_group_version();
  result.control_groups =
      present_if(result.control_group_version != Capabilities::ControlGroups::None,
                 "No control group hierarchy is writable: limits and usage are not available.");
  return result;
}

}  // namespace holm::sandbox

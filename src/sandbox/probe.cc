// Looking at what the machine has.

#include "sandbox/probe.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/files.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "sandbox/encrypted_folder.h"

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

// Asking for it makes the kernel load the module, which a list of file systems would not.
bool has_overlay() {
  UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "overlay", 1)));  // FSOPEN_CLOEXEC.
  return context || (errno == EPERM && has_file_system("overlay"));
}

// Asks for the generation of the rules, which loads the module as well. Without it the kernel knows no such thing.
bool has_nftables() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!socket) return false;
  struct {
    nlmsghdr header;
    nfgenmsg body;
  } request{};
  request.header = {.nlmsg_len = sizeof(request),
                    .nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN,
                    .nlmsg_flags = NLM_F_REQUEST,
                    .nlmsg_seq = 1,
                    .nlmsg_pid = 0};
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char more[256];
  } answer{};
  if (::send(socket.get(), &request, sizeof(request), 0) < 0) return false;
  if (::recv(socket.get(), &answer, sizeof(answer), 0) < static_cast<ssize_t>(sizeof(nlmsghdr))) return false;
  return answer.header.nlmsg_type != NLMSG_ERROR || answer.error.error == -EPERM;
}

bool has_user_namespaces() {
  auto most = read_file("/proc/sys/user/max_user_namespaces");
  return ::access("/proc/self/ns/user", F_OK) == 0 && (!most || trim(*most) != "0");
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
        &bridge_netfilter, &loop_devices, &encrypted_disks, &seccomp, &control_groups}) {
    if (!each->available) reasons.push_back(each->reason);
  }
  return reasons;
}

std::vector<std::string> Capabilities::blocking() const {
  std::vector<std::string> reasons;
  for (const Capability* each :
       {&crun, &overlay, &user_namespaces, &id_mapped_mounts, &network_namespaces, &nftables}) {
    if (!each->available) reasons.push_back(each->reason);
  }
  return reasons;
}

Capabilities probe() {
  Capabilities result;
  result.crun_path = find_program("crun");
  result.crun = present_if(!result.crun_path.empty(),
                           "crun is not installed, and without it no instance, function or engine can run.");
  result.overlay = present_if(has_overlay(),
                              "The kernel has no overlay file system: no sandbox can run.");
  result.user_namespaces = present_if(has_user_namespaces(),
                                      "The kernel has no user namespaces: no sandbox can run.");
  result.id_mapped_mounts = present_if(
      has_mount_setattr(), "The kernel has no id-mapped mounts (before 5.12): no sandbox can run.");
  result.network_namespaces =
      present_if(::access("/proc/self/ns/net", F_OK) == 0,
                 "The kernel has no network namespaces: there are no VPCs.");
  result.nftables = present_if(has_nftables(),
                               "The kernel has no nftables: security groups cannot be enforced.");
  result.bridge_netfilter =
      present_if(::access("/proc/sys/net/bridge", F_OK) == 0,
                 "br_netfilter is not loaded: nothing needs it, subnets are filtered by routing.");
  UniqueFd loop(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  result.mke2fs_path = find_program("mke2fs");
  result.loop_devices = present_if(
      loop && !result.mke2fs_path.empty(),
      "There are no loop devices, or no mke2fs: what a function has in /tmp counts as its memory.");
  result.encrypted_disks = present_if(
      result.loop_devices.available && has_encrypted_folders(),
      "The kernel's ext4 cannot encrypt (CONFIG_FS_ENCRYPTION), or there are no loop devices: volumes cannot be "
      "encrypted.");
  result.seccomp = present_if(::prctl(PR_GET_SECCOMP) >= 0,
                              "The kernel has no seccomp: guests' system calls go unfiltered.");
  result.control_group_version = control_group_version();
  result.control_groups =
      present_if(result.control_group_version != Capabilities::ControlGroups::None,
                 "No control group hierarchy is writable: limits and usage are not available.");
  return result;
}

}  // namespace holm::sandbox

// What this machine can do for sandboxes, and what is missing, in plain sentences.
#pragma once

#include <string>
#include <vector>

namespace holm::sandbox {

struct Capability {
  bool available = false;
  // Empty when available, else one sentence: what is missing and what therefore does not work.
  std::string reason;
};

struct Capabilities {
  Capability crun;
  Capability overlay;
  Capability user_namespaces;
  Capability id_mapped_mounts;
  Capability network_namespaces;
  Capability nftables;
  Capability bridge_netfilter;
  Capability loop_devices;
  Capability encrypted_disks;
  Capability seccomp;
  Capability control_groups;
  enum class ControlGroups { None, Version1, Version2 };
  ControlGroups control_group_version = ControlGroups::None;
  // Full path, empty when not found.
  std::string crun_path;
  std::string mke2fs_path;

  // The sentences of everything missing.
  std::vector<std::string> missing() const;
  // Of those, what no sandbox and no VPC can do without.
  std::vector<std::string> blocking() const;
};

// Looks at files and makes a few cheap system calls; under 5 ms. Changes nothing but that the kernel may load a
// module it has. Any thread.
Capabilities probe();

}  // namespace holm::sandbox

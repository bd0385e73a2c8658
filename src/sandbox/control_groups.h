// Control groups, version 1 or 2: where sandboxes' limits and meters are. Private to this folder.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/runtime.h"
#include "sandbox/undo_guard.h"

namespace holm::sandbox {

// In the calling process's private mount namespace: where a version 2 tree is mounted beside
// version 1 hierarchies (which crun refuses), /sys/fs/cgroup becomes a view of the version 1
// hierarchies alone. `scratch` is a folder to build it in.
Result<void> make_control_group_view(const std::string& scratch);

// The groups of one daemon: `/holm-<tag>/<sandbox>` in every hierarchy. Any thread.
class ControlGroups final {
 public:
  explicit ControlGroups(const std::string& data_directory);

  // For the container's configuration.
  std::string path(const std::string& id) const;
  std::optional<Usage> usage(const std::string& id) const;
  // How often the kernel killed something in it for want of memory.
  bool ran_out_of_memory(const std::string& id) const;
  std::vector<pid_t> processes(const std::string& id) const;
  // Nothing inside runs until the guard is gone. An error where groups cannot be frozen.
  Result<UndoGuard> freeze(const std::string& id) const;
  // Kills what is inside, waits for it (bounded) and removes the group everywhere.
  void remove(const std::string& id) const;
  // The sandboxes that have a group.
  std::vector<std::string> list() const;
  // The groups' common parent, when empty.
  void remove_parent() const;
  bool parent_exists() const;

 private:
  std::string find(const std::string& controller) const;

  std::string name_;
  // The folders of the hierarchies' mounts; one for version 2.
  std::vector<std::string> hierarchies_;
  bool is_version_2_ = false;
};

}  // namespace holm::sandbox

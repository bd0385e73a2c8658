// The kernel syncs file systems, not folders: whatever else is on that one is synced along.

#include "base/trees.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/unique_fd.h"

namespace holm {

Result<void> sync_tree(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && ::syncfs(folder.get()) == 0) return {};
  return failure(fmt::format("cannot sync what is in {}: {}", path, std::strerror(errno)));
}

Result<void> rename_tree_durably(const std::string& from, const std::string& to) {
  if (auto synced = sync_tree(from); !synced) return synced;
  return rename_durably(from, to);
}

}  // namespace holm

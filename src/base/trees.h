// Folders with everything that is in them, durably.
#pragma once

#include <string>

#include "base/result.h"

namespace holm {

// Everything below the folder outlives a loss of power.
Result<void> sync_tree(const std::string& path);
// Syncs it so and gives it its name: after a crash it has it whole or not at all.
Result<void> rename_tree_durably(const std::string& from, const std::string& to);

}  // namespace holm

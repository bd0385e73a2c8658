// Whole files, read and durably written.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace holm {

Result<std::string> read_file(const std::string& path);
// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder:
// after a crash the old or the new content is there, never a mixture. `mode` as in chmod(2).
Result<void> write_file_durably(const std::string& path, std::string_view content, unsigned mode = 0600);
// The same without waiting for the disk, for what is made anew after the machine went down.
Result<void> write_file_volatile(const std::string& path, std::string_view content, unsigned mode = 0600);
// Syncs a finished file, gives it its name and syncs the folder: after a crash it has it whole or not at all.
Result<void> rename_durably(const std::string& from, const std::string& to);
// What was made, renamed and removed in the folder outlives a loss of power.
Result<void> sync_folder(const std::string& path);
// Makes `path` and its parents; one that exists is no error.
Result<void> make_directories(const std::string& path, unsigned mode = 0700);

}  // namespace holm

// Files and folders, for a program that has neither exceptions nor a library beside it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::init {

// Nothing when it cannot be read or has more than `bytes_max` bytes.
std::optional<std::string> read_text(const std::string& path, size_t bytes_max = 1 << 20);
// Replaces what is there; the folder must exist.
Result<void> write_text(const std::string& path, std::string_view text, mode_t mode = 0644);
// Makes a folder and those above it.
Result<void> make_folders(const std::string& path, mode_t mode = 0755);
// Names in a folder, sorted; none when there is no such folder.
std::vector<std::string> names_in(const std::string& path);
bool path_exists(const std::string& path);  // Of what a link leads to.
bool is_folder(const std::string& path);
// Nothing when it is no symbolic link.
std::optional<std::string> link_target(const std::string& path);
// A folder with all that is in it; links are removed, not followed.
void remove_tree(const std::string& path);
std::string_view base_name(std::string_view path);
std::string_view folder_of(std::string_view path);
// "PATH: No such file or directory".
Error system_failure(std::string_view about);

}  // namespace holm::init

// Short names in the kernel for long ids, the same after every restart. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::sandbox {

uint64_t stable_hash(std::string_view text);
// Eight hexadecimal digits that tell the daemons of one machine apart.
std::string daemon_tag(const std::string& data_directory);
// `prefix` and twelve hexadecimal digits: at most 15 characters, as interface names may have.
std::string interface_name(char prefix, std::string_view id);
// Whether `id` may be a folder's and a container's name: [a-zA-Z0-9][a-zA-Z0-9._-]{0,127}.
bool is_valid_id(std::string_view id);
// Writes `content` without waiting for the disk: for what need not outlive the machine. Mode 0600.
Result<void> write_volatile_file(const std::string& path, std::string_view content);
// "what: why", the reason from errno.
std::string system_error(std::string_view what);

}  // namespace holm::sandbox

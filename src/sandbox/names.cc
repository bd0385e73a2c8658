// Short names in the kernel for long ids.

#include "sandbox/names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/characters.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

// FNV-1a.
uint64_t stable_hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string daemon_tag(const std::string& data_directory) {
  std::error_code ignored;
  std::string path = std::filesystem::weakly_canonical(data_directory, ignored).string();
  return fmt::format("{:08x}", stable_hash(path) & 0xffffffff);
}

std::string interface_name(char prefix, std::string_view id) {
  return fmt::format("{}{:012x}", prefix, stable_hash(id) & 0xffffffffffff);
}

bool is_valid_id(std::string_view id) {
  if (id.empty() || id.size() > 128 || !is_letter_or_digit(id[0])) return false;
  return is_alphanumeric(id, "._-");
}

Result<void> write_volatile_file(const std::string& path, std::string_view content) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return failure(system_error(path));
  while (!content.empty()) {
    ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0) return failure(system_error(path));
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

std::string system_error(std::string_view what) {
  int number = errno;
  return fmt::format("{}: {}", what, std::strerror(number));
}

}  // namespace holm::sandbox

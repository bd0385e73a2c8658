// Short names in the kernel for long ids.

#include "sandbox/names.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

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
  auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (id.empty() || id.size() > 128 || !is_alphanumeric(id[0])) return false;
  for (char c : id) {
    if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

std::string system_error(std::string_view what) {
  int number = errno;
  return fmt::format("{}: {}", what, std::strerror(number));
}

}  // namespace holm::sandbox

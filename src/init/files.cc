// Files and folders by system calls.

#include "init/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace holm::init {

namespace {

constexpr int kDepthMax = 64;

void remove_inside(int parent, const char* name, int depth) {
  if (unlinkat(parent, name, 0) == 0 || depth == kDepthMax) return;
  const int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return;
  DIR* stream = fdopendir(folder);
  if (stream == nullptr) {
    close(folder);
    return;
  }
  while (const dirent* entry = readdir(stream)) {
    const std::string_view inner = entry->d_name;
    if (inner != "." && inner != "..") remove_inside(folder, entry->d_name, depth + 1);
  }
  closedir(stream);
  unlinkat(parent, name, AT_REMOVEDIR);
}

}  // namespace

Error system_failure(std::string_view about) { return {std::string(about) + ": " + std::strerror(errno)}; }

std::optional<std::string> read_text(const std::string& path, size_t bytes_max) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t count = read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return std::nullopt;
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(count));
    if (text.size() > bytes_max) return std::nullopt;
  }
}

Result<void> write_text(const std::string& path, std::string_view text, mode_t mode) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file) return std::unexpected(system_failure(path));
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0) return std::unexpected(system_failure(path));
    text.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> make_folders(const std::string& path, mode_t mode) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0755);
  }
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return std::unexpected(system_failure(path));
  return {};
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* stream = opendir(path.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(stream);
  std::ranges::sort(names);
  return names;
}

bool path_exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool is_folder(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::optional<std::string> link_target(const std::string& path) {
  std::array<char, 4096> buffer;
  const ssize_t length = readlink(path.c_str(), buffer.data(), buffer.size());
  if (length < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<size_t>(length));
}

void remove_tree(const std::string& path) { remove_inside(AT_FDCWD, path.c_str(), 0); }

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

}  // namespace holm::init

// Whole files, read and durably written.

#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.h"

namespace holm {

namespace {

std::unexpected<Error> system_failure(std::string_view what, const std::string& path) {
  return failure(fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

enum class Sync { Yes, No };

// Nothing is left of the temporary file when this fails.
Result<void> replace_file(const std::string& path, std::string_view content, unsigned mode, Sync sync) {
  const std::string temporary = path + ".new";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return system_failure("cannot create", temporary);
  if (!write_all(fd.get(), content) || (sync == Sync::Yes && ::fsync(fd.get()) != 0)) {
    auto failed = system_failure("cannot write", temporary);
    ::unlink(temporary.c_str());
    return failed;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_failure("cannot replace", path);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_failure("cannot open", path);
  std::string content;
  char buffer[65536];
  while (true) {
    ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("cannot read", path);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
  }
}

Result<void> write_file_volatile(const std::string& path, std::string_view content, unsigned mode) {
  return replace_file(path, content, mode, Sync::No);
}

Result<void> write_file_durably(const std::string& path, std::string_view content, unsigned mode) {
  if (auto replaced = replace_file(path, content, mode, Sync::Yes); !replaced) return replaced;
  return sync_folder(folder_of(path));
}

Result<void> rename_durably(const std::string& from, const std::string& to) {
  UniqueFd file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return system_failure("cannot sync", from);
  if (::rename(from.c_str(), to.c_str()) != 0) return system_failure("cannot replace", to);
  return sync_folder(folder_of(to));
}

Result<void> sync_folder(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return system_failure("cannot sync the folder", path);
  return {};
}

Result<void> make_directories(const std::string& path, unsigned mode) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) return system_failure("cannot make", part);
    if (slash == std::string::npos) return {};
  }
}

}  // namespace holm

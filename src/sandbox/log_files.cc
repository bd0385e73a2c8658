// The count of what was cut is an extended attribute of the file, so it lives and dies with it.

#include "sandbox/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

constexpr char kCutAttribute[] = "user.holm.cut";

uint64_t cut_of(int file) {
  std::array<char, 24> text{};
  const ssize_t length = ::fgetxattr(file, kCutAttribute, text.data(), text.size());
  if (length <= 0) return 0;
  auto bytes = parse_integer(std::string_view(text.data(), static_cast<size_t>(length)));
  return bytes && *bytes > 0 ? static_cast<uint64_t>(*bytes) : 0;
}

bool set_cut(int file, uint64_t bytes) {
  const std::string text = std::to_string(bytes);
  return ::fsetxattr(file, kCutAttribute, text.data(), text.size(), 0) == 0;
}

}  // namespace

void LogFiles::trim(const std::string& path, uint64_t bytes_max) {
  std::lock_guard lock(mutex_);
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return;
  const uint64_t size = static_cast<uint64_t>(status.st_size);
  if (size <= bytes_max) return;
  const uint64_t block = static_cast<uint64_t>(status.st_blksize);
  const uint64_t cut = (size - bytes_max / 2) / block * block;
  const uint64_t before = cut_of(file.get());
  // Counted first: should the daemon die between the two, readers see some lines twice and miss none. The
  // kernel takes the blocks out in one step, while the guest goes on appending.
  if (cut > 0 && set_cut(file.get(), before + cut)) {
    if (::fallocate(file.get(), FALLOC_FL_COLLAPSE_RANGE, 0, static_cast<off_t>(cut)) == 0) return;
  }
  // Elsewhere what is written between these two steps is lost, and so is what was there.
  (void)set_cut(file.get(), before + size);
  (void)::ftruncate(file.get(), 0);
}

Result<LogPart> LogFiles::read(const std::string& path, uint64_t position, size_t bytes_max) const {
  std::lock_guard lock(mutex_);
  LogPart part{.begin = position, .bytes = {}};
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno == ENOENT) return part;
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return failure(system_error(path));
  const uint64_t cut = cut_of(file.get());
  const uint64_t size = static_cast<uint64_t>(status.st_size);
  part.begin = std::max(position, cut);
  // Shorter than it was: whoever writes it has emptied it.
  if (part.begin > cut + size) part.begin = cut;
  part.bytes.resize(static_cast<size_t>(std::min<uint64_t>(bytes_max, cut + size - part.begin)));
  const ssize_t got =
      ::pread(file.get(), part.bytes.data(), part.bytes.size(), static_cast<off_t>(part.begin - cut));
  if (got < 0) return failure(system_error(path));
  part.bytes.resize(static_cast<size_t>(got));
  return part;
}

}  // namespace holm::sandbox

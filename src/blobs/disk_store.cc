// Blobs as files: <folder>/<2 digits>/<2 digits>/<32 digits>, written nameless and linked when complete.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/cached_read.h"
#include "base/files.h"
#include "base/log.h"
#include "base/random.h"
#include "base/unique_fd.h"
#include "blobs/blobs.h"

namespace holm::blobs {

namespace {

constexpr size_t kIdLength = 32;

bool is_id(std::string_view text) {
  return text.size() == kIdLength && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Two levels of 256 folders keep each small with millions of blobs.
std::string middle_folder(std::string_view id) { return std::string(id.substr(0, 2)); }
std::string leaf_folder(std::string_view id) {
  return fmt::format("{}/{}", id.substr(0, 2), id.substr(2, 2));
}

std::unexpected<Error> system_failure(std::string_view what, const std::string& where) {
  int code = errno;
  std::string_view hint;
  if (code == ENOSPC || code == EDQUOT) hint = " The disk is full.";
  if (code == EOPNOTSUPP || code == EISDIR) hint = " Its file system cannot hold nameless files.";
  if (code == EXDEV) hint = " Its parts are on different file systems.";
  return failure(fmt::format("{} {}: {}.{}", what, where, std::strerror(code), hint));
}

class DiskWriter final : public Writer {
 public:
  DiskWriter(const std::string& folder, std::string id, UniqueFd file)
      : folder_(folder), id_(std::move(id)), file_(std::move(file)) {}

  Result<void> write(std::string_view bytes) override;
  Result<std::string> finish() override;

 private:
  Result<void> link();

  std::string folder_;
  std::string id_;
  UniqueFd file_;  // Closed after a failure, so that a blob with a hole is never finished.
};

Result<void> DiskWriter::write(std::string_view bytes) {
  if (!file_) return failure("The blob is finished or has failed.");
  while (!bytes.empty()) {
    ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      auto problem = system_failure("A blob cannot be written in", folder_);
      file_.reset();
      return problem;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// Makes `path`, and what names it durable.
Result<void> make_durable_folder(const std::string& path, const std::string& parent) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return system_failure("Cannot make", path);
  }
  return sync_folder(parent);
}

Result<void> DiskWriter::link() {
  std::string middle = fmt::format("{}/{}", folder_, middle_folder(id_));
  std::string leaf = fmt::format("{}/{}", folder_, leaf_folder(id_));
  std::string path = fmt::format("{}/{}", leaf, id_);
  std::string nameless = fmt::format("/proc/self/fd/{}", file_.get());
  if (Result<void> made = make_durable_folder(middle, folder_); !made) return made;
  if (Result<void> made = make_durable_folder(leaf, middle); !made) return made;
  if (::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return system_failure("A blob cannot be named in", leaf);
  }
  return sync_folder(leaf);
}

Result<std::string> DiskWriter::finish() {
  if (!file_) return failure("The blob is finished or has failed.");
  Result<void> result;
  if (::fsync(file_.get()) != 0) {
    result = system_failure("A blob cannot be synced in", folder_);
  } else {
    result = link();
  }
  file_.reset();
  if (!result) return std::unexpected(result.error());
  return id_;
}

class DiskReader final : public Reader {
 public:
  DiskReader(UniqueFd file, uint64_t size) : file_(std::move(file)), size_(size) {}

  uint64_t size() const override { return size_; }

  Result<size_t> read_at(uint64_t offset, char* buffer, size_t count) const override {
    for (;;) {
      ssize_t got = ::pread(file_.get(), buffer, count, static_cast<off_t>(offset));
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return system_failure("A blob cannot be read at", std::to_string(offset));
    }
  }

  Result<size_t> read_unchecked(uint64_t offset, char* buffer, size_t count) const override {
    return read_at(offset, buffer, count);
  }
  size_t read_cached(uint64_t offset, char* buffer, size_t count) const override {
    return holm::read_cached(file_.get(), offset, buffer, count);
  }

 private:
  UniqueFd file_;
  uint64_t size_;
};

class DiskStore final : public Store {
 public:
  explicit DiskStore(const std::string& folder) : folder_(folder) {
    // What is wrong with the folder is said by each create() too, which is where it matters.
    Result<void> made = make_directories(folder_);
    if (!made) log::error(made.error().message);
  }

  Result<std::unique_ptr<Writer>> create() override {
    UniqueFd file(::open(folder_.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    if (!file) return system_failure("No blob can be made in", folder_);
    return std::make_unique<DiskWriter>(folder_, random_.hex(kIdLength), std::move(file));
  }

  Result<std::unique_ptr<Reader>> open(const std::string& id) override {
    if (!is_id(id)) return failure(fmt::format("\"{}\" is no blob's id.", id));
    UniqueFd file(::open(path_of(id).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return system_failure("Cannot open blob", id);
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return system_failure("Cannot open blob", id);
    return std::make_unique<DiskReader>(std::move(file), static_cast<uint64_t>(status.st_size));
  }

  void remove(const std::string& id) override {
    if (!is_id(id)) return;
    if (::unlink(path_of(id).c_str()) != 0 && errno != ENOENT) {
      log::error(system_failure("Cannot remove blob", id).error().message);
    }
  }

  std::vector<std::string> list() const override;

  bool has_room() const override {
    struct statvfs status{};
    return ::statvfs(folder_.c_str(), &status) == 0 && status.f_bavail > 0;
  }

 private:
  std::string path_of(const std::string& id) const {
    return fmt::format("{}/{}/{}", folder_, leaf_folder(id), id);
  }

  std::string folder_;
  SystemRandom random_;  // Ids must be unique across lives, also in tests that repeat a sequence.
};

std::vector<std::string> DiskStore::list() const {
  std::vector<std::string> ids;
  std::error_code problem;
  std::filesystem::recursive_directory_iterator entry(folder_, problem);
  for (; !problem && entry != std::filesystem::recursive_directory_iterator(); entry.increment(problem)) {
    std::string name = entry->path().filename().string();
    if (is_id(name) && entry->path() == path_of(name)) ids.push_back(std::move(name));
  }
  if (problem) log::error(fmt::format("Cannot list the blobs of {}: {}.", folder_, problem.message()));
  return ids;
}

}  // namespace

std::unique_ptr<Store> open_disk_store(const std::string& folder) { return std::make_unique<DiskStore>(folder); }

}  // namespace holm::blobs

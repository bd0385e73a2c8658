// The machine's disk.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/cached_read.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "objects/disk.h"

namespace holm::objects {

namespace {

std::unexpected<Failure> system_failure(std::string_view what, const std::string& where) {
  const int code = errno;
  const Fault fault = code == ENOSPC || code == EDQUOT || code == EFBIG ? Fault::Full
                      : code == ENOENT                                  ? Fault::Absent
                                                                        : Fault::Broken;
  return fail(fault, fmt::format("{} {}: {}", what, where, std::strerror(code)));
}

class SystemFile final : public File {
 public:
  SystemFile(UniqueFd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Outcome<> write_at(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_failure("Cannot write", path_);
      bytes.remove_prefix(static_cast<size_t>(written));
      offset += static_cast<uint64_t>(written);
    }
    return {};
  }

  Outcome<size_t> read_at(uint64_t offset, char* buffer, size_t count) const override {
    size_t filled = 0;
    while (filled < count) {
      const ssize_t got =
          ::pread(file_.get(), buffer + filled, count - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_failure("Cannot read", path_);
      if (got == 0) break;
      filled += static_cast<size_t>(got);
    }
    return filled;
  }

  size_t read_cached(uint64_t offset, char* buffer, size_t count) const override {
    return holm::read_cached(file_.get(), offset, buffer, count);
  }

  Outcome<> sync() override {
    if (::fdatasync(file_.get()) != 0) return system_failure("Cannot sync", path_);
    return {};
  }

  void start_sync(uint64_t offset, uint64_t bytes) override {
    ::sync_file_range(file_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes),
                      SYNC_FILE_RANGE_WRITE);
  }

  Outcome<> punch(uint64_t offset, uint64_t bytes) override {
    const int how = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (::fallocate(file_.get(), how, static_cast<off_t>(offset), static_cast<off_t>(bytes)) != 0) {
      return system_failure("Cannot give space back in", path_);
    }
    return {};
  }

  Outcome<uint64_t> size() const override {
    struct stat status{};
    if (::fstat(file_.get(), &status) != 0) return system_failure("Cannot look at", path_);
    return static_cast<uint64_t>(status.st_size);
  }

  Outcome<uint64_t> allocated() const override {
    constexpr uint64_t kStatBlock = 512;
    struct stat status{};
    if (::fstat(file_.get(), &status) != 0) return system_failure("Cannot look at", path_);
    return static_cast<uint64_t>(status.st_blocks) * kStatBlock;
  }

 private:
  UniqueFd file_;
  std::string path_;
};

class SystemDisk final : public Disk {
 public:
  SystemDisk(std::string folder, UniqueFd handle) : folder_(std::move(folder)), handle_(std::move(handle)) {}

  Outcome<std::shared_ptr<File>> create(const std::string& name) override {
    return open_with(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
  }
  Outcome<std::shared_ptr<File>> open(const std::string& name) override {
    return open_with(name, O_RDWR | O_CLOEXEC);
  }

  Outcome<> rename(const std::string& from, const std::string& to) override {
    if (::renameat(handle_.get(), from.c_str(), handle_.get(), to.c_str()) != 0) {
      return system_failure("Cannot rename", path_of(from));
    }
    return {};
  }

  Outcome<> remove(const std::string& name) override {
    if (::unlinkat(handle_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return system_failure("Cannot remove", path_of(name));
    }
    return {};
  }

  Outcome<> sync_names() override {
    if (::fsync(handle_.get()) != 0) return system_failure("Cannot sync", folder_);
    if (is_named_) return {};
    // The folder's own name may be new too.
    UniqueFd parent(::openat(handle_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent || ::fsync(parent.get()) != 0) return system_failure("Cannot sync the folder of", folder_);
    is_named_ = true;
    return {};
  }

  uint64_t room() const override {
    struct statvfs status{};
    if (::fstatvfs(handle_.get(), &status) != 0) return 0;
    return uint64_t{status.f_bavail} * status.f_frsize;
  }

  Outcome<std::vector<std::string>> list() const override {
    std::vector<std::string> names;
    std::error_code problem;
    std::filesystem::directory_iterator entry(folder_, problem);
    for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
      names.push_back(entry->path().filename().string());
    }
    if (problem) return fail(Fault::Broken, fmt::format("Cannot list {}: {}", folder_, problem.message()));
    return names;
  }

 private:
  std::string path_of(const std::string& name) const { return folder_ + "/" + name; }

  Outcome<std::shared_ptr<File>> open_with(const std::string& name, int flags) {
    UniqueFd file(::openat(handle_.get(), name.c_str(), flags, 0600));
    if (!file) return system_failure("Cannot open", path_of(name));
    return std::make_shared<SystemFile>(std::move(file), path_of(name));
  }

  std::string folder_;
  UniqueFd handle_;
  std::atomic<bool> is_named_ = false;  // Durably.
};

}  // namespace

Outcome<std::unique_ptr<Disk>> open_disk(const std::string& folder) {
  if (auto made = make_directories(folder); !made) return fail(Fault::Broken, made.error().message);
  UniqueFd handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle) return system_failure("Cannot open", folder);
  return std::make_unique<SystemDisk>(folder, std::move(handle));
}

Outcome<std::string> read_exactly(const File& file, uint64_t offset, size_t count) {
  std::string bytes;
  Outcome<size_t> got = size_t{0};
  bytes.resize_and_overwrite(count, [&](char* place, size_t) {
    got = file.read_at(offset, place, count);
    return got.value_or(0);
  });
  if (!got) return fail(got.error());
  if (*got != count) return fail(Fault::Damaged, "A file ends before its last byte.");
  return bytes;
}

}  // namespace holm::objects

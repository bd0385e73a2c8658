// Sparse files with ext4 in them. Whoever mounts one holds a lock on the file: the loop device keeps it until
// it lets go of the file itself.

#include "sandbox/disks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "sandbox/encrypted_folder.h"
#include "sandbox/loop_mount.h"
#include "sandbox/names.h"
#include "sandbox/probe.h"

namespace holm::sandbox {

namespace {

constexpr unsigned kJournalMib = 16;
constexpr int kReleaseMilliseconds = 10;
constexpr int kReleaseAttempts = 6000;

Result<UniqueFd> new_file(const std::string& path) {
  ::unlink(path.c_str());
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failure(system_error(path));
  return file;
}

Result<void> copy_range(int from, int to, off_t start, off_t end) {
  while (start < end) {
    off_t into = start;
    const ssize_t count = ::copy_file_range(from, &start, to, &into, static_cast<size_t>(end - start), 0);
    if (count < 0) return failure(system_error("copying a disk"));
    if (count == 0) return failure("copying a disk: it ended early");
  }
  return {};
}

Result<void> copy_content(int from, int to) {
  if (::ioctl(to, FICLONE, from) == 0) return {};
  const off_t size = ::lseek(from, 0, SEEK_END);
  if (size < 0 || ::ftruncate(to, size) != 0) return failure(system_error("the size of a disk"));
  off_t data = 0;
  while ((data = ::lseek(from, data, SEEK_DATA)) >= 0) {
    const off_t hole = ::lseek(from, data, SEEK_HOLE);
    if (hole < 0) return failure(system_error("reading a disk"));
    if (auto copied = copy_range(from, to, data, hole); !copied) return copied;
    data = hole;
  }
  // ENXIO: no data up to the end.
  if (errno != ENXIO) return failure(system_error("reading a disk"));
  return {};
}

bool is_still_at(int file, const std::string& path) {
  struct stat own{}, there{};
  return ::fstat(file, &own) == 0 && ::stat(path.c_str(), &there) == 0 && own.st_dev == there.st_dev &&
         own.st_ino == there.st_ino;
}

// The disk, once nobody else has it.
Result<UniqueFd> open_locked(const std::string& path) {
  for (int attempt = 0; attempt < kReleaseAttempts; ++attempt) {
    UniqueFd image(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!image) return failure(system_error(path));
    // A larger one may have taken its place meanwhile.
    if (::flock(image.get(), LOCK_EX | LOCK_NB) == 0 && is_still_at(image.get(), path)) return image;
    ::poll(nullptr, 0, kReleaseMilliseconds);
  }
  return failure(path + " is in use");
}

}  // namespace

Result<void> make_disk(const std::string& path, uint64_t bytes, DiskKind kind) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return {};
  const Capabilities capabilities = probe();
  if (!capabilities.loop_devices.available) return failure(capabilities.loop_devices.reason);
  const bool encrypts = kind == DiskKind::Encrypted;
  if (encrypts && !capabilities.encrypted_disks.available) {
    return failure(capabilities.encrypted_disks.reason);
  }
  const std::string half = path + ".new";
  auto file = new_file(half);
  if (!file) return std::unexpected(file.error());
  if (::ftruncate(file->get(), static_cast<off_t>(bytes)) != 0) return failure(system_error(half));
  auto formatted =
      format_image(capabilities.mke2fs_path, half,
                   {.features = encrypts ? kEncryptionFeature : "", .journal_mib = kJournalMib});
  if (!formatted) return formatted;
  return rename_durably(half, path);
}

Result<void> copy_disk(const std::string& from, const std::string& to) {
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored)) return {};
  UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source) return failure(system_error(from));
  const std::string half = to + ".new";
  auto file = new_file(half);
  if (!file) return std::unexpected(file.error());
  if (auto copied = copy_content(source.get(), file->get()); !copied) return copied;
  return rename_durably(half, to);
}

Result<UniqueFd> mount_disk(const DiskMount& disk) {
  auto image = open_locked(disk.path);
  if (!image) return std::unexpected(image.error());
  auto loop = attach_loop(*image);
  if (!loop) return std::unexpected(loop.error());
  auto mount = make_mount("ext4", {{"source", loop->path}, {"discard", ""}, {"noinit_itable", ""}});
  if (mount && !disk.key.empty()) mount = open_encrypted_folder(std::move(*mount), disk.key);
  if (!mount) return mount;
  UniqueFd root(::openat(mount->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failure(system_error(disk.path));
  // Some programs want their data folder empty.
  ::unlinkat(root.get(), "lost+found", AT_REMOVEDIR);
  if (disk.prepare) {
    if (auto prepared = disk.prepare(root.get()); !prepared) return std::unexpected(prepared.error());
  }
  if (disk.user_namespace < 0) return mount;
  if (auto mapped = map_ids(*mount, disk.user_namespace); !mapped) return std::unexpected(mapped.error());
  return mount;
}

bool is_disk_in_use(const std::string& path) {
  UniqueFd image(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return image && ::flock(image.get(), LOCK_EX | LOCK_NB) != 0;
}

}  // namespace holm::sandbox

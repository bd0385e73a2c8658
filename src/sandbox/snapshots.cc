// Copies of disks whose file system is frozen meanwhile, and of folders.

#include "sandbox/snapshots.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/files.h"
#include "base/trees.h"
#include "base/unique_fd.h"
#include "sandbox/disks.h"
#include "sandbox/loop_mount.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"
#include "sandbox/undo_guard.h"

namespace holm::sandbox {

namespace {

// What e2fsck ends with when it found nothing, or repaired what it found.
constexpr int kRepaired = 1;

// The program's exit code.
Result<int> run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const char* environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int descriptor : {1, 2}) {
    ::posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0);
  }
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(),
                                   const_cast<char**>(environment));
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return failure(fmt::format("{} cannot be run: {}", words[0], std::strerror(error)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The loop device that shows the file.
std::optional<std::string> find_loop(int image) {
  struct stat file{};
  if (::fstat(image, &file) != 0) return std::nullopt;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block", ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("loop")) continue;
    const std::string path = "/dev/" + name;
    UniqueFd device(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    loop_info64 info{};
    if (!device || ::ioctl(device.get(), LOOP_GET_STATUS64, &info) != 0) continue;
    if (info.lo_device == file.st_dev && info.lo_inode == file.st_ino) return path;
  }
  return std::nullopt;
}

// The root folder of another mount of what is mounted on the loop device: its users' own are out of reach.
Result<UniqueFd> open_mounted(const std::string& loop) {
  auto mount = make_mount("ext4", {{"source", loop}});
  if (!mount) return mount;
  UniqueFd root(::openat(mount->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failure(system_error(loop));
  return root;
}

// Runs `copy` while nothing can be written to the file system on the loop device.
Result<void> while_frozen(const std::string& loop, const auto& copy) {
  auto root = open_mounted(loop);
  if (!root) return std::unexpected(root.error());
  auto thaw = UndoGuard::thaws_file_system(root->get());
  if (!thaw) return std::unexpected(thaw.error());
  if (::ioctl(root->get(), FIFREEZE, 0) != 0) return failure(system_error("freezing " + loop));
  return copy();
}

// Of a disk that nobody has mounted.
Result<void> resize_file_system(const std::string& disk, uint64_t bytes) {
  // A file system that was in use has a journal to be played first, which resize2fs insists on.
  auto checked = run_program({"e2fsck", "-f", "-p", disk});
  if (!checked) return std::unexpected(checked.error());
  if (*checked > kRepaired) return failure(fmt::format("e2fsck of {} ended with code {}", disk, *checked));
  if (::truncate(disk.c_str(), static_cast<off_t>(bytes)) != 0) return failure(system_error(disk));
  auto resized = run_program({"resize2fs", disk});
  if (!resized) return std::unexpected(resized.error());
  if (*resized != 0) return failure(fmt::format("resize2fs of {} ended with code {}", disk, *resized));
  return {};
}

// EXT4_IOC_RESIZE_FS of the kernel's fs/ext4/ext4.h, which no header for programs has: the new number of blocks.
constexpr unsigned long kResizeMounted = _IOW('f', 16, uint64_t);

Result<Growth> grow_mounted(int image, const std::string& path, uint64_t bytes) {
  auto loop = find_loop(image);
  if (!loop) return failure(path + " is about to be mounted or let go");
  auto root = open_mounted(*loop);
  if (!root) return std::unexpected(root.error());
  struct statfs before{};
  UniqueFd device(::open(loop->c_str(), O_RDWR | O_CLOEXEC));
  if (!device || ::fstatfs(root->get(), &before) != 0) return failure(system_error(*loop));
  const uint64_t blocks = bytes / static_cast<uint64_t>(before.f_bsize);
  const bool is_larger = ::truncate(path.c_str(), static_cast<off_t>(bytes)) == 0 &&
                         ::ioctl(device.get(), LOOP_SET_CAPACITY, 0) == 0;
  if (!is_larger) return failure(system_error("growing " + path));
  if (::ioctl(root->get(), kResizeMounted, &blocks) == 0) return Growth::Done;
  // Only who has CAP_SYS_RESOURCE may.
  if (errno == EPERM) return Growth::Later;
  return failure(system_error("growing the file system of " + path));
}

// Everything that is on one disk to another, where nothing is.
Result<void> copy_files(const DiskMount& from, const DiskMount& to) {
  auto source = mount_disk(from);
  if (!source) return std::unexpected(source.error());
  auto target = mount_disk(to);
  if (!target) return std::unexpected(target.error());
  UniqueFd folder(::openat(target->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failure(system_error(to.path));
  auto code = run_program({"cp", "--archive", "--no-target-directory", descriptor_path(source->get()) + "/.",
                           descriptor_path(target->get()) + "/."});
  if (!code) return std::unexpected(code.error());
  if (*code != 0) return failure(fmt::format("copying {} ended with code {}", from.path, *code));
  if (::syncfs(folder.get()) != 0) return failure(system_error(to.path));
  return {};
}

// What the superblock says: the file may be larger, where its file system waits to grow.
Result<uint64_t> file_system_bytes(const std::string& path) {
  constexpr off_t kSuperblock = 1024;
  struct {
    uint32_t inodes, blocks, reserved, free_blocks, free_inodes, first, log_block_size;
  } head{};
  UniqueFd image(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!image || ::pread(image.get(), &head, sizeof(head), kSuperblock) != sizeof(head) ||
      head.log_block_size > 6) {
    return failure("reading the size of " + path);
  }
  return uint64_t{head.blocks} << (10 + head.log_block_size);
}

}  // namespace

Result<void> snapshot_disk(const std::string& disk, const std::string& to) {
  UniqueFd image(::open(disk.c_str(), O_RDONLY | O_CLOEXEC));
  if (!image) return failure(system_error(disk));
  const auto copy = [&] { return copy_disk(disk, to); };
  // Whoever wants to mount it meanwhile waits for this lock.
  if (::flock(image.get(), LOCK_SH | LOCK_NB) == 0) return copy();
  auto loop = find_loop(image.get());
  if (!loop) return failure(disk + " is about to be mounted or let go");
  return while_frozen(*loop, copy);
}

Result<void> copy_folder(const std::string& from, const std::string& to) {
  std::error_code error;
  if (std::filesystem::exists(to, error)) return {};
  const std::string half = to + ".new";
  std::filesystem::remove_all(half, error);
  auto code = run_program({"cp", "--archive", "--reflink=auto", "--no-target-directory", from, half});
  if (!code) return std::unexpected(code.error());
  if (*code != 0) return failure(fmt::format("copying {} ended with code {}", from, *code));
  return rename_tree_durably(half, to);
}

Result<void> copy_disk_larger(const std::string& from, const std::string& to, uint64_t bytes) {
  std::error_code error;
  if (std::filesystem::exists(to, error)) return {};
  auto size = file_system_bytes(from);
  if (!size) return std::unexpected(size.error());
  if (bytes <= *size) return copy_disk(from, to);
  const std::string half = to + ".larger";
  std::filesystem::remove(half, error);
  if (auto copied = copy_disk(from, half); !copied) return copied;
  if (auto resized = resize_file_system(half, bytes); !resized) return resized;
  return rename_durably(half, to);
}

Result<Growth> grow_disk(const std::string& path, uint64_t bytes) {
  auto size = file_system_bytes(path);
  if (!size) return std::unexpected(size.error());
  if (bytes <= *size) return Growth::Done;
  UniqueFd image(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!image) return failure(system_error(path));
  if (::flock(image.get(), LOCK_EX | LOCK_NB) != 0) return grow_mounted(image.get(), path, bytes);
  // A copy, so that a machine that fails meanwhile has the one or the other.
  const std::string half = path + ".larger";
  std::error_code error;
  std::filesystem::remove(half, error);
  if (auto copied = copy_disk(path, half); !copied) return std::unexpected(copied.error());
  if (auto resized = resize_file_system(half, bytes); !resized) return std::unexpected(resized.error());
  if (auto renamed = rename_durably(half, path); !renamed) return std::unexpected(renamed.error());
  return Growth::Done;
}

Result<void> encrypt_disk(const std::string& from, const std::string& to, uint64_t bytes,
                          const std::string& key) {
  std::error_code error;
  if (std::filesystem::exists(to, error)) return {};
  const auto size = std::filesystem::file_size(from, error);
  if (error) return failure(from + ": " + error.message());
  const std::string plain = to + ".plain", half = to + ".encrypted";
  std::filesystem::remove(plain, error);
  std::filesystem::remove(half, error);
  // A copy, because mounting the original would write to it.
  if (auto copied = copy_disk(from, plain); !copied) return copied;
  auto filled = make_disk(half, std::max<uint64_t>(bytes, size), DiskKind::Encrypted);
  if (filled) filled = copy_files({.path = plain}, {.path = half, .key = key});
  std::filesystem::remove(plain, error);
  if (!filled) return filled;
  return rename_durably(half, to);
}

}  // namespace holm::sandbox

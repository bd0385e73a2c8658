// tar in a sandbox of its own, which gets the archive from a thread here.

#include "sandbox/unpack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <thread>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

constexpr uint64_t kMemoryBytes = uint64_t{256} << 20;
constexpr unsigned kProcesses = 16;
constexpr size_t kComplaintBytesMax = 400;
constexpr char kTarget[] = "/mnt";

struct Format {
  std::string_view magic;
  std::string_view program;
};
constexpr auto kFormats = std::to_array<Format>({
    {"\x1f\x8b", "gzip"},
    {"BZh", "bzip2"},
    {std::string_view("\xfd"
                      "7zXZ\0",
                      6),
     "xz"},
    {"\x28\xb5\x2f\xfd", "zstd"},
});

std::string script_for(std::string_view beginning, uint64_t bytes_max) {
  std::string expand = "cat";
  for (const Format& each : kFormats) {
    if (beginning.starts_with(each.magic)) expand = fmt::format("{} --decompress --stdout", each.program);
  }
  return fmt::format(
      "{} | head -c {} | exec tar --extract --file=- --directory={} --numeric-owner --same-owner"
      " --preserve-permissions --exclude='dev/*' --exclude='./dev/*' --exclude='/dev/*' --anchored",
      expand, bytes_max, kTarget);
}

// Sends what is read until the end, or until nobody takes it any more: then whoever took it knows why.
void feed(int socket, std::string_view piece, const ReadPiece& read) {
  while (!piece.empty()) {
    const ssize_t sent = ::send(socket, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return;
    piece.remove_prefix(static_cast<size_t>(sent));
    if (piece.empty()) piece = read();
  }
}

// What was written to the file, in one line: which of the programs complains first is chance.
std::string complaint_in(int file) {
  std::string text(kComplaintBytesMax, '\0');
  const ssize_t count = ::pread(file, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<size_t>(count) : 0);
  text = trim(text);
  std::ranges::replace(text, '\n', ';');
  return text;
}

// Programs that run in a sandbox beside this thread, which sends them what they read. The sandbox goes with
// it.
class Unpacking final {
 public:
  Unpacking(Runtime& runtime, std::string id) : runtime_(runtime), id_(std::move(id)) {}
  Unpacking(const Unpacking&) = delete;
  Unpacking& operator=(const Unpacking&) = delete;
  ~Unpacking() {
    (void)finish();
    (void)runtime_.remove(id_);
  }

  Result<void> start(const std::string& folder, std::string script) {
    if (auto removed = runtime_.remove(id_); !removed) return removed;
    auto started =
        runtime_.start({.id = id_,
                        .args = {"/bin/sleep", "infinity"},
                        .limits = {.memory_bytes = kMemoryBytes, .cpu_percent = 100, .pids = kProcesses},
                        .mounts = {{.source = folder, .destination = kTarget}}});
    if (!started) return std::unexpected(started.error());
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return failure(system_error("socketpair"));
    near_.reset(ends[0]);
    far_.reset(ends[1]);
    complaints_.reset(::memfd_create("complaints", MFD_CLOEXEC));
    if (!complaints_) return failure(system_error("memfd_create"));
    thread_ = std::jthread([this, script = std::move(script)] {
      ended_ = runtime_.exec(id_, {.args = {"/bin/sh", "-c", script},
                                   .env = {"LC_ALL=C"},
                                   .input = far_.get(),
                                   .error = complaints_.get()});
      // Whoever sends learns of it.
      far_.reset();
    });
    return {};
  }

  int input() const { return near_.get(); }

  // They have got everything.
  Result<ExitStatus> finish() {
    near_.reset();
    if (thread_.joinable()) thread_.join();
    return ended_;
  }

  std::string complaint() const { return complaint_in(complaints_.get()); }

 private:
  Runtime& runtime_;
  const std::string id_;
  UniqueFd near_, far_, complaints_;
  Result<ExitStatus> ended_ = ExitStatus();
  std::jthread thread_;
};

}  // namespace

Result<void> unpack_archive(Runtime& runtime, const std::string& id, const ReadPiece& read,
                            const std::string& folder, uint64_t bytes_max) {
  const std::string_view first = read();
  Unpacking unpacking(runtime, id);
  if (auto started = unpacking.start(folder, script_for(first, bytes_max)); !started) return started;
  feed(unpacking.input(), first, read);
  const auto ended = unpacking.finish();
  if (!ended) return std::unexpected(ended.error());
  if (ended->succeeded()) return {};
  if (ended->out_of_memory) return failure("unpacking it takes too much memory");
  const std::string complaint = unpacking.complaint();
  return failure(fmt::format("the archive could not be unpacked (to at most {} bytes): {}", bytes_max,
                             complaint.empty() ? fmt::format("tar ended with {}", ended->code) : complaint));
}

}  // namespace holm::sandbox

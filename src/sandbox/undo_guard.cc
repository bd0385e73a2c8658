// A forked process at the other end of a pipe. It may do nothing that another thread's lock could stop.

#include "sandbox/undo_guard.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

// An empty text is a thaw. Holds nothing open of the daemon's but the two descriptors: another guard's pipe
// would never end, a listening socket or a lock never be given up.
[[noreturn]] void wait_and_undo(int lifeline, int descriptor, const char* text, size_t length) {
  // Both are moved out of the way of each other first.
  const int high_lifeline = ::fcntl(lifeline, F_DUPFD, 64),
            high_descriptor = ::fcntl(descriptor, F_DUPFD, 64);
  if (high_lifeline < 0 || high_descriptor < 0) ::_exit(1);
  ::dup2(high_lifeline, 0);
  ::dup2(high_descriptor, 1);
  ::close_range(2, ~0U, 0);
  ::setsid();  // A signal to the daemon's group is not for it.
  char byte = 0;
  while (::read(0, &byte, 1) < 0 && errno == EINTR) {
  }
  const bool is_undone =
      length == 0 ? ::ioctl(1, FITHAW, 0) == 0 : ::pwrite(1, text, length, 0) == static_cast<ssize_t>(length);
  ::_exit(is_undone ? 0 : 1);
}

}  // namespace

UndoGuard::UndoGuard(UniqueFd lifeline, pid_t process) : lifeline_(std::move(lifeline)), process_(process) {}

UndoGuard::UndoGuard(UndoGuard&& other) noexcept
    : lifeline_(std::move(other.lifeline_)), process_(std::exchange(other.process_, -1)) {}

UndoGuard::~UndoGuard() {
  if (process_ < 0) return;
  lifeline_.reset();
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<UndoGuard> UndoGuard::arm(int descriptor, std::string_view text) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure(system_error("a pipe"));
  UniqueFd reads(ends[0]), writes(ends[1]);
  const pid_t process = ::fork();
  if (process < 0) return failure(system_error("a process"));
  if (process == 0) wait_and_undo(reads.get(), descriptor, text.data(), text.size());
  return UndoGuard(std::move(writes), process);
}

Result<UndoGuard> UndoGuard::thaws_file_system(int root) { return arm(root, ""); }

Result<UndoGuard> UndoGuard::writes(int file, std::string_view text) { return arm(file, text); }

}  // namespace holm::sandbox

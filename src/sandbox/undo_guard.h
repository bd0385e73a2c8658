// What must be undone even if the daemon is killed meanwhile. Private to this folder.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::sandbox {

// A process that waits until the guard or the daemon is gone, and then undoes what its maker did. Any thread.
class UndoGuard final {
 public:
  // Thaws the file system that the folder `root` is on.
  static Result<UndoGuard> thaws_file_system(int root);
  // Writes a short text into the file, which is open for writing.
  static Result<UndoGuard> writes(int file, std::string_view text);

  UndoGuard(UndoGuard&&) noexcept;
  UndoGuard& operator=(UndoGuard&&) = delete;
  // Returns when it is undone.
  ~UndoGuard();

 private:
  UndoGuard(UniqueFd lifeline, pid_t process);
  static Result<UndoGuard> arm(int descriptor, std::string_view text);

  UniqueFd lifeline_;
  pid_t process_;
};

}  // namespace holm::sandbox

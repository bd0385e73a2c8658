// How a process ended.
#pragma once

#include "base/clock.h"

namespace holm::sandbox {

struct ExitStatus {
  // The exit code, or -1 when a signal ended it.
  int code = -1;
  // The signal that ended it, or 0.
  int signal = 0;
  // The kernel killed something inside because the memory limit was reached.
  bool out_of_memory = false;
  // Nobody saw the end: the anchor was killed and took the sandbox with it. `code` and `signal` say
  // nothing.
  bool lost = false;
  Time time{};

  bool succeeded() const { return code == 0 && !lost; }
};

}  // namespace holm::sandbox

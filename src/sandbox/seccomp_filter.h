// The system calls guests may make, as a compiled filter. Private to this folder.
#pragma once

#include <string>

#include "base/result.h"
#include "sandbox/runtime.h"

namespace holm::sandbox {

// A BPF program in the kernel's form. Compiling takes about 10 ms: do it once. Any thread.
Result<std::string> compile_seccomp_filter(SandboxSpec::Privileges privileges);

}  // namespace holm::sandbox

// The container runtime's configuration of a sandbox. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/runtime.h"

namespace holm::sandbox {

struct ContainerConfig {
  std::string root;
  std::string user_namespace_path;
  std::string network_namespace_path;
  // Empty: no limits can be set on this machine.
  std::string control_group_path;
  std::string seccomp_program;
  uint32_t first_id = 0;
  uint64_t open_files_max = 0;
};

// https://github.com/opencontainers/runtime-spec/blob/main/config.md
std::string container_config(const SandboxSpec& spec, const ContainerConfig& config);

// The process of `ExecSpec`, with no more rights than the sandbox's own processes have.
std::string exec_process(const ExecSpec& spec, SandboxSpec::Privileges privileges,
                         uint64_t open_files_max);

// `text` as a JSON string, quoted. Bytes that are no UTF-8 stay as they are.
std::string json_quote(std::string_view text);

}  // namespace holm::sandbox

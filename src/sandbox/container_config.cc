// The OCI runtime configuration as JSON text.

#include "sandbox/container_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "sandbox/namespaces.h"

namespace holm::sandbox {

namespace {

constexpr char kCapabilitiesOfEngines[] =
    R"("CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_SETGID",)"
    R"("CAP_SETUID","CAP_NET_BIND_SERVICE")";
constexpr char kCapabilitiesOfInstances[] =
    R"(,"CAP_SETPCAP","CAP_SETFCAP","CAP_NET_RAW","CAP_SYS_CHROOT","CAP_AUDIT_WRITE")";

constexpr char kMounts[] = R"([
{"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},
{"destination":"/dev","type":"tmpfs","source":"tmpfs",
 "options":["nosuid","strictatime","mode=755","size=65536k"]},
{"destination":"/dev/pts","type":"devpts","source":"devpts",
 "options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},
{"destination":"/dev/shm","type":"tmpfs","source":"shm",
 "options":["nosuid","noexec","nodev","mode=1777","size=25%"]},
{"destination":"/dev/mqueue","type":"mqueue","source":"mqueue",
 "options":["nosuid","noexec","nodev"]},
{"destination":"/sys","type":"sysfs","source":"sysfs",
 "options":["nosuid","noexec","nodev","ro"]},
{"destination":"/run","type":"tmpfs","source":"tmpfs",
 "options":["nosuid","nodev","mode=755","size=25%"]}])";

constexpr char kMaskedPaths[] =
    R"(["/proc/acpi","/proc/asound","/proc/config.gz","/proc/kcore","/proc/keys","/proc/key-users",)"
    R"("/proc/kmsg","/proc/kallsyms","/proc/latency_stats","/proc/sched_debug","/proc/scsi",)"
    R"("/proc/timer_list","/proc/timer_stats","/proc/cmdline",)"
    R"("/sys/firmware","/sys/kernel","/sys/fs","/sys/module","/sys/power",)"
    R"("/sys/devices/virtual/powercap","/sys/devices/virtual/dmi"])";
constexpr char kReadOnlyPaths[] =
    R"(["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"])";

constexpr uint64_t kCpuPeriodMicroseconds = 100000;

std::string string_list(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(json_quote(text));
  return "[" + join(quoted, ",") + "]";
}

// Defaults for what the caller did not set.
std::vector<std::string> environment(const SandboxSpec& spec) {
  std::vector<std::string> env = spec.env;
  for (const char* preset : {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                             "HOME=/root", "LANG=C.UTF-8"}) {
    std::string_view name = std::string_view(preset).substr(0, std::string_view(preset).find('='));
    bool set = std::ranges::any_of(spec.env, [name](const std::string& each) {
      return each.starts_with(name) && each.size() > name.size() && each[name.size()] == '=';
    });
    if (!set) env.emplace_back(preset);
  }
  return env;
}

std::string capabilities(const SandboxSpec& spec) {
  std::string list;
  if (spec.privileges != SandboxSpec::Privileges::Function) list = kCapabilitiesOfEngines;
  if (spec.privileges == SandboxSpec::Privileges::Instance) list += kCapabilitiesOfInstances;
  std::string held = spec.user == 0 ? list : "";
  return fmt::format(R"({{"bounding":[{0}],"effective":[{1}],"permitted":[{1}],"inheritable":[]}})",
                     list, held);
}

std::string process(const SandboxSpec& spec, const char* terminal, uint64_t open_files_max) {
  std::string groups = fmt::format("{}", fmt::join(spec.additional_groups, ","));
  return fmt::format(
      R"({{"terminal":{},"user":{{"uid":{},"gid":{},"additionalGids":[{}]}},"args":{},"env":{},)"
      R"("cwd":{},"capabilities":{},"noNewPrivileges":true,)"
      R"("rlimits":[{{"type":"RLIMIT_NOFILE","hard":{},"soft":{}}},)"
      R"({{"type":"RLIMIT_CORE","hard":0,"soft":0}}]}})",
      terminal, spec.user, spec.group, groups, string_list(spec.args),
      string_list(environment(spec)), json_quote(spec.working_directory), capabilities(spec),
      open_files_max, open_files_max);
}

std::string resources(const Limits& limits) {
  std::vector<std::string> parts;
  if (limits.memory_bytes) {
    parts.push_back(fmt::format(R"("memory":{{"limit":{0},"swap":{0}}})", limits.memory_bytes));
  }
  if (limits.cpu_percent) {
    parts.push_back(fmt::format(R"("cpu":{{"quota":{},"period":{}}})",
                                limits.cpu_percent * kCpuPeriodMicroseconds / 100,
                                kCpuPeriodMicroseconds));
  }
  if (limits.pids) parts.push_back(fmt::format(R"("pids":{{"limit":{}}})", limits.pids));
  return "{" + join(parts, ",") + "}";
}

std::string linux_part(const SandboxSpec& spec, const ContainerConfig& config) {
  std::string map = fmt::format(R"([{{"containerID":0,"hostID":{},"size":{}}}])", config.first_id,
                                kIdsPerSandbox);
  std::string control_group;
  std::string control_group_namespace;
  if (!config.control_group_path.empty()) {
    control_group_namespace = R"(,{"type":"cgroup"})";
    control_group = fmt::format(R"(,"cgroupsPath":{},"resources":{})",
                                json_quote(config.control_group_path), resources(spec.limits));
  }
  return fmt::format(
      R"({{"namespaces":[{{"type":"pid"}},{{"type":"mount"}},{{"type":"ipc"}},{{"type":"uts"}},)"
      R"({{"type":"user","path":{}}},{{"type":"network","path":{}}}{}],)"
      R"("uidMappings":{},"gidMappings":{},"maskedPaths":{},"readonlyPaths":{}{}}})",
      json_quote(config.user_namespace_path), json_quote(config.network_namespace_path),
      control_group_namespace, map, map, kMaskedPaths, kReadOnlyPaths, control_group);
}

}  // namespace

std::string exec_process(const ExecSpec& spec, SandboxSpec::Privileges privileges,
                         uint64_t open_files_max) {
  SandboxSpec same{.args = spec.args,
                   .env = spec.env,
                   .working_directory = spec.working_directory,
                   .user = spec.user,
                   .group = spec.group,
                   .privileges = privileges};
  const char* terminal = spec.terminal == ExecSpec::Terminal::Yes ? "true" : "false";
  return process(same, terminal, open_files_max);
}

std::string json_quote(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string container_config(const SandboxSpec& spec, const ContainerConfig& config) {
  return fmt::format(
      R"({{"ociVersion":"1.0.2","process":{},"root":{{"path":{},"readonly":{}}},"hostname":{},"mounts":{},)"
      R"("annotations":{{"run.oci.seccomp_bpf_data":{}}},"linux":{}}})",
      process(spec, "false", config.open_files_max), json_quote(config.root),
      spec.root == SandboxSpec::Root::ReadOnly,
      json_quote(spec.hostname.empty() ? spec.id : spec.hostname), kMounts,
      json_quote(base64_encode(config.seccomp_program)), linux_part(spec, config));
}

}  // namespace holm::sandbox

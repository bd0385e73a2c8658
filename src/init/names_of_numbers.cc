// Signals and capabilities by their names.

#include <array>

#include "base/strings.h"
#include "init/unit.h"

namespace holm::init {

namespace {

struct Named {
  std::string_view name;
  int number;
};

constexpr auto kSignals = std::to_array<Named>({
    {"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT}, {"BUS", SIGBUS},     {"FPE", SIGFPE},   {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},   {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT},   {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU}, {"URG", SIGURG},     {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"PWR", SIGPWR},   {"SYS", SIGSYS},
});

constexpr auto kCapabilities = std::to_array<std::string_view>({"chown",
                                                                "dac_override",
                                                                "dac_read_search",
                                                                "fowner",
                                                                "fsetid",
                                                                "kill",
                                                                "setgid",
                                                                "setuid",
                                                                "setpcap",
                                                                "linux_immutable",
                                                                "net_bind_service",
                                                                "net_broadcast",
                                                                "net_admin",
                                                                "net_raw",
                                                                "ipc_lock",
                                                                "ipc_owner",
                                                                "sys_module",
                                                                "sys_rawio",
                                                                "sys_chroot",
                                                                "sys_ptrace",
                                                                "sys_pacct",
                                                                "sys_admin",
                                                                "sys_boot",
                                                                "sys_nice",
                                                                "sys_resource",
                                                                "sys_time",
                                                                "sys_tty_config",
                                                                "mknod",
                                                                "lease",
                                                                "audit_write",
                                                                "audit_control",
                                                                "setfcap",
                                                                "mac_override",
                                                                "mac_admin",
                                                                "syslog",
                                                                "wake_alarm",
                                                                "block_suspend",
                                                                "audit_read",
                                                                "perfmon",
                                                                "bpf",
                                                                "checkpoint_restore"});

}  // namespace

int parse_signal(std::string_view text) {
  if (auto number = parse_integer(text)) return *number > 0 && *number <= 64 ? static_cast<int>(*number) : 0;
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (const Named& each : kSignals) {
    if (each.name == text) return each.number;
  }
  return 0;
}

std::string signal_name(int number) {
  for (const Named& each : kSignals) {
    if (each.number == number) return std::string(each.name);
  }
  return std::to_string(number);
}

int parse_capability(std::string_view text) {
  std::string name = to_lower(text);
  if (name.starts_with("cap_")) name.erase(0, 4);
  for (size_t i = 0; i < kCapabilities.size(); ++i) {
    if (kCapabilities[i] == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace holm::init

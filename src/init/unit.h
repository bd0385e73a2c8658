// What a unit says, as values.
#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "init/command_line.h"
#include "init/time_span.h"
#include "init/unit_file.h"

namespace holm::init {

// A test before a start; `negated` by "!", and of those `alternative` by "|" one is enough.
struct Condition {
  enum class Kind {
    PathExists,
    PathExistsGlob,
    PathIsDirectory,
    PathIsSymbolicLink,
    FileNotEmpty,
    FileIsExecutable,
    DirectoryNotEmpty,
    Capability,
    Virtualization
  };
  Kind kind = Kind::PathExists;
  std::string operand;  // A path, but for the last two.
  bool negated = false;
  bool alternative = false;
  bool is_assertion = false;  // One that does not hold fails the start instead of skipping it.
  std::string shown;          // As written: "ConditionPathExists=!/x".
};

struct StreamTarget {
  enum class Kind { Journal, Null, Truncate, Overwrite, Append, Inherit };
  Kind kind = Kind::Journal;
  std::string path;
};

// Exit codes and signals that a unit names.
struct ExitSet {
  std::vector<int> codes;
  std::vector<int> signals;
  bool holds(bool is_signal, int number) const;
};

struct ResourceLimit {
  int resource = 0;
  rlim_t soft = RLIM_INFINITY;
  rlim_t hard = RLIM_INFINITY;
};

// Folders made before the start, owned by the unit's user, and told in a variable.
struct FolderSetting {
  const char* root;      // "/run"
  const char* variable;  // "RUNTIME_DIRECTORY"
  std::vector<std::string> names = {};
  unsigned mode = 0755;
};

enum class ServiceType { Simple, Exec, Forking, Oneshot, Notify };
enum class RestartPolicy { No, Always, OnSuccess, OnFailure, OnAbnormal, OnAbort, OnWatchdog };
enum class KillMode { ControlGroup, Mixed, Process, None };
enum class NotifyAccess { None, Main, All };

struct EnvironmentFile {
  std::string path;
  bool may_miss = false;
};

struct Service {
  ServiceType type = ServiceType::Simple;
  bool has_type = false;
  std::vector<Command> conditions, start_pre, start, start_post, reload, stop, stop_post;
  RestartPolicy restart = RestartPolicy::No;
  Duration restart_delay{100'000};
  std::optional<Duration> start_timeout;  // Not set: 90 s, or for ever for a oneshot.
  Duration stop_timeout{90'000'000};
  Duration run_time_max = kForever;
  Duration watchdog{0};
  bool remains_after_exit = false;
  std::string pid_file;
  std::optional<NotifyAccess> notify_access;
  ExitSet success, prevents_restart, forces_restart;

  KillMode kill_mode = KillMode::ControlGroup;
  int kill_signal = SIGTERM;
  int watchdog_signal = SIGABRT;
  bool sends_hangup = false;
  bool sends_kill = true;

  std::string user, group;
  std::vector<std::string> additional_groups;
  std::string working_directory;
  bool working_directory_may_miss = false;
  std::vector<std::string> environment, passed_variables, unset_variables;
  std::vector<EnvironmentFile> environment_files;
  std::string input_path;  // Empty: /dev/null.
  StreamTarget output;
  StreamTarget error{.kind = StreamTarget::Kind::Inherit, .path = {}};
  std::string identifier;
  std::vector<ResourceLimit> limits;
  std::optional<int> nice;
  unsigned umask = 0022;
  bool ignores_pipe_signal = true;
  FolderSetting runtime{.root = "/run", .variable = "RUNTIME_DIRECTORY"};
  FolderSetting state{.root = "/var/lib", .variable = "STATE_DIRECTORY"};
  FolderSetting cache{.root = "/var/cache", .variable = "CACHE_DIRECTORY"};
  FolderSetting logs{.root = "/var/log", .variable = "LOGS_DIRECTORY"};
  FolderSetting configuration{.root = "/etc", .variable = "CONFIGURATION_DIRECTORY"};
  bool keeps_runtime_directory = false;
  std::vector<int> ambient_capabilities;
};

struct Install {
  std::vector<std::string> wanted_by, required_by, aliases, also;
  std::string default_instance;
};

enum class LoadState { Loaded, NotFound, BadSetting, Masked };

struct Unit {
  std::string name;
  std::vector<std::string> names;  // With those of aliases; `name` first.
  std::string fragment_path;       // Empty: part of this program.
  std::vector<std::string> drop_in_paths;
  LoadState load_state = LoadState::Loaded;
  std::string load_error;
  std::vector<Remark> remarks;
  // Settings that ask for more isolation or other shares than an instance can give: told once.
  std::vector<std::string> not_applied;

  std::string description;
  std::vector<std::string> after, before, requires_units, wants, requisite, binds_to, part_of, conflicts,
      on_failure;
  bool has_default_dependencies = true;
  std::vector<Condition> conditions;
  Duration start_limit_interval{10'000'000};
  unsigned start_limit_burst = 5;
  Service service;
  Install install;

  std::string_view kind() const;  // "service"
};

// Applies what files say, in order. What is not understood becomes a remark; what cannot be served (a Type=
// for instance) makes the unit one that cannot be started, with the reason.
void apply_assignments(Unit& unit, const UnitFile& file, const std::string& path,
                       const Specifiers& specifiers);

// After the last file: what the whole must have.
void check_unit(Unit& unit);

// "SIGTERM", "TERM" or a number; 0 when it is none.
int parse_signal(std::string_view text);
// "TERM"; a number for those without a name.
std::string signal_name(int number);
// "CAP_NET_BIND_SERVICE"; -1 when there is no such capability.
int parse_capability(std::string_view text);

}  // namespace holm::init

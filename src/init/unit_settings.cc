// What each setting of a unit file means: a table of names and functions.

#include <algorithm>
#include <array>
#include <type_traits>

#include "base/strings.h"
#include "init/unit.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

struct Line {
  std::string_view key;
  std::string_view value;
  const Specifiers& specifiers;
};

using Taken = Result<void>;
using Apply = Taken (*)(Unit&, const Line&);

template <class Owner, class Value>
Value& value_of(Unit& unit, Value Owner::* member) {
  if constexpr (std::is_same_v<Owner, Service>) return unit.service.*member;
  else if constexpr (std::is_same_v<Owner, Install>) return unit.install.*member;
  else return unit.*member;
}

void refuse(Unit& unit, std::string reason) {
  if (unit.load_state != LoadState::Loaded) return;
  unit.load_state = LoadState::BadSetting;
  unit.load_error = std::move(reason);
}

template <auto member>
Taken flag(Unit& unit, const Line& line) {
  auto value = parse_boolean(line.value);
  if (!value) return failure("neither yes nor no");
  value_of(unit, member) = *value;
  return {};
}

template <auto member>
Taken text(Unit& unit, const Line& line) {
  auto value = expand_specifiers(line.value, line.specifiers);
  if (!value) return std::unexpected(value.error());
  value_of(unit, member) = std::move(*value);
  return {};
}

// Names of units; an empty value changes nothing, as with systemd.
template <auto member>
Taken units(Unit& unit, const Line& line) {
  auto words = split_words(line.value);
  if (!words) return std::unexpected(words.error());
  for (const std::string& word : *words) {
    auto name = expand_specifiers(word, line.specifiers);
    if (!name) return std::unexpected(name.error());
    if (!is_unit_name(*name)) return failure("not a unit's name: " + *name);
    value_of(unit, member).push_back(std::move(*name));
  }
  return {};
}

template <auto member>
Taken words(Unit& unit, const Line& line) {
  if (line.value.empty()) {
    value_of(unit, member).clear();
    return {};
  }
  auto found = split_words(line.value);
  if (!found) return std::unexpected(found.error());
  for (const std::string& word : *found) {
    auto value = expand_specifiers(word, line.specifiers);
    if (!value) return std::unexpected(value.error());
    value_of(unit, member).push_back(std::move(*value));
  }
  return {};
}

template <auto member>
Taken span(Unit& unit, const Line& line) {
  auto value = parse_time_span(line.value);
  if (!value) return failure("not a length of time");
  value_of(unit, member) = *value;
  return {};
}

// 0 stands for no limit.
template <auto member>
Taken timeout(Unit& unit, const Line& line) {
  auto value = parse_time_span(line.value);
  if (!value) return failure("not a length of time");
  value_of(unit, member) = *value == Duration(0) ? kForever : *value;
  return {};
}

Taken both_timeouts(Unit& unit, const Line& line) {
  if (auto taken = timeout<&Service::start_timeout>(unit, line); !taken) return taken;
  return timeout<&Service::stop_timeout>(unit, line);
}

template <auto member>
Taken commands(Unit& unit, const Line& line) {
  std::vector<Command>& known = value_of(unit, member);
  if (line.value.empty()) known.clear();
  auto found = parse_commands(line.value, line.specifiers);
  if (!found) return std::unexpected(found.error());
  known.insert(known.end(), found->begin(), found->end());
  return {};
}

template <auto member>
Taken signal(Unit& unit, const Line& line) {
  const int number = parse_signal(line.value);
  if (number == 0) return failure("not a signal");
  value_of(unit, member) = number;
  return {};
}

std::optional<unsigned> parse_octal(std::string_view text) {
  unsigned value = 0;
  if (text.empty() || text.size() > 5) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<unsigned>(c - '0');
  }
  return value <= 07777 ? std::optional(value) : std::nullopt;
}

Taken umask_setting(Unit& unit, const Line& line) {
  auto mode = parse_octal(line.value);
  if (!mode) return failure("not an octal mode");
  unit.service.umask = *mode & 0777;
  return {};
}

template <auto member>
Taken folder_mode(Unit& unit, const Line& line) {
  auto mode = parse_octal(line.value);
  if (!mode) return failure("not an octal mode");
  (unit.service.*member).mode = *mode;
  return {};
}

template <auto member>
Taken folders(Unit& unit, const Line& line) {
  FolderSetting& setting = unit.service.*member;
  if (line.value.empty()) setting.names.clear();
  auto found = split_words(line.value);
  if (!found) return std::unexpected(found.error());
  for (const std::string& word : *found) {
    auto name = expand_specifiers(word, line.specifiers);
    if (!name) return std::unexpected(name.error());
    const std::string framed = "/" + *name + "/";
    if (name->starts_with('/') || framed.find("/../") != std::string::npos ||
        framed.find("//") != std::string::npos) {
      return failure("a folder is named relative to " + std::string(setting.root));
    }
    if (name->find(':') != std::string::npos) return failure("links to folders (NAME:LINK) are not built");
    setting.names.push_back(std::move(*name));
  }
  return {};
}

template <int resource>
Taken limit(Unit& unit, const Line& line) {
  const size_t colon = line.value.find(':');
  auto soft = parse_size(line.value.substr(0, colon));
  auto hard = colon == std::string_view::npos ? soft : parse_size(line.value.substr(colon + 1));
  if (!soft || !hard || *soft > *hard) return failure("not a limit");
  std::erase_if(unit.service.limits, [](const ResourceLimit& each) { return each.resource == resource; });
  unit.service.limits.push_back({.resource = resource, .soft = *soft, .hard = *hard});
  return {};
}

Taken nice(Unit& unit, const Line& line) {
  auto value = parse_integer(line.value);
  if (!value || *value < -20 || *value > 19) return failure("not between -20 and 19");
  unit.service.nice = static_cast<int>(*value);
  return {};
}

Taken burst(Unit& unit, const Line& line) {
  auto value = parse_integer(line.value);
  if (!value || *value < 0 || *value > 1'000'000) return failure("not a count");
  unit.start_limit_burst = static_cast<unsigned>(*value);
  return {};
}

template <auto member>
Taken exits(Unit& unit, const Line& line) {
  ExitSet& set = unit.service.*member;
  if (line.value.empty()) set = {};
  auto found = split_words(line.value);
  if (!found) return std::unexpected(found.error());
  for (const std::string& word : *found) {
    auto code = parse_integer(word);
    if (code && *code >= 0 && *code <= 255) set.codes.push_back(static_cast<int>(*code));
    else if (const int number = parse_signal(word); !code && number != 0) set.signals.push_back(number);
    else return failure("neither an exit code nor a signal: " + word);
  }
  return {};
}

template <class Value>
struct Choice {
  std::string_view word;
  Value value;
};

template <class Value, size_t count>
Taken choose(std::string_view word, const Choice<Value> (&choices)[count], Value& chosen) {
  for (const Choice<Value>& choice : choices) {
    if (choice.word != word) continue;
    chosen = choice.value;
    return {};
  }
  return failure("not one of those there are");
}

Taken service_type(Unit& unit, const Line& line) {
  constexpr Choice<ServiceType> kTypes[] = {
      {"simple", ServiceType::Simple},   {"idle", ServiceType::Simple},     {"exec", ServiceType::Exec},
      {"forking", ServiceType::Forking}, {"oneshot", ServiceType::Oneshot}, {"notify", ServiceType::Notify}};
  if (!choose(line.value, kTypes, unit.service.type)) {
    refuse(unit, "Type=" + std::string(line.value) + " is not built in holm's init");
  }
  unit.service.has_type = true;
  return {};
}

Taken restart(Unit& unit, const Line& line) {
  constexpr Choice<RestartPolicy> kPolicies[] = {{"no", RestartPolicy::No},
                                                 {"always", RestartPolicy::Always},
                                                 {"on-success", RestartPolicy::OnSuccess},
                                                 {"on-failure", RestartPolicy::OnFailure},
                                                 {"on-abnormal", RestartPolicy::OnAbnormal},
                                                 {"on-abort", RestartPolicy::OnAbort},
                                                 {"on-watchdog", RestartPolicy::OnWatchdog}};
  return choose(line.value, kPolicies, unit.service.restart);
}

Taken kill_mode(Unit& unit, const Line& line) {
  constexpr Choice<KillMode> kModes[] = {{"control-group", KillMode::ControlGroup},
                                         {"mixed", KillMode::Mixed},
                                         {"process", KillMode::Process},
                                         {"none", KillMode::None}};
  return choose(line.value, kModes, unit.service.kill_mode);
}

Taken notify_access(Unit& unit, const Line& line) {
  constexpr Choice<NotifyAccess> kAccess[] = {{"none", NotifyAccess::None},
                                              {"main", NotifyAccess::Main},
                                              {"exec", NotifyAccess::All},
                                              {"all", NotifyAccess::All}};
  NotifyAccess access = NotifyAccess::None;
  if (auto taken = choose(line.value, kAccess, access); !taken) return taken;
  unit.service.notify_access = access;
  return {};
}

template <auto member>
Taken stream(Unit& unit, const Line& line) {
  using Kind = StreamTarget::Kind;
  StreamTarget& target = unit.service.*member;
  constexpr Choice<Kind> kWords[] = {{"inherit", Kind::Inherit}, {"null", Kind::Null},
                                     {"journal", Kind::Journal}, {"journal+console", Kind::Journal},
                                     {"syslog", Kind::Journal},  {"syslog+console", Kind::Journal},
                                     {"kmsg", Kind::Journal},    {"kmsg+console", Kind::Journal},
                                     {"tty", Kind::Journal}};
  constexpr Choice<Kind> kFiles[] = {
      {"file", Kind::Overwrite}, {"append", Kind::Append}, {"truncate", Kind::Truncate}};
  const size_t colon = line.value.find(':');
  if (colon == std::string_view::npos) {
    target.path.clear();
    return choose(line.value, kWords, target.kind);
  }
  auto path = expand_specifiers(line.value.substr(colon + 1), line.specifiers);
  if (!path) return std::unexpected(path.error());
  if (!path->starts_with('/')) return failure("not an absolute path");
  if (auto taken = choose(line.value.substr(0, colon), kFiles, target.kind); !taken) return taken;
  target.path = std::move(*path);
  return {};
}

Taken input(Unit& unit, const Line& line) {
  unit.service.input_path.clear();
  if (line.value.empty() || line.value == "null") return {};
  if (!line.value.starts_with("file:/")) return failure("only null and file:PATH are built");
  auto path = expand_specifiers(line.value.substr(5), line.specifiers);
  if (!path) return std::unexpected(path.error());
  unit.service.input_path = std::move(*path);
  return {};
}

Taken working_directory(Unit& unit, const Line& line) {
  std::string_view value = line.value;
  unit.service.working_directory_may_miss = value.starts_with('-');
  if (value.starts_with('-')) value.remove_prefix(1);
  auto path = expand_specifiers(value, line.specifiers);
  if (!path) return std::unexpected(path.error());
  if (!path->empty() && *path != "~" && !path->starts_with('/')) return failure("not an absolute path");
  unit.service.working_directory = std::move(*path);
  return {};
}

Taken environment(Unit& unit, const Line& line) {
  if (auto taken = words<&Service::environment>(unit, line); !taken) return taken;
  const size_t before = unit.service.environment.size();
  std::erase_if(unit.service.environment, [](const std::string& each) {
    const size_t equals = each.find('=');
    return equals == std::string::npos || !is_variable_name(std::string_view(each).substr(0, equals));
  });
  if (unit.service.environment.size() != before) return failure("a word that is no NAME=VALUE");
  return {};
}

Taken environment_file(Unit& unit, const Line& line) {
  if (line.value.empty()) unit.service.environment_files.clear();
  if (line.value.empty()) return {};
  const bool may_miss = line.value.starts_with('-');
  auto path = expand_specifiers(line.value.substr(may_miss ? 1 : 0), line.specifiers);
  if (!path) return std::unexpected(path.error());
  if (!path->starts_with('/')) return failure("not an absolute path");
  unit.service.environment_files.push_back({.path = std::move(*path), .may_miss = may_miss});
  return {};
}

Taken pid_file(Unit& unit, const Line& line) {
  if (auto taken = text<&Service::pid_file>(unit, line); !taken) return taken;
  std::string& path = unit.service.pid_file;
  if (!path.empty() && !path.starts_with('/')) path = "/run/" + path;
  if (path.starts_with("/var/run/")) path.erase(0, 4);
  return {};
}

Taken ambient_capabilities(Unit& unit, const Line& line) {
  if (line.value.empty()) unit.service.ambient_capabilities.clear();
  if (line.value.starts_with('~')) return failure("capabilities to leave out are not built");
  auto found = split_words(line.value);
  if (!found) return std::unexpected(found.error());
  for (const std::string& word : *found) {
    const int number = parse_capability(word);
    if (number < 0) return failure("not a capability: " + word);
    unit.service.ambient_capabilities.push_back(number);
  }
  return {};
}

Taken keeps_runtime_directory(Unit& unit, const Line& line) {
  auto value = line.value == "restart" ? std::optional(true) : parse_boolean(line.value);
  if (!value) return failure("neither yes, no nor restart");
  unit.service.keeps_runtime_directory = *value;
  return {};
}

template <Condition::Kind kind, bool is_assertion>
Taken condition(Unit& unit, const Line& line) {
  if (line.value.empty()) {
    std::erase_if(unit.conditions, [](const Condition& each) { return each.is_assertion == is_assertion; });
    return {};
  }
  Condition made{.kind = kind, .is_assertion = is_assertion};
  std::string_view value = line.value;
  if (value.starts_with('|')) made.alternative = true;
  if (made.alternative) value.remove_prefix(1);
  if (value.starts_with('!')) made.negated = true;
  if (made.negated) value.remove_prefix(1);
  auto operand = expand_specifiers(value, line.specifiers);
  if (!operand) return std::unexpected(operand.error());
  const bool is_path = kind != Condition::Kind::Capability && kind != Condition::Kind::Virtualization;
  if (is_path && !operand->starts_with('/')) return failure("not an absolute path");
  made.operand = std::move(*operand);
  made.shown = std::string(line.key) + "=" + std::string(line.value);
  unit.conditions.push_back(std::move(made));
  return {};
}

// Settings without which a program would do something else, or more, than its unit asks for.
Taken dangerous(Unit& unit, const Line& line) {
  if (line.value.empty() || parse_boolean(line.value) == std::optional(false)) return {};
  refuse(unit, std::string(line.key) + "= is not built, and without it the program would have more rights");
  return {};
}

struct Setting {
  std::string_view section;
  std::string_view key;
  Apply apply;
};

using Kind = Condition::Kind;

constexpr auto kSettings = std::to_array<Setting>({
    {"Unit", "Description", text<&Unit::description>},
    {"Unit", "After", units<&Unit::after>},
    {"Unit", "Before", units<&Unit::before>},
    {"Unit", "Requires", units<&Unit::requires_units>},
    {"Unit", "Wants", units<&Unit::wants>},
    {"Unit", "Upholds", units<&Unit::wants>},
    {"Unit", "Requisite", units<&Unit::requisite>},
    {"Unit", "BindsTo", units<&Unit::binds_to>},
    {"Unit", "PartOf", units<&Unit::part_of>},
    {"Unit", "Conflicts", units<&Unit::conflicts>},
    {"Unit", "OnFailure", units<&Unit::on_failure>},
    {"Unit", "DefaultDependencies", flag<&Unit::has_default_dependencies>},
    {"Unit", "StartLimitIntervalSec", span<&Unit::start_limit_interval>},
    {"Unit", "StartLimitBurst", burst},
    {"Unit", "ConditionPathExists", condition<Kind::PathExists, false>},
    {"Unit", "ConditionPathExistsGlob", condition<Kind::PathExistsGlob, false>},
    {"Unit", "ConditionPathIsDirectory", condition<Kind::PathIsDirectory, false>},
    {"Unit", "ConditionPathIsSymbolicLink", condition<Kind::PathIsSymbolicLink, false>},
    {"Unit", "ConditionFileNotEmpty", condition<Kind::FileNotEmpty, false>},
    {"Unit", "ConditionFileIsExecutable", condition<Kind::FileIsExecutable, false>},
    {"Unit", "ConditionDirectoryNotEmpty", condition<Kind::DirectoryNotEmpty, false>},
    {"Unit", "ConditionCapability", condition<Kind::Capability, false>},
    {"Unit", "ConditionVirtualization", condition<Kind::Virtualization, false>},
    {"Unit", "AssertPathExists", condition<Kind::PathExists, true>},
    {"Unit", "AssertPathIsDirectory", condition<Kind::PathIsDirectory, true>},
    {"Unit", "AssertFileNotEmpty", condition<Kind::FileNotEmpty, true>},
    {"Unit", "AssertFileIsExecutable", condition<Kind::FileIsExecutable, true>},
    {"Install", "WantedBy", words<&Install::wanted_by>},
    {"Install", "RequiredBy", words<&Install::required_by>},
    {"Install", "Alias", words<&Install::aliases>},
    {"Install", "Also", words<&Install::also>},
    {"Install", "DefaultInstance", text<&Install::default_instance>},
    {"Service", "Type", service_type},
    {"Service", "ExecCondition", commands<&Service::conditions>},
    {"Service", "ExecStartPre", commands<&Service::start_pre>},
    {"Service", "ExecStart", commands<&Service::start>},
    {"Service", "ExecStartPost", commands<&Service::start_post>},
    {"Service", "ExecReload", commands<&Service::reload>},
    {"Service", "ExecStop", commands<&Service::stop>},
    {"Service", "ExecStopPost", commands<&Service::stop_post>},
    {"Service", "Restart", restart},
    {"Service", "RestartSec", span<&Service::restart_delay>},
    {"Service", "TimeoutStartSec", timeout<&Service::start_timeout>},
    {"Service", "TimeoutStopSec", timeout<&Service::stop_timeout>},
    {"Service", "TimeoutSec", both_timeouts},
    {"Service", "RuntimeMaxSec", timeout<&Service::run_time_max>},
    {"Service", "WatchdogSec", span<&Service::watchdog>},
    {"Service", "StartLimitInterval", span<&Unit::start_limit_interval>},
    {"Service", "StartLimitBurst", burst},
    {"Service", "RemainAfterExit", flag<&Service::remains_after_exit>},
    {"Service", "PIDFile", pid_file},
    {"Service", "NotifyAccess", notify_access},
    {"Service", "SuccessExitStatus", exits<&Service::success>},
    {"Service", "RestartPreventExitStatus", exits<&Service::prevents_restart>},
    {"Service", "RestartForceExitStatus", exits<&Service::forces_restart>},
    {"Service", "KillMode", kill_mode},
    {"Service", "KillSignal", signal<&Service::kill_signal>},
    {"Service", "WatchdogSignal", signal<&Service::watchdog_signal>},
    {"Service", "SendSIGHUP", flag<&Service::sends_hangup>},
    {"Service", "SendSIGKILL", flag<&Service::sends_kill>},
    {"Service", "User", text<&Service::user>},
    {"Service", "Group", text<&Service::group>},
    {"Service", "SupplementaryGroups", words<&Service::additional_groups>},
    {"Service", "WorkingDirectory", working_directory},
    {"Service", "Environment", environment},
    {"Service", "EnvironmentFile", environment_file},
    {"Service", "PassEnvironment", words<&Service::passed_variables>},
    {"Service", "UnsetEnvironment", words<&Service::unset_variables>},
    {"Service", "StandardInput", input},
    {"Service", "StandardOutput", stream<&Service::output>},
    {"Service", "StandardError", stream<&Service::error>},
    {"Service", "SyslogIdentifier", text<&Service::identifier>},
    {"Service", "LimitAS", limit<RLIMIT_AS>},
    {"Service", "LimitCORE", limit<RLIMIT_CORE>},
    {"Service", "LimitCPU", limit<RLIMIT_CPU>},
    {"Service", "LimitDATA", limit<RLIMIT_DATA>},
    {"Service", "LimitFSIZE", limit<RLIMIT_FSIZE>},
    {"Service", "LimitMEMLOCK", limit<RLIMIT_MEMLOCK>},
    {"Service", "LimitNOFILE", limit<RLIMIT_NOFILE>},
    {"Service", "LimitNPROC", limit<RLIMIT_NPROC>},
    {"Service", "LimitRSS", limit<RLIMIT_RSS>},
    {"Service", "LimitSTACK", limit<RLIMIT_STACK>},
    {"Service", "Nice", nice},
    {"Service", "UMask", umask_setting},
    {"Service", "IgnoreSIGPIPE", flag<&Service::ignores_pipe_signal>},
    {"Service", "RuntimeDirectory", folders<&Service::runtime>},
    {"Service", "RuntimeDirectoryMode", folder_mode<&Service::runtime>},
    {"Service", "RuntimeDirectoryPreserve", keeps_runtime_directory},
    {"Service", "StateDirectory", folders<&Service::state>},
    {"Service", "StateDirectoryMode", folder_mode<&Service::state>},
    {"Service", "CacheDirectory", folders<&Service::cache>},
    {"Service", "CacheDirectoryMode", folder_mode<&Service::cache>},
    {"Service", "LogsDirectory", folders<&Service::logs>},
    {"Service", "LogsDirectoryMode", folder_mode<&Service::logs>},
    {"Service", "ConfigurationDirectory", folders<&Service::configuration>},
    {"Service", "ConfigurationDirectoryMode", folder_mode<&Service::configuration>},
    {"Service", "AmbientCapabilities", ambient_capabilities},
    {"Service", "DynamicUser", dangerous},
    {"Service", "RootDirectory", dangerous},
    {"Service", "RootImage", dangerous},
});

// Descriptions, and what is so in every instance anyway.
constexpr auto kWithoutEffect = std::to_array<std::string_view>(
    {"Documentation",   "SourcePath",   "NoNewPrivileges",   "CollectMode",    "GuessMainPID",
     "SyslogFacility",  "SyslogLevel",  "SyslogLevelPrefix", "CPUAccounting",  "MemoryAccounting",
     "TasksAccounting", "IOAccounting", "IPAccounting",      "TasksMax",       "Slice",
     "TimerSlackNSec",  "BusName",      "OOMPolicy",         "UtmpIdentifier", "KeyringMode"});

// Isolation and shares: an instance is one sandbox, with no smaller ones in it.
constexpr auto kNotApplied = std::to_array<std::string_view>({"Protect",
                                                              "Private",
                                                              "Restrict",
                                                              "SystemCall",
                                                              "MemoryDeny",
                                                              "LockPersonality",
                                                              "CapabilityBoundingSet",
                                                              "SecureBits",
                                                              "RemoveIPC",
                                                              "ReadWritePaths",
                                                              "ReadOnlyPaths",
                                                              "InaccessiblePaths",
                                                              "ExecPaths",
                                                              "NoExecPaths",
                                                              "TemporaryFileSystem",
                                                              "BindPaths",
                                                              "BindReadOnlyPaths",
                                                              "Device",
                                                              "IPAddress",
                                                              "ProcSubset",
                                                              "Memory",
                                                              "CPU",
                                                              "IO",
                                                              "OOMScoreAdjust",
                                                              "Delegate",
                                                              "MountFlags",
                                                              "NUMA",
                                                              "LogRateLimit",
                                                              "PAMName"});

}  // namespace

void apply_assignments(Unit& unit, const UnitFile& file, const std::string& path,
                       const Specifiers& specifiers) {
  unit.remarks.insert(unit.remarks.end(), file.remarks.begin(), file.remarks.end());
  for (const Assignment& each : file.assignments) {
    if (each.section.starts_with("X-") || each.key.starts_with("X-")) continue;
    auto setting = std::ranges::find_if(kSettings, [&](const Setting& known) {
      return known.key == each.key && known.section == each.section;
    });
    auto remark = [&](const std::string& text) {
      unit.remarks.push_back({.file = path, .line = each.line, .text = each.key + "=" + text});
    };
    if (setting != kSettings.end()) {
      const auto taken = setting->apply(unit, {each.key, each.value, specifiers});
      if (!taken) remark(" is ignored: " + taken.error().message + ": " + each.value);
    } else if (std::ranges::find(kWithoutEffect, each.key) != kWithoutEffect.end()) {
      continue;
    } else if (std::ranges::any_of(kNotApplied,
                                   [&](std::string_view start) { return each.key.starts_with(start); })) {
      if (std::ranges::find(unit.not_applied, each.key) == unit.not_applied.end())
        unit.not_applied.push_back(each.key);
    } else {
      remark(" in section [" + each.section + "] is not understood and ignored");
    }
  }
}

}  // namespace holm::init

// What `systemctl show` tells about a unit.

#include <sys/stat.h>

#include <algorithm>

#include "base/strings.h"
#include "init/install.h"
#include "init/manager.h"

namespace holm::init {

namespace {

class Writer {
 public:
  void add(std::string_view name, std::string_view value) {
    std::string line(value);
    std::ranges::replace(line, '\n', ' ');
    text_ += std::string(name) + "=" + line + "\n";
  }
  void add(std::string_view name, int64_t value) { add(name, std::to_string(value)); }
  void add(std::string_view name, const std::vector<std::string>& values) { add(name, join(values, " ")); }
  void add_flag(std::string_view name, bool value) { add(name, value ? "yes" : "no"); }
  // Microseconds since 1970, which the client writes as a date.
  void add_time(std::string_view name, Calendar time) { add(name, "@" + std::to_string(time.count())); }
  void add_span(std::string_view name, Duration span) { add(name, time_span_text(span)); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string_view load_name(LoadState state) {
  switch (state) {
    case LoadState::Loaded: return "loaded";
    case LoadState::NotFound: return "not-found";
    case LoadState::BadSetting: return "bad-setting";
    case LoadState::Masked: return "masked";
  }
  return "";
}

std::string_view type_name(ServiceType type) {
  switch (type) {
    case ServiceType::Simple: return "simple";
    case ServiceType::Exec: return "exec";
    case ServiceType::Forking: return "forking";
    case ServiceType::Oneshot: return "oneshot";
    case ServiceType::Notify: return "notify";
  }
  return "";
}

std::string_view restart_name(RestartPolicy policy) {
  switch (policy) {
    case RestartPolicy::No: return "no";
    case RestartPolicy::Always: return "always";
    case RestartPolicy::OnSuccess: return "on-success";
    case RestartPolicy::OnFailure: return "on-failure";
    case RestartPolicy::OnAbnormal: return "on-abnormal";
    case RestartPolicy::OnAbort: return "on-abort";
    case RestartPolicy::OnWatchdog: return "on-watchdog";
  }
  return "";
}

std::string_view kill_mode_name(KillMode mode) {
  switch (mode) {
    case KillMode::ControlGroup: return "control-group";
    case KillMode::Mixed: return "mixed";
    case KillMode::Process: return "process";
    case KillMode::None: return "none";
  }
  return "";
}

std::string commands_text(const std::vector<Command>& commands) {
  std::vector<std::string> texts;
  for (const Command& command : commands) {
    texts.push_back("{ path=" + command.words.front() + " ; argv[]=" + join(command.words, " ") +
                    " ; ignore_errors=" + (command.ignores_failure ? "yes" : "no") + " }");
  }
  return join(texts, " ");
}

bool was_changed_since(const Unit& unit, Calendar read_at, const UnitStore& store) {
  const Unit now = store.load(unit.name);
  if (now.fragment_path != unit.fragment_path || now.drop_in_paths != unit.drop_in_paths) return true;
  std::vector<std::string> paths = unit.drop_in_paths;
  if (!unit.fragment_path.empty()) paths.push_back(unit.fragment_path);
  return std::ranges::any_of(paths, [&](const std::string& path) {
    struct stat status{};
    if (stat((store.root() + path).c_str(), &status) != 0) return true;
    const Calendar changed = std::chrono::seconds(status.st_mtim.tv_sec) +
                             std::chrono::microseconds(status.st_mtim.tv_nsec / 1000);
    return changed > read_at;
  });
}

void add_service(Writer& out, const UnitRecord& record) {
  const Service& service = record.unit.service;
  out.add("Type", type_name(service.type));
  out.add("Restart", restart_name(service.restart));
  out.add("PIDFile", service.pid_file);
  out.add_span("RestartUSec", service.restart_delay);
  out.add_span("TimeoutStartUSec", service.start_timeout.value_or(kForever));
  out.add_span("TimeoutStopUSec", service.stop_timeout);
  out.add_flag("RemainAfterExit", service.remains_after_exit);
  out.add("MainPID", record.main_process);
  out.add("ControlPID", record.control_process);
  out.add("StatusText", record.status);
  out.add("Result", outcome_name(record.outcome));
  out.add("NRestarts", record.restarts);
  out.add_time("ExecMainStartTimestamp", record.main_started);
  out.add_time("ExecMainExitTimestamp", record.main_ended);
  out.add("ExecMainPID", record.last_main_process);
  const ProcessEnd end = record.last_main_end.value_or(ProcessEnd());
  // As waitid(2) numbers them: exited, killed, dumped core.
  out.add("ExecMainCode", !record.last_main_end ? 0 : !end.is_signal ? 1 : end.dumped_core ? 3 : 2);
  out.add("ExecMainStatus", end.number);
  out.add("ExecStartPre", commands_text(service.start_pre));
  out.add("ExecStart", commands_text(service.start));
  out.add("ExecStartPost", commands_text(service.start_post));
  out.add("ExecReload", commands_text(service.reload));
  out.add("ExecStop", commands_text(service.stop));
  out.add("KillMode", kill_mode_name(service.kill_mode));
  out.add("KillSignal", service.kill_signal);
  out.add("User", service.user);
  out.add("Group", service.group);
  out.add("WorkingDirectory", service.working_directory);
  out.add("Environment", service.environment);
  // Not told by holm's init, as it has no group of processes that the kernel counts for: memory, tasks,
  // shares.
  out.add("RunnerPID", record.runner ? record.runner->process : 0);
}

}  // namespace

std::string properties_of(const UnitRecord& record, const UnitStore& store) {
  const Unit& unit = record.unit;
  Writer out;
  out.add("Id", unit.name);
  out.add("Names", unit.names);
  out.add("Description", unit.description);
  out.add("LoadState", load_name(unit.load_state));
  out.add("LoadError", unit.load_error);
  out.add("ActiveState", active_name(record.active));
  out.add("SubState", record.sub);
  out.add("FragmentPath", unit.fragment_path);
  out.add("DropInPaths", unit.drop_in_paths);
  out.add("UnitFileState", enabled_state(store, unit.name));
  out.add_time("StateChangeTimestamp", record.changed);
  out.add_time("ActiveEnterTimestamp", record.became_active);
  out.add_time("InactiveEnterTimestamp", record.became_inactive);
  out.add("Requires", unit.requires_units);
  out.add("Wants", unit.wants);
  out.add("BindsTo", unit.binds_to);
  out.add("PartOf", unit.part_of);
  out.add("Conflicts", unit.conflicts);
  out.add("Before", unit.before);
  out.add("After", unit.after);
  out.add_flag("CanStart", unit.load_state == LoadState::Loaded);
  out.add_flag("CanReload", !unit.service.reload.empty());
  out.add_flag("NeedDaemonReload", was_changed_since(unit, record.read_at, store));
  out.add("UnmetCondition", record.skipped_by);
  out.add("Job", !record.job ? "" : record.job->kind == JobKind::Start ? "start" : "stop");
  if (unit.kind() == "service") add_service(out, record);
  return out.take();
}

}  // namespace holm::init

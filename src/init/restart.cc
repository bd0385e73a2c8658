// The table of https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Restart=

#include "init/restart.h"

#include <sys/wait.h>

#include <algorithm>

namespace holm::init {

namespace {

// What this program's own children end with before the program is reached has systemd's names.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Process%20Exit%20Codes
std::string_view exit_code_name(int code) {
  switch (code) {
    case 0: return "SUCCESS";
    case 1: return "FAILURE";
    case 2: return "INVALIDARGUMENT";
    case 3: return "NOTIMPLEMENTED";
    case 4: return "NOPERMISSION";
    case 5: return "NOTINSTALLED";
    case 6: return "NOTCONFIGURED";
    case 7: return "NOTRUNNING";
    case 200: return "CHDIR";
    case 201: return "NICE";
    case 203: return "EXEC";
    case 205: return "LIMITS";
    case 208: return "STDIN";
    case 209: return "STDOUT";
    case 214: return "SETSCHEDULER";
    case 216: return "GROUP";
    case 217: return "USER";
    case 218: return "CAPABILITIES";
    case 222: return "STDERR";
    case 233: return "RUNTIME_DIRECTORY";
    case 238: return "STATE_DIRECTORY";
    case 239: return "CACHE_DIRECTORY";
    case 240: return "LOGS_DIRECTORY";
    case 241: return "CONFIGURATION_DIRECTORY";
    default: return "";
  }
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::Success: return "success";
    case Outcome::Protocol: return "protocol";
    case Outcome::Resources: return "resources";
    case Outcome::Timeout: return "timeout";
    case Outcome::ExitCode: return "exit-code";
    case Outcome::Signal: return "signal";
    case Outcome::CoreDump: return "core-dump";
    case Outcome::Watchdog: return "watchdog";
    case Outcome::StartLimitHit: return "start-limit-hit";
    case Outcome::ConditionFailed: return "exec-condition";
  }
  return "";
}

ProcessEnd process_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return {.is_signal = true, .dumped_core = WCOREDUMP(wait_status) != 0, .number = WTERMSIG(wait_status)};
  }
  return {.number = WEXITSTATUS(wait_status)};
}

std::string describe(const ProcessEnd& end) {
  if (end.is_signal) {
    return std::string(end.dumped_core ? "code=dumped" : "code=killed") +
           ", status=" + std::to_string(end.number) + "/" + signal_name(end.number);
  }
  const std::string_view name = exit_code_name(end.number);
  return "code=exited, status=" + std::to_string(end.number) + (name.empty() ? "" : "/" + std::string(name));
}

Outcome outcome_of(const ProcessEnd& end, EndOf kind, const ExitSet& success) {
  if (success.holds(end.is_signal, end.number)) return Outcome::Success;
  if (!end.is_signal) return end.number == 0 ? Outcome::Success : Outcome::ExitCode;
  const bool is_usual =
      end.number == SIGHUP || end.number == SIGINT || end.number == SIGTERM || end.number == SIGPIPE;
  if (kind == EndOf::Daemon && is_usual) return Outcome::Success;
  return end.dumped_core ? Outcome::CoreDump : Outcome::Signal;
}

bool starts_again(const Service& service, Outcome outcome, const ProcessEnd& main_end) {
  if (outcome == Outcome::ConditionFailed) return false;
  if (service.prevents_restart.holds(main_end.is_signal, main_end.number)) return false;
  if (service.forces_restart.holds(main_end.is_signal, main_end.number)) return true;
  switch (service.restart) {
    case RestartPolicy::No: return false;
    case RestartPolicy::Always: return true;
    case RestartPolicy::OnSuccess: return outcome == Outcome::Success;
    case RestartPolicy::OnFailure: return outcome != Outcome::Success;
    case RestartPolicy::OnAbnormal: return outcome != Outcome::Success && outcome != Outcome::ExitCode;
    case RestartPolicy::OnAbort: return outcome == Outcome::Signal || outcome == Outcome::CoreDump;
    case RestartPolicy::OnWatchdog: return outcome == Outcome::Watchdog;
  }
  return false;
}

bool StartLimit::allow(Time now, Duration interval, unsigned burst) {
  if (interval == Duration(0) || burst == 0) return true;
  std::erase_if(starts_, [&](Time start) { return interval != kForever && now - start > interval; });
  if (starts_.size() >= burst) return false;
  starts_.push_back(now);
  return true;
}

}  // namespace holm::init

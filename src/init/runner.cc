// The life of one start of a service, written down in the order in which it happens.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html

#include "init/runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>

#include "base/strings.h"
#include "init/clock.h"
#include "init/files.h"
#include "init/launcher.h"
#include "init/notify_socket.h"
#include "init/processes.h"

namespace holm::init {

namespace {

constexpr int kChannel = 3;
constexpr int kJournal = 4;
constexpr int kSpareDescriptor = 100;
// How often something is looked at that tells nobody when it changes.
constexpr Duration kLookAgain{20'000};
constexpr char kNotifyFolder[] = "/run/systemd/notify/";

static_assert(std::is_trivially_copyable_v<Report>);

Monotonic after(Duration delay) { return delay == kForever ? kForever : monotonic_now() + delay; }

class Runner {
 public:
  explicit Runner(const Unit& unit) : unit_(unit), service_(unit.service) {}
  void run();

 private:
  enum class Woken { Process, Ready, MainEnded, Empty, Stop, Reload, Timeout, Watchdog };
  // What a wait is for; whatever comes first ends it.
  struct Wait {
    pid_t process = 0;
    bool for_ready = false;
    bool for_main = false;
    bool for_empty = false;
    bool for_stop = true;
    bool for_reload = false;
    Monotonic deadline = kForever;
  };

  void set_up();
  Outcome start();
  Outcome start_main();
  Outcome start_by_forking();
  Outcome start_oneshot();
  Outcome find_main_by_file();
  pid_t process_in_file() const;
  bool takes_over();
  Outcome supervise();
  void reload();
  void stop(Outcome outcome, bool is_clean);
  void terminate();
  void finish_rest();

  std::optional<Woken> look(const Wait& what);
  Woken wait(const Wait& what);
  void read_events(const Wait& what, Duration timeout);
  void reap();
  void take_notices();
  bool is_trusted(const ReceivedNotice& received) const;

  Outcome run_commands(const std::vector<Command>& commands, Phase phase, Monotonic deadline,
                       bool heeds_stop);
  Outcome run_command(const Command& command, Monotonic deadline, bool heeds_stop);
  std::optional<Launched> launch(const Command& command);
  bool launch_main(const Command& command);
  void set_main(pid_t process);
  void signal_unit(int number, bool everything);
  bool is_alone() const;

  void report(const Report& what);
  void begin(Phase phase);
  void remark(const std::string& text);

  const Unit& unit_;
  const Service& service_;
  NotifySocket notify_;
  std::optional<Launcher> launcher_;
  UniqueFd signals_;
  Phase phase_ = Phase::Dead;
  bool has_started_ = false;
  bool is_ready_ = false;
  bool stop_wanted_ = false;
  bool reload_wanted_ = false;
  pid_t main_ = 0;
  bool main_is_child_ = true;
  bool main_ended_ = false;
  bool has_no_program_ = false;
  ProcessEnd main_end_;
  pid_t control_ = 0;
  ProcessEnd control_end_;
  Monotonic watchdog_ = kForever;
  Outcome result_ = Outcome::Success;  // The first that is no success counts.
};

void Runner::report(const Report& what) {
  // A manager that is gone takes this process with it.
  [[maybe_unused]] const ssize_t sent = send(kChannel, &what, sizeof what, MSG_NOSIGNAL);
}

void Runner::begin(Phase phase) {
  phase_ = phase;
  report({.kind = Report::Kind::Phase, .phase = phase});
}

void Runner::remark(const std::string& text) {
  Report told{.kind = Report::Kind::Remark};
  std::memcpy(told.text, text.data(), std::min(text.size(), sizeof told.text - 1));
  report(told);
}

void Runner::set_main(pid_t process) {
  main_ = process;
  main_is_child_ = process == 0 || parent_of(process) == getpid();
  if (process != 0) main_ended_ = false;
  report({.kind = Report::Kind::Main, .process = process});
}

bool Runner::is_alone() const {
  siginfo_t information{};
  return waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

void Runner::reap() {
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
    if (ended == control_) {
      control_end_ = process_end(status);
      control_ = 0;
      report({.kind = Report::Kind::ControlEnded, .end = control_end_, .process = ended});
    }
    if (ended == main_) {
      main_end_ = process_end(status);
      main_ended_ = true;
      main_ = 0;
      report({.kind = Report::Kind::MainEnded, .end = main_end_, .process = ended});
    }
  }
  // One that another process of the service waits for is only seen to be gone.
  if (main_ != 0 && !main_is_child_ && kill(main_, 0) != 0 && errno == ESRCH) {
    main_end_ = {};
    main_ended_ = true;
    report({.kind = Report::Kind::MainEnded, .end = main_end_, .process = main_});
    main_ = 0;
  }
}

bool Runner::is_trusted(const ReceivedNotice& received) const {
  const NotifyAccess access = service_.notify_access.value_or(NotifyAccess::None);
  if (access == NotifyAccess::None) return false;
  if (received.sender == main_ && main_ != 0) return true;
  return access == NotifyAccess::All && descends_from(received.sender, getpid());
}

void Runner::take_notices() {
  while (auto received = notify_.receive()) {
    if (!is_trusted(*received)) continue;
    const Notice& notice = received->notice;
    if (notice.main_process != 0 && descends_from(notice.main_process, getpid()))
      set_main(notice.main_process);
    if (notice.is_ready) is_ready_ = true;
    if (notice.is_alive && service_.watchdog > Duration(0)) watchdog_ = after(service_.watchdog);
    if (notice.status) {
      Report told{.kind = Report::Kind::Status};
      std::memcpy(told.text, notice.status->data(), std::min(notice.status->size(), sizeof told.text - 1));
      report(told);
    }
  }
}

void Runner::read_events(const Wait& what, Duration timeout) {
  pollfd polled[] = {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                     {.fd = kChannel, .events = POLLIN, .revents = 0},
                     {.fd = notify_.descriptor(), .events = POLLIN, .revents = 0}};
  if (main_ != 0 && !main_is_child_ && what.for_main) timeout = std::min(timeout, kLookAgain * 10);
  const int milliseconds =
      timeout == kForever ? -1
                          : static_cast<int>(std::clamp<int64_t>(timeout.count() / 1000 + 1, 0, 1 << 30));
  poll(polled, 3, milliseconds);
  signalfd_siginfo information;
  while (read(signals_.get(), &information, sizeof information) > 0) {
  }
  Order order{};
  while (true) {
    const ssize_t count = recv(kChannel, &order, sizeof order, MSG_DONTWAIT);
    if (count == 0) _exit(0);
    if (count < 0) break;
    if (order == Order::Stop) stop_wanted_ = true;
    if (order == Order::Reload) reload_wanted_ = true;
  }
  take_notices();
  reap();
}

std::optional<Runner::Woken> Runner::look(const Wait& what) {
  if (what.process != 0 && control_ != what.process) return Woken::Process;
  if (what.for_stop && stop_wanted_) return Woken::Stop;
  if (what.for_ready && is_ready_) return Woken::Ready;
  if (what.for_main && main_ended_) return Woken::MainEnded;
  if (what.for_empty && is_alone()) return Woken::Empty;
  if (what.for_reload && reload_wanted_) return Woken::Reload;
  const Monotonic now = monotonic_now();
  if (what.for_main && now >= watchdog_) return Woken::Watchdog;
  if (now >= what.deadline) return Woken::Timeout;
  return std::nullopt;
}

Runner::Woken Runner::wait(const Wait& what) {
  // Notices first: a service may say that it is ready and end in one go.
  read_events(what, Duration(0));
  while (true) {
    if (auto woken = look(what)) return *woken;
    Monotonic until = what.deadline;
    if (what.for_main) until = std::min(until, watchdog_);
    read_events(what, until == kForever ? kForever : std::max(until - monotonic_now(), Duration(0)));
  }
}

std::optional<Launched> Runner::launch(const Command& command) {
  std::vector<std::string> more;
  if (main_ != 0) more.push_back("MAINPID=" + std::to_string(main_));
  if (phase_ == Phase::Stop || phase_ == Phase::StopPost) {
    const Outcome ended =
        main_ended_ ? outcome_of(main_end_, EndOf::Daemon, service_.success) : Outcome::Success;
    const Outcome shown = result_ != Outcome::Success ? result_ : ended;
    more.push_back("SERVICE_RESULT=" + std::string(outcome_name(shown)));
    if (main_ended_) {
      const char* kind = !main_end_.is_signal ? "exited" : main_end_.dumped_core ? "dumped" : "killed";
      more.push_back(std::string("EXIT_CODE=") + kind);
      more.push_back("EXIT_STATUS=" + (main_end_.is_signal ? signal_name(main_end_.number)
                                                           : std::to_string(main_end_.number)));
    }
  }
  auto launched = launcher_->launch(command, more);
  if (launched) return std::move(*launched);
  remark(launched.error().message);
  return std::nullopt;
}

Outcome Runner::run_command(const Command& command, Monotonic deadline, bool heeds_stop) {
  auto launched = launch(command);
  if (!launched) return Outcome::Resources;
  control_ = launched->pid;
  report({.kind = Report::Kind::Control, .process = control_});
  switch (wait({.process = control_, .for_stop = heeds_stop, .deadline = deadline})) {
    case Woken::Process: return outcome_of(control_end_, EndOf::Command, {});
    case Woken::Timeout: return Outcome::Timeout;
    case Woken::Stop:
    case Woken::Ready:
    case Woken::MainEnded:
    case Woken::Empty:
    case Woken::Reload:
    case Woken::Watchdog: return Outcome::Success;
  }
  return Outcome::Success;
}

Outcome Runner::run_commands(const std::vector<Command>& commands, Phase phase, Monotonic deadline,
                             bool heeds_stop) {
  if (commands.empty()) return Outcome::Success;
  begin(phase);
  for (const Command& command : commands) {
    const Outcome outcome = run_command(command, deadline, heeds_stop);
    if (heeds_stop && stop_wanted_) return Outcome::Success;
    const bool may_fail = command.ignores_failure && outcome != Outcome::Timeout;
    if (outcome == Outcome::Success || may_fail) continue;
    if (outcome == Outcome::Timeout)
      remark(std::string(phase_name(phase)) + " operation timed out. Terminating.");
    return outcome;
  }
  return Outcome::Success;
}

bool Runner::launch_main(const Command& command) {
  auto launched = launch(command);
  if (!launched) return false;
  set_main(launched->pid);
  main_is_child_ = true;
  if (service_.type == ServiceType::Simple || service_.type == ServiceType::Oneshot) return true;
  // The end of the file says that the program runs, a byte that it does not.
  char failed = 0;
  has_no_program_ = read(launched->started.get(), &failed, 1) == 1;
  return true;
}

Outcome Runner::start_oneshot() {
  begin(Phase::Start);
  const Monotonic deadline = after(*service_.start_timeout);
  for (const Command& command : service_.start) {
    if (!launch_main(command)) return Outcome::Resources;
    const Woken woken = wait({.for_main = true, .deadline = deadline});
    if (woken == Woken::Stop) return Outcome::Success;
    if (woken == Woken::Timeout) {
      remark("start operation timed out. Terminating.");
      return Outcome::Timeout;
    }
    const Outcome outcome = outcome_of(main_end_, EndOf::Command, service_.success);
    if (outcome != Outcome::Success && !command.ignores_failure) return outcome;
  }
  return Outcome::Success;
}

// The process of the service that PIDFile= names, or 0.
pid_t Runner::process_in_file() const {
  const auto text = read_text(service_.pid_file, 64);
  const auto number = text ? parse_integer(trim(*text)) : std::nullopt;
  const auto process = static_cast<pid_t>(number.value_or(0));
  return process > 1 && descends_from(process, getpid()) ? process : 0;
}

// A daemon may put another one in its place, as nginx does for a new version: it tells so in its file before
// it ends.
bool Runner::takes_over() {
  if (service_.type != ServiceType::Forking || service_.pid_file.empty()) return false;
  const pid_t process = process_in_file();
  if (process != 0) set_main(process);
  return process != 0;
}

Outcome Runner::find_main_by_file() {
  const Monotonic deadline = after(*service_.start_timeout);
  while (true) {
    if (const pid_t process = process_in_file(); process != 0) {
      set_main(process);
      return Outcome::Success;
    }
    if (is_alone()) {
      remark("no process is left, and PIDFile= names none: " + service_.pid_file);
      return Outcome::Protocol;
    }
    const Monotonic again = std::min(deadline, after(kLookAgain));
    if (wait({.deadline = again}) == Woken::Stop) return Outcome::Success;
    if (monotonic_now() < deadline) continue;
    remark("no process was named in time by PIDFile= " + service_.pid_file);
    return Outcome::Timeout;
  }
}

Outcome Runner::start_by_forking() {
  begin(Phase::Start);
  const Outcome outcome = run_command(service_.start.front(), after(*service_.start_timeout), true);
  if (stop_wanted_) return Outcome::Success;
  if (outcome == Outcome::Timeout) remark("start operation timed out. Terminating.");
  const bool failed = outcome != Outcome::Success && !service_.start.front().ignores_failure;
  if (failed || outcome == Outcome::Timeout) return outcome;
  if (!service_.pid_file.empty()) return find_main_by_file();
  // As systemd guesses: the one process that is left.
  const std::vector<pid_t> left = descendants_of(getpid());
  if (left.size() == 1) set_main(left.front());
  return Outcome::Success;
}

Outcome Runner::start_main() {
  if (service_.start.empty()) return Outcome::Success;
  if (service_.type == ServiceType::Oneshot) return start_oneshot();
  if (service_.type == ServiceType::Forking) return start_by_forking();
  begin(Phase::Start);
  if (!launch_main(service_.start.front())) return Outcome::Resources;
  if (service_.type == ServiceType::Simple) return Outcome::Success;
  if (service_.type == ServiceType::Exec) {
    if (!has_no_program_) return Outcome::Success;
    wait({.for_main = true});
    return Outcome::ExitCode;
  }
  const Woken woken = wait({.for_ready = true, .for_main = true, .deadline = after(*service_.start_timeout)});
  if (woken == Woken::Timeout) {
    remark("start operation timed out. Terminating.");
    return Outcome::Timeout;
  }
  if (woken != Woken::MainEnded) return Outcome::Success;
  const Outcome outcome = outcome_of(main_end_, EndOf::Daemon, service_.success);
  return outcome == Outcome::Success ? Outcome::Protocol : outcome;
}

// Success without has_started_ means that a stop came in between.
Outcome Runner::start() {
  if (auto prepared = launcher_->prepare(); !prepared) {
    remark(prepared.error().message);
    return Outcome::Resources;
  }
  const Monotonic deadline = after(*service_.start_timeout);
  if (!service_.conditions.empty()) {
    begin(Phase::Condition);
    for (const Command& command : service_.conditions) {
      const Outcome outcome = run_command(command, deadline, true);
      if (stop_wanted_) return Outcome::Success;
      if (outcome == Outcome::ExitCode && control_end_.number < 255) return Outcome::ConditionFailed;
      if (outcome != Outcome::Success) return outcome;
    }
  }
  Outcome outcome = run_commands(service_.start_pre, Phase::StartPre, deadline, true);
  if (outcome != Outcome::Success || stop_wanted_) return outcome;
  outcome = start_main();
  if (outcome != Outcome::Success || stop_wanted_) return outcome;
  outcome = run_commands(service_.start_post, Phase::StartPost, after(*service_.start_timeout), true);
  if (outcome == Outcome::Success && !stop_wanted_) has_started_ = true;
  return outcome;
}

void Runner::reload() {
  reload_wanted_ = false;
  const Phase before = phase_;
  const Outcome outcome = run_commands(service_.reload, Phase::Reload, after(*service_.start_timeout), true);
  begin(before);
  report({.kind = Report::Kind::Reloaded, .outcome = outcome});
}

Outcome Runner::supervise() {
  const bool has_main = main_ != 0 || main_ended_;
  bool is_over = service_.type == ServiceType::Oneshot || service_.start.empty();
  if (!is_over && service_.watchdog > Duration(0)) watchdog_ = after(service_.watchdog);
  if (!is_over) begin(Phase::Running);
  else if (service_.remains_after_exit) begin(Phase::Exited);
  report({.kind = Report::Kind::Started});
  const Monotonic deadline = after(service_.run_time_max);
  while (true) {
    if (is_over && !service_.remains_after_exit) return Outcome::Success;
    Wait what{.for_reload = true};
    if (!is_over) what.for_main = has_main;
    if (!is_over) what.for_empty = !has_main;
    if (!is_over) what.deadline = deadline;
    switch (wait(what)) {
      case Woken::Stop: return Outcome::Success;
      case Woken::Reload: reload(); break;
      case Woken::MainEnded: {
        if (takes_over()) break;
        const Outcome outcome = outcome_of(main_end_, EndOf::Daemon, service_.success);
        const bool may_fail = !service_.start.empty() && service_.start.front().ignores_failure;
        if (outcome != Outcome::Success && !may_fail) return outcome;
        is_over = true;
        if (service_.remains_after_exit) begin(Phase::Exited);
        break;
      }
      case Woken::Empty:
        is_over = true;
        if (service_.remains_after_exit) begin(Phase::Exited);
        break;
      case Woken::Watchdog:
        remark("watchdog timeout: nothing was heard for " + time_span_text(service_.watchdog));
        watchdog_ = kForever;
        if (main_ != 0) kill(main_, service_.watchdog_signal);
        return Outcome::Watchdog;
      case Woken::Timeout: remark("it has run for as long as RuntimeMaxSec= allows"); return Outcome::Timeout;
      case Woken::Process:
      case Woken::Ready: break;
    }
  }
}

void Runner::signal_unit(int number, bool everything) {
  std::vector<pid_t> processes;
  if (everything) processes = descendants_of(getpid());
  else processes = {main_, control_};
  for (const pid_t process : processes) {
    if (process <= 1) continue;
    kill(process, number);
    if (number != SIGKILL && number != SIGCONT) kill(process, SIGCONT);
    if (service_.sends_hangup && number == service_.kill_signal) kill(process, SIGHUP);
  }
}

// Ends what is known to be the service: its main process, a command that still runs, or where neither is
// known all of its processes.
void Runner::terminate() {
  if (service_.kill_mode == KillMode::None || is_alone()) return;
  const bool all = service_.kill_mode == KillMode::ControlGroup;
  if (!all && main_ == 0 && control_ == 0) return;
  const bool has_known = main_ != 0 || control_ != 0;
  begin(Phase::StopSignal);
  signal_unit(service_.kill_signal, all);
  for (Monotonic deadline = after(service_.stop_timeout);;) {
    if (has_known ? main_ == 0 && control_ == 0 : is_alone()) return;
    Wait what{.process = control_, .for_main = main_ != 0, .for_empty = !has_known, .for_stop = false};
    what.deadline = deadline;
    if (wait(what) != Woken::Timeout) continue;
    if (phase_ == Phase::StopKill) {
      remark("processes still do not end after SIGKILL; they are left alone");
      return;
    }
    if (result_ == Outcome::Success) result_ = Outcome::Timeout;
    if (!service_.sends_kill) return;
    remark("State 'stop-sigterm' timed out. Killing.");
    begin(Phase::StopKill);
    signal_unit(SIGKILL, all || service_.kill_mode == KillMode::Mixed);
    deadline = after(service_.stop_timeout);
  }
}

// What is left when the main process is gone.
void Runner::finish_rest() {
  if (service_.kill_mode == KillMode::Process || service_.kill_mode == KillMode::None || is_alone()) return;
  if (service_.kill_mode == KillMode::ControlGroup) {
    begin(Phase::FinalSignal);
    signal_unit(service_.kill_signal, true);
    if (wait({.for_empty = true, .for_stop = false, .deadline = after(service_.stop_timeout)}) ==
        Woken::Empty)
      return;
    if (result_ == Outcome::Success) result_ = Outcome::Timeout;
  }
  if (!service_.sends_kill) return;
  begin(Phase::FinalKill);
  const Monotonic deadline = after(std::min(service_.stop_timeout, Duration(90'000'000)));
  // Again and again: what makes new processes may be faster than one look.
  while (monotonic_now() < deadline) {
    signal_unit(SIGKILL, true);
    if (wait({.for_empty = true, .for_stop = false, .deadline = after(kLookAgain)}) == Woken::Empty) return;
  }
}

void Runner::stop(Outcome outcome, bool is_clean) {
  if (result_ == Outcome::Success) result_ = outcome;
  watchdog_ = kForever;
  if (is_clean) {
    const Outcome stopped = run_commands(service_.stop, Phase::Stop, after(service_.stop_timeout), false);
    if (result_ == Outcome::Success) result_ = stopped;
  }
  terminate();
  const bool judges_end = main_ended_ && has_started_ && service_.type != ServiceType::Oneshot;
  if (judges_end && result_ == Outcome::Success)
    result_ = outcome_of(main_end_, EndOf::Daemon, service_.success);
  const Outcome afterwards =
      run_commands(service_.stop_post, Phase::StopPost, after(service_.stop_timeout), false);
  if (result_ == Outcome::Success) result_ = afterwards;
  finish_rest();
  if (!service_.pid_file.empty()) unlink(service_.pid_file.c_str());
  launcher_->remove_folders();
}

void Runner::set_up() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "holm-unit");
  sigset_t heard;
  sigemptyset(&heard);
  sigaddset(&heard, SIGCHLD);
  sigprocmask(SIG_SETMASK, &heard, nullptr);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPWR, SIGPIPE}) signal(number, SIG_IGN);
  signals_.reset(signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
  if (service_.notify_access.value_or(NotifyAccess::None) != NotifyAccess::None) {
    if (!notify_.open(kNotifyFolder + std::to_string(getpid())))
      remark("the socket for notices cannot be made");
  }
  launcher_.emplace(unit_, kJournal, notify_.path());
}

void Runner::run() {
  set_up();
  Outcome outcome = start();
  if (has_started_) outcome = supervise();
  const bool is_clean = has_started_ && outcome == Outcome::Success;
  stop(outcome, is_clean);
  report({.kind = Report::Kind::Ended, .outcome = result_, .end = main_end_});
}

}  // namespace

std::optional<RunningUnit> start_runner(const Unit& unit, int journal) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return std::nullopt;
  UniqueFd mine(ends[0]);
  const UniqueFd theirs(ends[1]);
  const pid_t process = fork();
  if (process < 0) return std::nullopt;
  if (process > 0) return RunningUnit{.process = process, .channel = std::move(mine)};
  // Away from the low numbers first: they may stand where the others go.
  const int channel = fcntl(theirs.get(), F_DUPFD_CLOEXEC, kSpareDescriptor);
  const int output = fcntl(journal, F_DUPFD_CLOEXEC, kSpareDescriptor);
  dup3(channel, kChannel, O_CLOEXEC);
  dup3(output, kJournal, O_CLOEXEC);
  close_range(kJournal + 1, ~0U, 0);
  Runner(unit).run();
  _exit(0);
}

}  // namespace holm::init

// The first process: boot, the loop, shutdown.

#include "init/manager.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "init/files.h"

namespace holm::init {

namespace {

// How long units may take to stop before the instance goes off anyway, and how long processes that belong to
// no unit may take after them.
constexpr Duration kShutdownMax{100'000'000};
constexpr int kRestSeconds = 5;
constexpr char kIdentifier[] = "init";

}  // namespace

Manager::Manager(std::string root, int console)
    : store_(std::move(root)),
      journal_(store_.root() + kJournalFolder, console),
      streams_(loop_, journal_),
      control_(loop_, [this](ControlServer::Client client, uid_t user, const Fields& request) {
        on_request(client, user, request);
      }) {}

void Manager::say(const std::string& unit, const std::string& text, int priority) {
  journal_.add(unit, {{.time = calendar_now(),
                       .priority = priority,
                       .process = 1,
                       .identifier = kIdentifier,
                       .message = text}});
}

// At every start, so that whoever wrote the unit learns of it.
void Manager::tell_remarks(const Unit& unit) {
  std::vector<JournalEntry> entries;
  for (const Remark& each : unit.remarks) {
    const std::string place = each.line > 0 ? each.file + ":" + std::to_string(each.line) : each.file;
    entries.push_back({.time = calendar_now(),
                       .priority = 4,
                       .process = 1,
                       .identifier = kIdentifier,
                       .message = place + ": " + each.text});
  }
  journal_.add(unit.name, entries);
}

UnitRecord* Manager::find_record(const std::string& name) {
  auto alias = aliases_.find(name);
  auto found = units_.find(alias == aliases_.end() ? name : alias->second);
  return found == units_.end() ? nullptr : found->second.get();
}

UnitRecord& Manager::record(const std::string& name) {
  if (UnitRecord* known = find_record(name)) return *known;
  Unit loaded = store_.load(name);
  const std::string own_name = loaded.name;
  if (own_name != name) {
    aliases_[name] = own_name;
    if (UnitRecord* known = find_record(own_name)) {
      known->unit.names.push_back(name);
      return *known;
    }
  }
  auto made = std::make_unique<UnitRecord>();
  made->unit = std::move(loaded);
  made->read_at = calendar_now();
  UnitRecord& result = *made;
  units_[own_name] = std::move(made);
  return result;
}

void Manager::read_again(UnitRecord& record) {
  const std::vector<std::string> names = record.unit.names;
  record.unit = store_.load(record.unit.name);
  record.unit.name = names.front();  // What has become an alias is another unit from its next start on.
  record.unit.names = names;
  record.read_at = calendar_now();
}

// Units that were only looked at. Whoever asks for one again has it read again.
void Manager::forget_unused() {
  std::erase_if(units_, [this](const auto& each) {
    const UnitRecord& known = *each.second;
    const bool is_unused = known.active == ActiveState::Inactive && !known.job && !known.runner &&
                           known.changed == Calendar(0) && known.skipped_by.empty();
    if (is_unused) std::erase_if(aliases_, [&](const auto& alias) { return alias.second == each.first; });
    return is_unused;
  });
}

const Unit& Manager::unit(const std::string& name) { return record(name).unit; }

bool Manager::is_active(const std::string& name) {
  const UnitRecord* known = find_record(name);
  if (known == nullptr) return false;
  if (known->job && known->job->kind != JobKind::Start) return false;
  return known->active == ActiveState::Active || known->active == ActiveState::Reloading;
}

std::vector<std::string> Manager::active_units() {
  std::vector<std::string> names;
  for (const auto& [name, each] : units_) {
    const bool is_idle = each->active == ActiveState::Inactive || each->active == ActiveState::Failed;
    if (!is_idle || each->job) names.push_back(name);
  }
  return names;
}

bool Manager::set_up() {
  sigset_t heard;
  sigemptyset(&heard);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGPWR}) sigaddset(&heard, number);
  sigprocmask(SIG_SETMASK, &heard, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signals_.reset(signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
  loop_.watch(signals_.get(), EPOLLIN, [this](uint32_t) { on_signals(); });
  prctl(PR_SET_NAME, "holm-init");
  umask(0022);
  // By this folder packages' scripts and libraries know that systemctl can be asked.
  (void)make_folders(store_.root() + "/run/systemd/system");
  // The image leaves out what the host has there, the folder with it.
  (void)make_folders(store_.root() + "/etc/systemd/system");
  (void)make_folders(store_.root() + "/run/lock");
  chmod((store_.root() + "/run/lock").c_str(), 01777);
  (void)make_folders(store_.root() + "/run/holm");
  (void)write_text(store_.root() + "/run/holm/booted", std::to_string(calendar_now().count()) + "\n");
  return control_.listen(store_.root() + kControlSocket);
}

void Manager::boot() { start_units({"default.target", "cloud-final.service"}); }

int Manager::run() {
  if (!set_up()) say(kInitUnit, "the socket for systemctl cannot be made", 3);
  boot();
  while (true) {
    turn();
    const bool is_idle = std::ranges::none_of(units_, [](const auto& each) {
      return each.second->job.has_value() || each.second->runner.has_value();
    });
    if (is_booting_ &&
        std::ranges::none_of(units_, [](const auto& each) { return each.second->job.has_value(); })) {
      is_booting_ = false;
    }
    if (power_ && is_idle) break;
    const bool is_late = planned_power_ && monotonic_now() >= planned_power_->first;
    if (power_ && is_late) break;
    if (is_late) begin_shutdown(planned_power_->second);
  }
  kill_everything();
  streams_.drain();
  say(kInitUnit, *power_ == Power::Off ? "Powering off." : "Rebooting.");
  return *power_ == Power::Off ? 0 : kRebootExitCode;
}

void Manager::turn() {
  restart_due();
  begin_jobs();
  streams_.take_unended(monotonic_now());
  forget_unused();
  loop_.run_once(next_deadline());
}

Monotonic Manager::next_deadline() const {
  Monotonic next = streams_.next_unended();
  if (planned_power_) next = std::min(next, planned_power_->first);
  for (const auto& [name, each] : units_) {
    if (each->restart_at) next = std::min(next, *each->restart_at);
  }
  // A shutdown with nothing left to stop goes on at once.
  const bool has_work = std::ranges::any_of(units_, [](const auto& each) {
    return each.second->job.has_value() || each.second->runner.has_value();
  });
  return power_ && !has_work ? Monotonic(0) : next;
}

void Manager::on_signals() {
  signalfd_siginfo information;
  while (read(signals_.get(), &information, sizeof information) > 0) {
    const auto number = static_cast<int>(information.ssi_signo);
    if (number == SIGCHLD) reap();
    else begin_shutdown(Power::Off);
  }
}

// Runners, and what was left behind by services that are over or by commands run from outside.
void Manager::reap() {
  int status = 0;
  while (waitpid(-1, &status, WNOHANG) > 0) {
  }
}

void Manager::begin_shutdown(Power power) {
  if (power_) return;
  power_ = power;
  say(kInitUnit, power == Power::Off ? "Shutting down." : "Shutting down to boot again.");
  planned_power_ = {monotonic_now() + kShutdownMax, power};
  std::vector<PlannedJob> stops;
  for (auto& [name, each] : units_) {
    each->restart_at.reset();
    if (each->job && !each->job->is_running) finish_job(*each, JobResult::Canceled);
    const bool is_off = each->active == ActiveState::Inactive || each->active == ActiveState::Failed;
    if (!is_off || each->runner) stops.push_back({name, JobKind::Stop});
  }
  add_jobs(stops, nullptr);
}

// Processes that belong to no unit, those that units left behind included.
void Manager::kill_everything() {
  kill(-1, SIGTERM);
  kill(-1, SIGCONT);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  const Monotonic end = monotonic_now() + std::chrono::seconds(kRestSeconds);
  while (monotonic_now() < end) {
    pid_t ended = 0;
    while ((ended = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (ended < 0 && errno == ECHILD) return;
    streams_.drain();
    const timespec moment{.tv_sec = 0, .tv_nsec = 100'000'000};
    sigtimedwait(&children, nullptr, &moment);
  }
  kill(-1, SIGKILL);
}

}  // namespace holm::init

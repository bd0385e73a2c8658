// Services: their runners' reports, and what follows from how they end.

#include <sys/epoll.h>

#include <algorithm>
#include <csignal>

#include "init/files.h"
#include "init/manager.h"
#include "init/processes.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

constexpr char kUserDataUnit[] = "cloud-final.service";
constexpr char kUserDataLog[] = "/var/log/cloud-init-output.log";

ActiveState state_of(Phase phase) {
  switch (phase) {
    case Phase::Dead: return ActiveState::Inactive;
    case Phase::Condition:
    case Phase::StartPre:
    case Phase::Start:
    case Phase::StartPost: return ActiveState::Activating;
    case Phase::Running:
    case Phase::Exited: return ActiveState::Active;
    case Phase::Reload: return ActiveState::Reloading;
    case Phase::Stop:
    case Phase::StopSignal:
    case Phase::StopKill:
    case Phase::StopPost:
    case Phase::FinalSignal:
    case Phase::FinalKill: return ActiveState::Deactivating;
  }
  return ActiveState::Inactive;
}

std::string shown_name(const Unit& unit) { return unit.name + " - " + unit.description; }

bool is_passing(const Service& service) {
  return service.type == ServiceType::Oneshot && !service.remains_after_exit;
}

std::string identifier_of(const Unit& unit) {
  if (!unit.service.identifier.empty()) return unit.service.identifier;
  if (!unit.service.start.empty()) return std::string(base_name(unit.service.start.front().words.front()));
  return std::string(prefix_of(unit.name));
}

}  // namespace

std::string_view active_name(ActiveState state) {
  switch (state) {
    case ActiveState::Inactive: return "inactive";
    case ActiveState::Activating: return "activating";
    case ActiveState::Active: return "active";
    case ActiveState::Reloading: return "reloading";
    case ActiveState::Deactivating: return "deactivating";
    case ActiveState::Failed: return "failed";
  }
  return "";
}

void Manager::set_state(UnitRecord& record, ActiveState active, const std::string& sub) {
  record.sub = sub;
  if (record.active == active) return;
  auto is_off = [](ActiveState state) {
    return state == ActiveState::Inactive || state == ActiveState::Failed;
  };
  auto is_up = [](ActiveState state) {
    return state == ActiveState::Active || state == ActiveState::Reloading;
  };
  record.changed = calendar_now();
  if (!is_up(record.active) && is_up(active)) record.became_active = record.changed;
  if (!is_off(record.active) && is_off(active)) record.became_inactive = record.changed;
  record.active = active;
}

void Manager::start_service(UnitRecord& record) {
  const Unit& unit = record.unit;
  const UniqueFd journal = streams_.open({.unit = unit.name,
                                          .identifier = identifier_of(unit),
                                          .copy_path = unit.name == kUserDataUnit ? kUserDataLog : ""});
  auto runner = journal ? start_runner(unit, journal.get()) : std::nullopt;
  if (!runner) {
    say(unit.name, unit.name + ": no process or descriptor is left to start it with", 3);
    record.outcome = Outcome::Resources;
    set_state(record, ActiveState::Failed, "failed");
    return finish_job(record, JobResult::Failed, "resources");
  }
  record.token = loop_.watch(runner->channel.get(), EPOLLIN,
                             [this, name = unit.name](uint32_t events) { on_runner(name, events); });
  record.runner = std::move(*runner);
  record.has_started = false;
  record.outcome = Outcome::Success;
  record.status.clear();
  record.main_process = 0;
  record.control_process = 0;
  if (is_passing(unit.service) || unit.service.remains_after_exit)
    say(unit.name, "Starting " + shown_name(unit) + "...");
  set_state(record, ActiveState::Activating, "start");
}

void Manager::on_runner(const std::string& name, uint32_t events) {
  UnitRecord* known = find_record(name);
  if (known == nullptr) return;
  while (known->runner) {
    const auto report = receive_report(known->runner->channel.get());
    if (!report) break;
    take_report(*known, *report);
  }
  if (!known->runner || (events & (EPOLLHUP | EPOLLERR)) == 0) return;
  // Somebody killed it. What it watched is now this process's child and not known to be the service's any
  // more.
  say(name, name + ": its runner was killed", 3);
  if (known->main_process > 1 && parent_of(known->main_process) == 1) kill(known->main_process, SIGKILL);
  service_ended(*known, Outcome::Resources, {});
}

void Manager::take_phase(UnitRecord& record, Phase phase) {
  set_state(record, state_of(phase), std::string(phase_name(phase)));
}

void Manager::take_report(UnitRecord& record, const Report& report) {
  const std::string& name = record.unit.name;
  switch (report.kind) {
    case Report::Kind::Phase: return take_phase(record, report.phase);
    case Report::Kind::Main:
      record.main_process = report.process;
      if (report.process == 0) return;
      record.last_main_process = report.process;
      record.last_main_end.reset();
      record.main_started = calendar_now();
      return;
    case Report::Kind::MainEnded: {
      record.main_process = 0;
      record.last_main_end = report.end;
      record.main_ended = calendar_now();
      const EndOf kind = record.unit.service.type == ServiceType::Oneshot ? EndOf::Command : EndOf::Daemon;
      const bool is_clean = outcome_of(report.end, kind, record.unit.service.success) == Outcome::Success;
      if (!is_clean) say(name, name + ": Main process exited, " + describe(report.end), 5);
      return;
    }
    case Report::Kind::Control: record.control_process = report.process; return;
    case Report::Kind::ControlEnded:
      record.control_process = 0;
      if (report.end.is_signal || report.end.number != 0) {
        say(name, name + ": Control process exited, " + describe(report.end), 5);
      }
      return;
    case Report::Kind::Started:
      record.has_started = true;
      say(name, (record.unit.service.type == ServiceType::Oneshot ? "Finished " : "Started ") +
                    shown_name(record.unit) + ".");
      if (is_passing(record.unit.service)) return;  // Done when it is over.
      if (record.job && record.job->is_running && record.job->kind == JobKind::Start) {
        finish_job(record, JobResult::Done);
      }
      return;
    case Report::Kind::Reloaded:
      say(name, (report.outcome == Outcome::Success ? "Reloaded " : "Reload failed for ") +
                    shown_name(record.unit) + ".");
      for (const auto& request : std::exchange(record.reloads, {})) {
        const JobResult result = report.outcome == Outcome::Success ? JobResult::Done : JobResult::Failed;
        request->reply.insert(request->reply.end(), {name, std::string(result_name(result)), ""});
        --request->open_jobs;
        settle(*request);
      }
      return;
    case Report::Kind::Status: record.status = report.text; return;
    case Report::Kind::Remark: return say(name, name + ": " + report.text, 4);
    case Report::Kind::Ended: return service_ended(record, report.outcome, report.end);
  }
}

void Manager::service_ended(UnitRecord& record, Outcome outcome, const ProcessEnd& end) {
  streams_.drain();  // Its last words come before what is said about its end.
  loop_.forget(record.token);
  record.runner.reset();
  record.main_process = 0;
  record.control_process = 0;
  record.outcome = outcome;
  const std::string& name = record.unit.name;
  for (const auto& request : std::exchange(record.reloads, {})) {
    request->reply.insert(request->reply.end(), {name, std::string(result_name(JobResult::Canceled)), ""});
    --request->open_jobs;
    settle(*request);
  }
  const bool is_good = outcome == Outcome::Success || outcome == Outcome::ConditionFailed;
  if (!is_good) say(name, name + ": Failed with result '" + std::string(outcome_name(outcome)) + "'.", 4);
  set_state(record, is_good ? ActiveState::Inactive : ActiveState::Failed, is_good ? "dead" : "failed");
  const bool is_wanted = record.job && record.job->is_running && record.job->kind != JobKind::Start;
  if (is_wanted) {
    say(name, "Stopped " + shown_name(record.unit) + ".");
    if (record.job->kind == JobKind::Stop) return finish_job(record, JobResult::Done);
    record.job->kind = JobKind::Start;
    record.job->is_running = false;
    return;
  }
  if (record.job && record.job->is_running) {
    if (!is_good) say(name, "Failed to start " + shown_name(record.unit) + ".", 3);
    const JobResult failed = outcome == Outcome::Timeout ? JobResult::Timeout : JobResult::Failed;
    const JobResult good = outcome == Outcome::Success ? JobResult::Done : JobResult::Skipped;
    finish_job(record, is_good ? good : failed, std::string(outcome_name(outcome)));
  }
  if (power_ || record.job) return;
  if (starts_again(record.unit.service, outcome, end)) return restart_later(record);
  if (!is_good) start_units(record.unit.on_failure);
  for (const std::string& other : active_units()) {
    const std::vector<std::string>& bound = find_record(other)->unit.binds_to;
    const bool is_bound = std::ranges::find(bound, name) != bound.end();
    if (is_bound) add_jobs(plan_stop(*this, {other}).jobs, nullptr);
  }
}

void Manager::restart_later(UnitRecord& record) {
  ++record.restarts;
  record.restart_at = monotonic_now() + record.unit.service.restart_delay;
  set_state(record, ActiveState::Activating, "auto-restart");
  say(record.unit.name, record.unit.name + ": Scheduled restart job, restart counter is at " +
                            std::to_string(record.restarts) + ".");
}

void Manager::restart_due() {
  const Monotonic now = monotonic_now();
  std::vector<std::string> due;
  for (auto& [name, each] : units_) {
    if (each->restart_at && *each->restart_at <= now) due.push_back(name);
  }
  for (const std::string& name : due) {
    UnitRecord& each = record(name);
    each.restart_at.reset();
    auto plan = plan_start(*this, {name});
    if (plan) {
      add_jobs(plan->jobs, nullptr);
      continue;
    }
    say(name, name + " cannot be started again: " + plan.error().message, 3);
    set_state(each, ActiveState::Failed, "failed");
  }
}

}  // namespace holm::init

// Jobs: starts and stops that wait for each other.

#include <algorithm>

#include "init/conditions.h"
#include "init/manager.h"

namespace holm::init {

namespace {

bool names_any(const std::vector<std::string>& list, const Unit& unit) {
  return std::ranges::any_of(
      list, [&](const std::string& each) { return std::ranges::find(unit.names, each) != unit.names.end(); });
}

bool is_failure(JobResult result) {
  return result == JobResult::Failed || result == JobResult::Timeout || result == JobResult::Dependency;
}

}  // namespace

std::string_view result_name(JobResult result) {
  switch (result) {
    case JobResult::Done: return "done";
    case JobResult::Skipped: return "skipped";
    case JobResult::Failed: return "failed";
    case JobResult::Timeout: return "timeout";
    case JobResult::Dependency: return "dependency";
    case JobResult::Canceled: return "canceled";
  }
  return "";
}

void Manager::start_units(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto plan = plan_start(*this, {name});
    if (!plan) {
      say(kInitUnit, name + " cannot be started: " + plan.error().message, 3);
      continue;
    }
    for (const std::string& note : plan->notes) say(kInitUnit, note, 4);
    add_jobs(plan->jobs, nullptr);
  }
}

void Manager::add_jobs(const std::vector<PlannedJob>& jobs, const std::shared_ptr<Request>& request) {
  for (const PlannedJob& job : jobs) {
    UnitRecord& each = record(job.unit);
    const bool is_goal = request && request->goals.contains(job.unit);
    add_job(each, job.kind, is_goal ? request : nullptr);
  }
}

// What was wanted before is replaced by what is wanted now.
void Manager::add_job(UnitRecord& record, JobKind kind, const std::shared_ptr<Request>& request) {
  if (record.job) {
    Job& known = *record.job;
    const bool stays = known.kind == kind;
    const bool covers = known.kind == JobKind::Restart && kind == JobKind::Start;
    if (!stays && !covers) {
      const bool is_stopping = known.is_running && known.kind != JobKind::Start;
      for (const auto& waiting : known.requests) {
        waiting->reply.insert(waiting->reply.end(),
                              {record.unit.name, std::string(result_name(JobResult::Canceled)), ""});
        --waiting->open_jobs;
        settle(*waiting);
      }
      known.requests.clear();
      // A stop that is under way goes on; what follows it may change.
      known.is_running = is_stopping;
      known.kind = is_stopping && kind == JobKind::Start ? JobKind::Restart : kind;
    }
  } else {
    record.job = Job{.kind = kind};
  }
  if (!request) return;
  record.job->requests.push_back(request);
  ++request->open_jobs;
}

bool Manager::may_begin(UnitRecord& record) {
  // The end of the last start, which nobody asked for, comes first.
  const bool is_ending = record.runner && record.active == ActiveState::Deactivating;
  if (is_ending && record.job->kind == JobKind::Start) return false;
  return std::ranges::none_of(units_, [&](const auto& each) {
    const UnitRecord& other = *each.second;
    return &other != &record && other.job &&
           waits_for(record.unit, record.job->kind, other.unit, other.job->kind);
  });
}

void Manager::begin_jobs() {
  while (true) {
    std::vector<UnitRecord*> waiting;
    bool has_running = false;
    for (auto& [name, each] : units_) {
      if (!each->job) continue;
      if (each->job->is_running || each->runner) has_running = true;
      if (!each->job->is_running) waiting.push_back(each.get());
    }
    if (waiting.empty()) return;
    auto ready = std::ranges::find_if(waiting, [this](UnitRecord* each) { return may_begin(*each); });
    if (ready == waiting.end() && has_running) return;
    // Orders of wishes that came one after the other may be cyclic together; then the first goes first.
    UnitRecord& next = **(ready == waiting.end() ? waiting.begin() : ready);
    if (ready == waiting.end()) say(kInitUnit, "the order is cyclic; " + next.unit.name + " goes first", 4);
    next.job->is_running = true;
    begin_job(next);
  }
}

void Manager::begin_job(UnitRecord& record) {
  if (record.job->kind == JobKind::Start) return begin_start(record);
  const bool is_off = !record.runner && record.active != ActiveState::Active;
  if (record.job->kind == JobKind::Restart && is_off) {
    record.job->kind = JobKind::Start;
    record.job->is_running = false;  // It may have to wait for others now.
    return;
  }
  begin_stop(record);
}

bool Manager::conditions_hold(UnitRecord& record) {
  const ConditionsResult result = check_conditions(record.unit.conditions, store_.root());
  record.skipped_by = result.unmet;
  if (result.hold) return true;
  const std::string told = record.unit.name + ": not started because of an unmet " +
                           (result.failed_assertion ? "assertion" : "condition") + " (" + result.unmet + ")";
  say(record.unit.name, told, result.failed_assertion ? 3 : 6);
  finish_job(record, result.failed_assertion ? JobResult::Failed : JobResult::Skipped, "assertion");
  return false;
}

void Manager::begin_start(UnitRecord& record) {
  if (record.active == ActiveState::Active || record.active == ActiveState::Reloading) {
    return finish_job(record, JobResult::Done);
  }
  record.restart_at.reset();
  tell_remarks(record.unit);
  const Unit& unit = record.unit;
  for (const auto* list : {&unit.requires_units, &unit.binds_to, &unit.requisite}) {
    for (const std::string& name : *list) {
      const UnitRecord* needed = find_record(name);
      if (needed == nullptr || is_active(name) || !is_before(needed->unit, unit)) continue;
      say(unit.name, "Dependency failed for " + unit.name + " - " + unit.description + ": " + name, 3);
      return finish_job(record, JobResult::Dependency);
    }
  }
  if (!conditions_hold(record)) return;
  if (unit.kind() != "service") {
    set_state(record, ActiveState::Active, "active");
    return finish_job(record, JobResult::Done);
  }
  if (!record.starts.allow(monotonic_now(), unit.start_limit_interval, unit.start_limit_burst)) {
    say(unit.name, unit.name + ": Start request repeated too quickly.", 4);
    record.outcome = Outcome::StartLimitHit;
    set_state(record, ActiveState::Failed, "failed");
    say(unit.name, unit.name + ": Failed with result 'start-limit-hit'.", 4);
    return finish_job(record, JobResult::Failed, "start-limit-hit");
  }
  start_service(record);
}

void Manager::begin_stop(UnitRecord& record) {
  record.restart_at.reset();
  if (record.runner) {
    send_order(record.runner->channel.get(), Order::Stop);
    return;
  }
  if (record.active == ActiveState::Active || record.active == ActiveState::Activating) {
    set_state(record, ActiveState::Inactive, "dead");
  }
  if (record.job->kind != JobKind::Restart) return finish_job(record, JobResult::Done);
  record.job->kind = JobKind::Start;
  record.job->is_running = false;
}

void Manager::settle(Request& request) {
  if (request.open_jobs == 0 && request.client != 0) control_.reply(request.client, request.reply);
}

void Manager::finish_job(UnitRecord& record, JobResult result, const std::string& explanation) {
  if (!record.job) return;
  const Job job = std::move(*record.job);
  record.job.reset();
  for (const auto& request : job.requests) {
    request->reply.insert(request->reply.end(),
                          {record.unit.name, std::string(result_name(result)), explanation});
    --request->open_jobs;
    settle(*request);
  }
  if (job.kind == JobKind::Start && is_failure(result)) fail_dependents(record);
}

void Manager::fail_dependents(const UnitRecord& record) {
  for (auto& [name, each] : units_) {
    if (!each->job || each->job->kind != JobKind::Start || each->job->is_running) continue;
    const Unit& unit = each->unit;
    if (!names_any(unit.requires_units, record.unit) && !names_any(unit.binds_to, record.unit)) continue;
    say(name, "Dependency failed for " + name + " - " + unit.description + ": " + record.unit.name, 3);
    finish_job(*each, JobResult::Dependency);
  }
}

}  // namespace holm::init

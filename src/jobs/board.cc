// What is due, who runs it, and what becomes of it.

#include "jobs/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/log.h"
#include "base/time_format.h"

namespace holm::jobs {

namespace {

using std::chrono::seconds;

constexpr seconds kBackOffMax{60};
constexpr int64_t kNoVersion = -1;

// `version` changes whenever the row does, but for `again_…`: those hold what was scheduled while the job ran.
// `scheduled` is when the due times were written.
const std::vector<sql::Migration> kMigrations = {
    {1,
     "CREATE TABLE jobs_job ("
     "  kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, due INTEGER NOT NULL,"
     "  attempt INTEGER NOT NULL, version INTEGER NOT NULL, again_due INTEGER, again_payload TEXT,"
     "  PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;"
     "CREATE INDEX jobs_job_due ON jobs_job (due);"},
    {2, "ALTER TABLE jobs_job ADD COLUMN scheduled INTEGER NOT NULL DEFAULT 0"},
};

seconds back_off(int attempt) {
  constexpr int kDoublingsMax = 6;
  return std::min(kBackOffMax, seconds(1) * (1 << std::clamp(attempt - 1, 0, kDoublingsMax)));
}

}  // namespace

sql::Schema schema() { return {.owner = "jobs", .migrations = kMigrations}; }

Board::Board(sql::Database& database, Clock& clock, std::function<void(Time)> on_change)
    : database_(database), clock_(clock), on_change_(std::move(on_change)) {
  database_.migrate({schema()});
  auto transaction = database_.begin(sql::Access::Read);
  next_version_ = transaction->find("SELECT coalesce(max(version), 0) + 1 FROM jobs_job")->integer(0);
}

void Board::handle(std::string kind, Handler handler) {
  CHECK(!is_open_);
  bool is_new = handlers_.emplace(std::move(kind), std::move(handler)).second;
  CHECK(is_new);
}

void Board::keep(const Job& job, Time due, Handler handler) {
  handle(job.kind, std::move(handler));
  kept_.emplace_back(job, due);
}

void Board::open() {
  CHECK(!is_open_);
  for (size_t i = 0; i < handlers_.size(); ++i) kinds_ += fmt::format("{}?{}", i == 0 ? "" : ", ", i + 2);
  keep_waits();
  auto transaction = database_.begin(sql::Access::Write);
  transaction->run(
      "UPDATE jobs_job SET due = min(due, again_due), payload = again_payload, attempt = 1, "
      "again_due = NULL, again_payload = NULL WHERE again_due IS NOT NULL");
  for (const auto& [job, due] : kept_) schedule(*transaction, job, due);
  kept_.clear();
  std::vector<sql::Row> kinds = transaction->run("SELECT DISTINCT kind FROM jobs_job");
  transaction->commit();
  {
    std::lock_guard lock(mutex_);
    is_open_ = true;
  }
  for (const sql::Row& row : kinds) report_unhandled(row.text(0));
}

void Board::keep_waits() {
  const Time now = clock_.now();
  auto transaction = database_.begin(sql::Access::Write);
  transaction->run(
      "UPDATE jobs_job SET due = due - (scheduled - ?1), again_due = again_due - (scheduled - ?1), scheduled = ?1 "
      "WHERE scheduled > ?1",
      {to_milliseconds(now)});
  transaction->commit();
  std::lock_guard lock(mutex_);
  for (auto& [name, running] : running_) {
    if (running.rests_until) running.rests_until = now;
  }
}

void Board::schedule(sql::Transaction& transaction, const Job& job, Time due) {
  std::optional<int64_t> running;
  {
    std::lock_guard lock(mutex_);
    auto found = running_.find({job.kind, job.key});
    if (found != running_.end() && !found->second.is_ending) running = found->second.version;
  }
  int64_t milliseconds = to_milliseconds(due);
  if (running) {
    transaction.run(
        "UPDATE jobs_job SET again_due = min(coalesce(again_due, ?3), ?3), again_payload = ?4, scheduled = ?6 "
        "WHERE kind = ?1 AND key = ?2 AND version = ?5",
        {job.kind, job.key, milliseconds, job.payload, *running, to_milliseconds(clock_.now())});
  }
  if (!running || transaction.changes() == 0) {
    transaction.run(
        "INSERT INTO jobs_job (kind, key, payload, due, attempt, version, scheduled) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (kind, key) DO UPDATE SET due = min(due, excluded.due), "
        "payload = excluded.payload, attempt = excluded.attempt, version = excluded.version, "
        "scheduled = excluded.scheduled",
        {job.kind, job.key, job.payload, milliseconds, int64_t{job.attempt}, next_version_++,
         to_milliseconds(clock_.now())});
  }
  transaction.after_commit([this, kind = job.kind, due] {
    report_unhandled(kind);
    on_change_(due);
  });
}

void Board::cancel(sql::Transaction& transaction, std::string_view kind, std::string_view key) {
  transaction.run("DELETE FROM jobs_job WHERE kind = ?1 AND key = ?2", {std::string(kind), std::string(key)});
}

std::set<Name> Board::running_names() {
  std::lock_guard lock(mutex_);
  std::set<Name> names;
  Time now = clock_.now();
  std::erase_if(running_, [&](const auto& entry) {
    return entry.second.rests_until && *entry.second.rests_until <= now;
  });
  for (const auto& [name, running] : running_) names.insert(name);
  return names;
}

std::vector<Name> Board::due_jobs(size_t count, const std::set<Name>& except) {
  if (handlers_.empty()) return {};
  std::set<Name> running = running_names();
  std::vector<sql::Value> arguments = {to_milliseconds(clock_.now())};
  for (const auto& [kind, handler] : handlers_) arguments.emplace_back(kind);
  arguments.emplace_back(static_cast<int64_t>(count + running.size() + except.size()));
  auto transaction = database_.begin(sql::Access::Read);
  std::vector<Name> names;
  for (const sql::Row& row : transaction->run(
           fmt::format("SELECT kind, key FROM jobs_job WHERE due <= ?1 AND kind IN ({}) ORDER BY due LIMIT ?{}",
                       kinds_, arguments.size()),
           arguments)) {
    Name name(row.text(0), row.text(1));
    if (names.size() < count && !running.contains(name) && !except.contains(name)) names.push_back(name);
  }
  return names;
}

std::optional<Time> Board::next_due() {
  if (handlers_.empty()) return std::nullopt;
  std::set<Name> running = running_names();
  std::vector<sql::Value> arguments = {static_cast<int64_t>(running.size() + 1)};
  for (const auto& [kind, handler] : handlers_) arguments.emplace_back(kind);
  auto transaction = database_.begin(sql::Access::Read);
  std::optional<Time> next;
  for (const sql::Row& row : transaction->run(
           fmt::format("SELECT kind, key, due FROM jobs_job WHERE kind IN ({}) ORDER BY due LIMIT ?1", kinds_),
           arguments)) {
    if (running.contains({row.text(0), row.text(1)})) continue;
    next = from_milliseconds(row.integer(2));
    break;
  }
  std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : running_) {
    if (entry.rests_until && (!next || *entry.rests_until < *next)) next = entry.rests_until;
  }
  return next;
}

// The mark in memory comes before the look at the table: who schedules the job from now on knows that it runs.
std::optional<Job> Board::claim(const Name& name, int64_t& version) {
  {
    std::lock_guard lock(mutex_);
    if (!running_.try_emplace(name, Running{.version = kNoVersion}).second) return std::nullopt;
  }
  auto transaction = database_.begin(sql::Access::Read);
  std::optional<sql::Row> row = transaction->find(
      "SELECT payload, attempt, version FROM jobs_job WHERE kind = ?1 AND key = ?2 AND due <= ?3",
      {name.first, name.second, to_milliseconds(clock_.now())});
  if (!row) {
    forget_running(name);
    return std::nullopt;
  }
  version = row->integer(2);
  std::lock_guard lock(mutex_);
  running_.at(name).version = version;
  return Job{.kind = name.first,
             .key = name.second,
             .payload = row->text(0),
             .attempt = static_cast<int>(row->integer(1))};
}

Outcome Board::call_handler(const Job& job, bool& failed) {
  failed = true;
  try {
    Outcome outcome = handlers_.at(job.kind)(job);
    failed = false;
    return outcome;
  } catch (const std::exception& error) {
    log::error(fmt::format("job {} {}: attempt {} failed: {}", job.kind, job.key, job.attempt, error.what()));
  } catch (...) {
    log::error(fmt::format("job {} {}: attempt {} failed", job.kind, job.key, job.attempt));
  }
  return again_at(clock_.now() + back_off(job.attempt));
}

// Nothing is written when the row is not the one that ran: then it was cancelled, or is about something newer.
void Board::write_end(const Job& job, int64_t version, std::optional<Time> again, bool failed) {
  auto transaction = database_.begin(sql::Access::Write);
  {
    std::lock_guard lock(mutex_);
    running_.at({job.kind, job.key}).is_ending = true;
  }
  std::optional<sql::Row> row = transaction->find(
      "SELECT again_due, again_payload FROM jobs_job WHERE kind = ?1 AND key = ?2 AND version = ?3",
      {job.kind, job.key, version});
  if (!row) return;
  std::optional<int64_t> due = row->optional_integer(0);
  bool was_scheduled = due.has_value();
  if (again) due = std::min(due.value_or(to_milliseconds(*again)), to_milliseconds(*again));
  if (due) {
    int64_t attempt = failed && !was_scheduled ? job.attempt + 1 : 1;
    transaction->run(
        "UPDATE jobs_job SET due = ?3, payload = ?4, attempt = ?5, version = ?6, again_due = NULL, "
        "again_payload = NULL, scheduled = ?7 WHERE kind = ?1 AND key = ?2",
        {job.kind, job.key, *due, row->optional_text(1).value_or(job.payload), attempt, next_version_++,
         to_milliseconds(clock_.now())});
  } else {
    cancel(*transaction, job.kind, job.key);
  }
  transaction->commit();
}

void Board::forget_running(const Name& name) {
  std::lock_guard lock(mutex_);
  running_.erase(name);
}

bool Board::run(const Name& name) {
  int64_t version = 0;
  try {
    std::optional<Job> job = claim(name, version);
    if (!job) return false;
    bool failed = false;
    Outcome outcome = call_handler(*job, failed);
    write_end(*job, version, outcome.again, failed);
    forget_running(name);
    return true;
  } catch (const std::exception& error) {
    // The table could not be read or written: the row is as it was, and due.
    log::error(fmt::format("job {} {}: {}", name.first, name.second, error.what()));
    std::lock_guard lock(mutex_);
    running_.insert_or_assign(name, Running{.version = kNoVersion, .rests_until = clock_.now() + seconds(1)});
    return true;
  }
}

void Board::report_unhandled(const std::string& kind) {
  if (handlers_.contains(kind)) return;
  std::lock_guard lock(mutex_);
  if (!is_open_ || !reported_.insert(kind).second) return;
  log::warning(fmt::format("nobody handles jobs of kind {}; they are kept", kind));
}

}  // namespace holm::jobs

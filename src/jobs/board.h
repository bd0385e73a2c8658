// The jobs that wait and those that run: a table, and in memory what this process is doing about it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "jobs/jobs.h"

namespace holm::jobs {

using Name = std::pair<std::string, std::string>;  // Kind and key.

// Shared by the threaded and the manual Jobs. A row stays in the table while its job runs, so that a crash runs it
// again; that it runs is known in memory only. Any thread.
class Board final {
 public:
  // `on_change` is called with the due time of what was scheduled, after the commit. `database` and `clock`
  // outlive the board.
  Board(sql::Database& database, Clock& clock, std::function<void(Time)> on_change);

  void handle(std::string kind, Handler handler);
  void keep(const Job& job, Time due, Handler handler);
  // Ends the time of handle() and keep(); what a former life left half told is put in order.
  void open();
  // For when the clock was set back: what waits keeps the time that it still had to wait.
  void keep_waits();

  void schedule(sql::Transaction& transaction, const Job& job, Time due);
  void cancel(sql::Transaction& transaction, std::string_view kind, std::string_view key);

  // Up to `count` jobs that are due, may run and are not in `except`, the longest due first.
  std::vector<Name> due_jobs(size_t count, const std::set<Name>& except);
  // The earliest time that something which does not run waits for.
  std::optional<Time> next_due();
  // Runs it on this thread, unless it runs already or is no longer due. Says whether it ran.
  bool run(const Name& name);

 private:
  struct Running {
    int64_t version;
    // Its end is being written: it may not start again yet, but scheduling it makes a new job.
    bool is_ending = false;
    // After an end that could not be written: when to try again.
    std::optional<Time> rests_until;
  };

  std::optional<Job> claim(const Name& name, int64_t& version);
  Outcome call_handler(const Job& job, bool& failed);
  void write_end(const Job& job, int64_t version, std::optional<Time> again, bool failed);
  void forget_running(const Name& name);
  void report_unhandled(const std::string& kind);
  std::set<Name> running_names();

  sql::Database& database_;
  Clock& clock_;
  std::function<void(Time)> on_change_;
  std::map<std::string, Handler> handlers_;  // Read-only once open.
  std::vector<std::pair<Job, Time>> kept_;   // Until it is open.
  std::string kinds_;                        // Their placeholders: "?2, ?3".
  std::atomic<int64_t> next_version_;
  std::mutex mutex_;  // Guards what follows. Taken inside a write transaction, never around one.
  std::map<Name, Running> running_;
  std::set<std::string> reported_;
  bool is_open_ = false;
};

}  // namespace holm::jobs

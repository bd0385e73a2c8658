// Durable timers: "call this again then". They survive a crash of the daemon. When the machine's clock is set
// back, what waits keeps the time it still had to wait: who means a date looks at the clock again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "sql/database.h"

namespace holm::jobs {

// A job is known by its kind (who handles it, "autoscaling.group") and key (what it is about). There is at
// most one row a (kind, key): scheduling it again keeps the earlier due time and the newer payload.
struct Job {
  std::string kind;
  std::string key;
  std::string payload;
  int attempt = 1;  // 1 for the first run since it was scheduled; grows with each failure.
};

// What becomes of a job that ran: done, or to be run again at a time.
struct Outcome {
  std::optional<Time> again;
};
inline Outcome done() { return {}; }
inline Outcome again_at(Time time) { return {time}; }

// Runs on a job thread, outside any transaction, and may block (for bounded time). The same (kind, key) never
// runs twice at once; scheduling a running job makes it run once more afterwards. A throw is logged and the
// job is tried again with exponential back-off (1 s doubling to 60 s), for ever: a job that gives up says
// `done()`.
using Handler = std::function<Outcome(const Job&)>;

class Jobs {
 public:
  virtual ~Jobs() = default;

  // Both take part in `transaction`: the job exists when it commits. Waking the threads is an effect of it.
  virtual void schedule(sql::Transaction& transaction, const Job& job, Time due) = 0;
  virtual void cancel(sql::Transaction& transaction, std::string_view kind, std::string_view key) = 0;

  // Before start() only: who runs jobs of `kind`.
  virtual void handle(std::string kind, Handler handler) = 0;

  // The same for a job that there always is, such as one that runs every hour: start() schedules it, all such jobs
  // in one transaction.
  virtual void keep(const Job& job, Time due, Handler handler) = 0;

  // Starts `threads` job threads; due jobs of former lives run first.
  virtual void start(int threads) = 0;
  // Lets running jobs end, starts no more, joins the threads. Idempotent.
  virtual void stop() = 0;
};

// The table of jobs, for whoever wants it made together with others; make_jobs makes it otherwise.
sql::Schema schema();

std::unique_ptr<Jobs> make_jobs(sql::Database& database, Clock& clock);

// For tests with a virtual clock: like Jobs, but no threads; run_due() runs on the caller's thread whatever
// is due now and returns how many ran; next_due() is the earliest waiting time.
class ManualJobs : public Jobs {
 public:
  virtual int run_due() = 0;
  virtual std::optional<Time> next_due() = 0;
};
std::unique_ptr<ManualJobs> make_manual_jobs(sql::Database& database, Clock& clock);

}  // namespace holm::jobs

// Job threads: one of them waits for the next due time, the others for work.

#include "jobs/jobs.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "jobs/board.h"

namespace holm::jobs {

namespace {

// How many due jobs are looked up at once.
constexpr size_t kBatch = 64;
// The wall clock may be set; nothing waits longer than this for it.
constexpr std::chrono::seconds kWaitMax{10};
constexpr std::chrono::milliseconds kWaitMin{1};
constexpr std::chrono::seconds kRestAfterError{1};
// Less is a correction that nobody notices.
constexpr std::chrono::seconds kSetBackMin{1};

class ThreadedJobs final : public Jobs {
 public:
  ThreadedJobs(sql::Database& database, Clock& clock)
      : clock_(clock), board_(database, clock, [this](Time due) { wake(due); }) {}
  ~ThreadedJobs() override { stop(); }

  void schedule(sql::Transaction& transaction, const Job& job, Time due) override {
    board_.schedule(transaction, job, due);
  }
  void cancel(sql::Transaction& transaction, std::string_view kind, std::string_view key) override {
    board_.cancel(transaction, kind, key);
  }
  void handle(std::string kind, Handler handler) override { board_.handle(std::move(kind), std::move(handler)); }
  void keep(const Job& job, Time due, Handler handler) override { board_.keep(job, due, std::move(handler)); }
  void start(int threads) override;
  void stop() override;

 private:
  void wake(Time due);
  void work();
  bool find_work(std::unique_lock<std::mutex>& lock);
  bool follow_clock_back(std::unique_lock<std::mutex>& lock, Time now);

  Clock& clock_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool is_looking_ = false;       // A thread asks the table or waits for `next_look_`.
  std::optional<Time> next_look_ = Time::min();  // When something may be due; nothing: never.
  Time newest_ = Time::min();  // The latest that the clock has said.
  std::deque<Name> ready_;
  std::vector<std::thread> threads_;
  Board board_;
};

void ThreadedJobs::start(int threads) {
  CHECK(threads > 0 && threads_.empty() && !is_stopping_);
  board_.open();
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

void ThreadedJobs::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadedJobs::wake(Time due) {
  std::lock_guard lock(mutex_);
  if (next_look_ && *next_look_ <= due) return;
  next_look_ = due;
  changed_.notify_all();
}

void ThreadedJobs::work() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (ready_.empty()) {
      if (is_looking_) {
        changed_.wait(lock);
      } else {
        is_looking_ = true;
        if (find_work(lock)) changed_.notify_all();
        is_looking_ = false;
      }
      continue;
    }
    Name name = std::move(ready_.front());
    ready_.pop_front();
    // Somebody else has to look while this thread is busy.
    changed_.notify_one();
    lock.unlock();
    board_.run(name);
    wake(Time::min());
    lock.lock();
  }
}

// Waits until something may be due and asks the table; says whether there is work.
bool ThreadedJobs::find_work(std::unique_lock<std::mutex>& lock) {
  if (!next_look_) {
    changed_.wait(lock);
    return false;
  }
  Time now = clock_.now();
  if (now + kSetBackMin < newest_) return follow_clock_back(lock, now);
  newest_ = std::max(newest_, now);
  if (*next_look_ > now) {
    auto wait = std::min<std::chrono::milliseconds>(*next_look_ - now, kWaitMax);
    changed_.wait_for(lock, std::max(wait, kWaitMin));
    return false;
  }
  next_look_.reset();
  lock.unlock();
  std::vector<Name> names;
  std::optional<Time> next;
  try {
    names = board_.due_jobs(kBatch, {});
    if (names.empty()) next = board_.next_due();
  } catch (const std::exception& error) {
    log::error(std::string("jobs cannot be looked up: ") + error.what());
    next = clock_.now() + kRestAfterError;
  }
  lock.lock();
  if (!names.empty()) next = Time::min();
  // What was scheduled meanwhile may be earlier.
  if (next && (!next_look_ || *next < *next_look_)) next_look_ = next;
  for (Name& name : names) ready_.push_back(std::move(name));
  return !ready_.empty();
}

// There is no work yet, but something may be due earlier than it seemed.
bool ThreadedJobs::follow_clock_back(std::unique_lock<std::mutex>& lock, Time now) {
  lock.unlock();
  bool followed = false;
  try {
    log::warning("the machine's clock was set back; what waits is put forward with it");
    board_.keep_waits();
    followed = true;
  } catch (const std::exception& error) {
    log::error(std::string("jobs cannot follow the clock: ") + error.what());
  }
  lock.lock();
  if (followed) newest_ = now;
  next_look_ = Time::min();
  if (!followed) changed_.wait_for(lock, kRestAfterError);
  return false;
}

// Runs what is due when it is told to.
class ManualJobsOnBoard final : public ManualJobs {
 public:
  ManualJobsOnBoard(sql::Database& database, Clock& clock) : board_(database, clock, [](Time) {}) {}

  void schedule(sql::Transaction& transaction, const Job& job, Time due) override {
    board_.schedule(transaction, job, due);
  }
  void cancel(sql::Transaction& transaction, std::string_view kind, std::string_view key) override {
    board_.cancel(transaction, kind, key);
  }
  void handle(std::string kind, Handler handler) override { board_.handle(std::move(kind), std::move(handler)); }
  void keep(const Job& job, Time due, Handler handler) override { board_.keep(job, due, std::move(handler)); }
  void start(int) override { open(); }
  void stop() override {}

  int run_due() override {
    open();
    // Each at most once, so that a job which is always due does not keep the caller for ever.
    std::set<Name> ran;
    for (;;) {
      std::vector<Name> names = board_.due_jobs(1, ran);
      if (names.empty()) return static_cast<int>(ran.size());
      board_.run(names.front());
      ran.insert(names.front());
    }
  }

  std::optional<Time> next_due() override {
    open();
    return board_.next_due();
  }

 private:
  void open() {
    if (!std::exchange(is_open_, true)) board_.open();
  }

  bool is_open_ = false;
  Board board_;
};

}  // namespace

std::unique_ptr<Jobs> make_jobs(sql::Database& database, Clock& clock) {
  return std::make_unique<ThreadedJobs>(database, clock);
}

std::unique_ptr<ManualJobs> make_manual_jobs(sql::Database& database, Clock& clock) {
  return std::make_unique<ManualJobsOnBoard>(database, clock);
}

}  // namespace holm::jobs

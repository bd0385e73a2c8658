// The pool: a queue under one lock. A job of a coroutine is resumed by posting to its reactor.

#include "async/workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <coroutine>
#include <exception>

#include "base/log.h"

namespace holm::async {

struct Workers::Job {
  enum class State { Queued, Running, Done };

  std::function<void()> work;
  State state = State::Queued;  // Guarded by the pool's mutex.
  std::exception_ptr failure;   // Written before Done.
  // Only for the job of a coroutine; the last two are used on the reactor's thread.
  Reactor* reactor = nullptr;
  std::coroutine_handle<> waiting;
  bool abandoned = false;
};

class Workers::JobAwaiter {
 public:
  JobAwaiter(Workers& workers, std::shared_ptr<Job> job) : workers_(workers), job_(job) {}
  JobAwaiter(const JobAwaiter&) = delete;
  JobAwaiter& operator=(const JobAwaiter&) = delete;
  ~JobAwaiter() {
    if (suspended_) workers_.abandon(*job_);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    job_->waiting = waiting;
    if (!workers_.enqueue(job_)) throw QueueFull();
    suspended_ = true;
  }
  void await_resume() {
    suspended_ = false;
    if (job_->failure) std::rethrow_exception(std::move(job_->failure));
  }

 private:
  Workers& workers_;
  std::shared_ptr<Job> job_;
  bool suspended_ = false;
};

Workers::Workers(size_t threads, size_t queue_max) : queue_max_(queue_max) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Task<void> Workers::run_work(Reactor& reactor, std::function<void()>& work) {
  auto job = std::make_shared<Job>();
  job->work = [&work] { work(); };
  job->reactor = &reactor;
  co_await JobAwaiter(*this, std::move(job));
}

bool Workers::try_post(std::function<void()> function) {
  auto job = std::make_shared<Job>();
  job->work = std::move(function);
  return enqueue(std::move(job));
}

bool Workers::enqueue(std::shared_ptr<Job> job) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_max_ + idle_ || stopping_) return false;
    queue_.push_back(std::move(job));
  }
  arrived_.notify_one();
  return true;
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    std::shared_ptr<Job> job = std::move(queue_.front());
    queue_.pop_front();
    job->state = Job::State::Running;
    lock.unlock();
    perform(*job);
    lock.lock();
    // Posted under the lock: once abandon() sees Done, the reactor is not touched any more.
    if (job->reactor) {
      job->reactor->post([job] {
        if (!job->abandoned) job->waiting.resume();
      });
    }
    job->state = Job::State::Done;
    finished_.notify_all();
  }
}

void Workers::perform(Job& job) {
  try {
    job.work();
  } catch (const std::exception& e) {
    job.failure = std::current_exception();
    if (!job.reactor) log::error(fmt::format("posted work failed: {}", e.what()));
  } catch (...) {
    job.failure = std::current_exception();
    if (!job.reactor) log::error("posted work failed");
  }
  // What the function holds is released here and not by whoever looks at the job last.
  job.work = nullptr;
}

void Workers::abandon(Job& job) {
  job.abandoned = true;
  std::unique_lock lock(mutex_);
  if (job.state == Job::State::Queued) {
    std::erase_if(queue_, [&job](const std::shared_ptr<Job>& each) { return each.get() == &job; });
    return;
  }
  finished_.wait(lock, [&job] { return job.state == Job::State::Done; });
}

}  // namespace holm::async

// Workers: a bounded pool of threads for synchronous work.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include "async/reactor.h"
#include "async/task.h"

namespace holm::async {

// The pool has as much waiting as it may have: the caller answers "slow down".
class QueueFull final : public std::runtime_error {
 public:
  QueueFull() : std::runtime_error("the worker queue is full") {}
};

class Workers final {
 public:
  // `queue_max` counts what waits, not what runs. Destruction runs what is queued, then joins.
  Workers(size_t threads, size_t queue_max);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs `function` on a worker and resumes the awaiting coroutine on the thread of `reactor`,
  // which must be where it awaits. What the function throws is thrown there; QueueFull when there
  // is no room. Cancelling the task removes a function that has not started and waits for one that
  // has, so the function may refer to the coroutine's variables.
  template <class Function, class R = std::invoke_result_t<Function&>>
  Task<R> run(Reactor& reactor, Function function) {
    if constexpr (std::is_void_v<R>) {
      std::function<void()> work = [&function] { function(); };
      co_await run_work(reactor, work);
    } else {
      std::optional<R> result;
      std::function<void()> work = [&function, &result] { result.emplace(function()); };
      co_await run_work(reactor, work);
      co_return std::move(*result);
    }
  }

  // Runs `function` on a worker some time; false when there is no room. What it throws is logged.
  bool try_post(std::function<void()> function);

 private:
  struct Job;
  class JobAwaiter;
  Task<void> run_work(Reactor& reactor, std::function<void()>& work);
  bool enqueue(std::shared_ptr<Job> job);
  void work();
  void perform(Job& job);
  void abandon(Job& job);

  const size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable finished_;
  std::deque<std::shared_ptr<Job>> queue_;  // Guarded by mutex_, as the next two.
  size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace holm::async

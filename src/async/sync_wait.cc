// The blocking end of sync_wait: a task that opens a latch.

#include "async/sync_wait.h"

#include <condition_variable>
#include <exception>
#include <mutex>

#include "async/reactor.h"
#include "base/check.h"

namespace holm::async::internal {

namespace {

class Latch {
 public:
  void open(std::exception_ptr failure) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    open_ = true;
    opened_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
    if (failure_) std::rethrow_exception(std::move(failure_));
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  std::exception_ptr failure_;
  bool open_ = false;
};

// A coroutine that nobody owns: it ends before block_on returns.
struct Unowned {
  struct promise_type {
    Unowned get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

// Destroys the task before the latch opens, because what it refers to may be gone afterwards.
Unowned run_and_open(Task<void> task, Latch& latch) {
  std::exception_ptr failure;
  {
    Task<void> owned = std::move(task);
    try {
      co_await std::move(owned);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  latch.open(std::move(failure));
}

}  // namespace

void block_on(Reactor* reactor, Task<void> task) {
  CHECK(!reactor || !reactor->in_thread());
  Latch latch;
  if (reactor) {
    reactor->call([&] { run_and_open(std::move(task), latch); });
  } else {
    run_and_open(std::move(task), latch);
  }
  latch.wait();
}

}  // namespace holm::async::internal

// Notice from any thread: a flag under a lock, and a post to the reactor where the task waits.

#include "async/wakeup.h"

#include <coroutine>
#include <mutex>

#include "base/check.h"

namespace holm::async {

struct Wakeup::State {
  std::mutex mutex;
  Reactor* reactor = nullptr;  // Null once the Wakeup is gone. Guarded, as the next.
  bool notified = false;
  // Used on the reactor's thread only: resumes the waiting task.
  std::function<void()> resume;

  bool take() {
    std::lock_guard lock(mutex);
    return std::exchange(notified, false);
  }
};

namespace {

// Registers itself in `resume` while the task waits.
class WakeupAwaiter {
 public:
  WakeupAwaiter(Reactor& reactor, std::function<void()>& resume, Duration timeout)
      : resume_(resume), timeout_(timeout), timer_(reactor, [this] { wake(Woken::TimedOut); }) {}
  WakeupAwaiter(const WakeupAwaiter&) = delete;
  WakeupAwaiter& operator=(const WakeupAwaiter&) = delete;
  ~WakeupAwaiter() {
    if (waiting_) resume_ = nullptr;
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    resume_ = [this] { wake(Woken::Notified); };
    timer_.arm(timeout_);
  }
  Woken await_resume() const noexcept { return result_; }

 private:
  void wake(Woken result) {
    result_ = result;
    timer_.disarm();
    resume_ = nullptr;
    std::exchange(waiting_, nullptr).resume();
  }

  std::function<void()>& resume_;
  Duration timeout_;
  Timer timer_;
  std::coroutine_handle<> waiting_ = nullptr;
  Woken result_ = Woken::TimedOut;
};

}  // namespace

void Wakeup::Notifier::notify() const {
  std::lock_guard lock(state_->mutex);
  if (!state_->reactor || std::exchange(state_->notified, true)) return;
  // On its own thread it is known that nobody waits: then the notice stays for the next wait.
  if (state_->reactor->in_thread() && !state_->resume) return;
  state_->reactor->post([state = state_] {
    // Without a waiting task the notice stays for the next wait.
    if (!state->resume || !state->take()) return;
    std::function<void()> resume = state->resume;
    resume();
  });
}

Wakeup::Wakeup(Reactor& reactor) : state_(std::make_shared<State>()) { state_->reactor = &reactor; }

Wakeup::~Wakeup() {
  std::lock_guard lock(state_->mutex);
  state_->reactor = nullptr;
}

Task<Woken> Wakeup::wait(Duration timeout) {
  if (state_->take()) co_return Woken::Notified;
  CHECK(!state_->resume);
  Reactor& reactor = *state_->reactor;
  std::shared_ptr<State> state = state_;
  WakeupAwaiter waiter(reactor, state->resume, timeout);
  co_return co_await waiter;
}

}  // namespace holm::async

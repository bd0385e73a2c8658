// Work on a worker while the coroutine that started it goes on.

#include "async/started.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <utility>

namespace holm::async {

struct Started::State {
  State(Reactor& where, std::function<void()> function)
      : reactor(where), work(std::move(function)), outcome(work.get_future()) {}

  Reactor& reactor;
  std::packaged_task<void()> work;
  std::future<void> outcome;
  std::mutex mutex;
  std::condition_variable has_run;
  bool is_running = false;    // Guarded by the mutex.
  bool is_abandoned = false;  // The same; set on the reactor's thread.
  // Of the reactor's thread.
  std::coroutine_handle<> waiting;
  bool has_ended = false;
};

Started::Started(Workers& workers, Reactor& reactor, std::function<void()> function)
    : state_(std::make_shared<State>(reactor, std::move(function))) {
  if (!workers.try_post([state = state_] { run(state); })) throw QueueFull();
}

Started::~Started() {
  std::unique_lock lock(state_->mutex);
  state_->is_abandoned = true;
  state_->has_run.wait(lock, [this] { return !state_->is_running; });
}

void Started::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  if (state->is_abandoned) return;
  state->is_running = true;
  lock.unlock();
  state->work();
  lock.lock();
  state->is_running = false;
  state->has_run.notify_all();
  // Whoever abandons it may be about to leave the reactor for good.
  if (state->is_abandoned) return;
  state->reactor.post([state] {
    if (state->is_abandoned) return;
    state->has_ended = true;
    if (state->waiting) state->waiting.resume();
  });
}

bool Started::await_ready() const noexcept { return state_->has_ended; }
void Started::await_suspend(std::coroutine_handle<> waiting) { state_->waiting = waiting; }
void Started::await_resume() { state_->outcome.get(); }

}  // namespace holm::async

// Started: work on a worker while the coroutine that started it goes on.
#pragma once

#include <coroutine>
#include <functional>
#include <memory>

#include "async/workers.h"

namespace holm::async {

// `co_await` resumes on the thread of `reactor`, where all this is used, once the function has run, and throws
// what it threw. Destruction leaves a function out that has not begun and waits for one that has, so it may refer
// to the coroutine's variables.
class Started final {
 public:
  // QueueFull when the workers have no room for it.
  Started(Workers& workers, Reactor& reactor, std::function<void()> function);
  ~Started();
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<> waiting);
  void await_resume();

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace holm::async

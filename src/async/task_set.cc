// Tasks nobody awaits: each runs inside a coroutine that takes itself off the list at its end.

#include "async/task_set.h"

#include <fmt/format.h>

#include <exception>

#include "base/log.h"

namespace holm::async {

// The coroutine around a task; its frame holds the list's node.
struct TaskSetRunner {
  struct promise_type : internal::TaskNode, internal::FrameMemory {
    promise_type(TaskSet& set, Task<void>&) : owner(set) {
      next = owner.tasks_.next;
      previous = &owner.tasks_;
      previous->next = this;
      next->previous = this;
      ++owner.size_;
    }
    ~promise_type() {
      previous->next = next;
      next->previous = previous;
      --owner.size_;
    }
    TaskSetRunner get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {
      try {
        throw;
      } catch (const std::exception& e) {
        log::error(fmt::format("a task failed: {}", e.what()));
      } catch (...) {
        log::error("a task failed");
      }
    }

    TaskSet& owner;
  };

  static TaskSetRunner run(TaskSet&, Task<void> task) { co_await std::move(task); }
};

void TaskSet::spawn(Task<void> task) { TaskSetRunner::run(*this, std::move(task)); }

void TaskSet::cancel() {
  while (tasks_.next != &tasks_) {
    auto& promise = static_cast<TaskSetRunner::promise_type&>(*tasks_.next);
    std::coroutine_handle<TaskSetRunner::promise_type>::from_promise(promise).destroy();
  }
}

}  // namespace holm::async

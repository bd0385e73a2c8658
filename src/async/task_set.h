// TaskSet: the owner of tasks nobody awaits.
#pragma once

#include <cstddef>

#include "async/task.h"

namespace holm::async {

namespace internal {

struct TaskNode {
  TaskNode* previous = this;
  TaskNode* next = this;
};

}  // namespace internal

// Used on one reactor's thread. Destruction cancels what still runs (destroys the coroutines), so a
// set is not destroyed by one of its own tasks while that is running.
class TaskSet final {
 public:
  TaskSet() = default;
  ~TaskSet() { cancel(); }
  TaskSet(const TaskSet&) = delete;
  TaskSet& operator=(const TaskSet&) = delete;

  // Runs `task` up to its first wait, and then on from there. An exception that escapes is logged.
  void spawn(Task<void> task);
  void cancel();
  size_t size() const { return size_; }

 private:
  friend struct TaskSetRunner;
  internal::TaskNode tasks_;
  size_t size_ = 0;
};

}  // namespace holm::async

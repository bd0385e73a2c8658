// sync_wait: a thread without an event loop (a job, a test, main) waits for a task.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "async/task.h"

namespace holm::async {

class Reactor;

namespace internal {

// Starts the task on the thread of `reactor`, or on this one when it is null, and blocks until it
// ends; throws what the task throws.
void block_on(Reactor* reactor, Task<void> task);

template <class T>
Task<void> store_result(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}

template <class T>
T wait_for_result(Reactor* reactor, Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    block_on(reactor, std::move(task));
  } else {
    std::optional<T> result;
    block_on(reactor, store_result(std::move(task), result));
    return std::move(*result);
  }
}

}  // namespace internal

// Runs `task` on the thread of `reactor` and blocks the calling thread, which is another one, until
// it ends. Tasks that use a reactor's objects (sockets, clients, sleep) are waited for like this.
template <class T>
T sync_wait(Reactor& reactor, Task<T> task) {
  return internal::wait_for_result(&reactor, std::move(task));
}

// As above, but starts the task on the calling thread: for tasks that use no reactor before their
// first wait.
template <class T>
T sync_wait(Task<T> task) {
  return internal::wait_for_result<T>(nullptr, std::move(task));
}

}  // namespace holm::async

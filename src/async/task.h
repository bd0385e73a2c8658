// Task: a lazy coroutine. It runs when it is awaited (or given to a TaskSet or to sync_wait), its
// exception reaches whoever awaits it, and destroying it before its end cancels it.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "async/frame_memory.h"

namespace holm::async {

template <class T = void>
class Task;

namespace internal {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    return finished.promise().continuation();
  }
  void await_resume() const noexcept {}
};

class PromiseBase : public FrameMemory {
 public:
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  std::coroutine_handle<> continuation() const noexcept { return continuation_; }
  void continue_with(std::coroutine_handle<> next) noexcept { continuation_ = next; }

 protected:
  void rethrow_failure() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::coroutine_handle<> continuation_ = std::noop_coroutine();
  std::exception_ptr exception_;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class Value = T>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  T take() {
    rethrow_failure();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const { rethrow_failure(); }
};

}  // namespace internal

// Owns one coroutine. A task is awaited at most once, as the call that
// makes it or as `std::move(task)`. It stays on the thread that resumes it: whatever it awaits
// decides. A task must not be destroyed by code that it is itself running.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(Handle handle) noexcept : handle_(handle) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
      handle_.promise().continue_with(awaiting);
      return handle_;
    }
    T await_resume() const { return handle_.promise().take(); }

   private:
    Handle handle_;
  };

  Awaiter operator co_await() && noexcept { return Awaiter(handle_); }

 private:
  Handle handle_ = nullptr;
};

namespace internal {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace internal

}  // namespace holm::async

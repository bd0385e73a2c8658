// Reactor: the event loop of one thread (epoll, edge-triggered), with timers and a way in for
// others.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/unique_fd.h"

namespace holm::async {

class Reactor;
class TimerWheel;

using Duration = std::chrono::milliseconds;

// What happened on a file descriptor since it was last reported (edge-triggered).
struct Events {
  bool readable = false;
  bool writable = false;
  bool ended = false;   // The other side will send no more.
  bool failed = false;  // Error, or both directions are closed.
};

// Receives the events of one file descriptor, on the reactor's thread. It may destroy itself, its
// Watch or anything else while it handles them.
class FdHandler {
 public:
  virtual void on_events(Events events) = 0;

 protected:
  ~FdHandler() = default;
};

enum class Trigger {
  Edge,    // Registered once for reading and writing; read and write until it would block.
  Accept,  // For listening sockets that several reactors watch: level-triggered, one is woken.
  Level,   // Reported as long as it is readable: pidfds, signalfds, pipes read in small pieces.
};

// The registration of a file descriptor with a reactor, ended by its destruction. Borrows all
// three, which outlive it (close the descriptor afterwards). Made and destroyed on the reactor's
// thread, or while the reactor is not running.
class Watch {
 public:
  Watch(Reactor& reactor, int fd, FdHandler& handler, Trigger trigger = Trigger::Edge);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Reactor& reactor_;
  int fd_;
  uint32_t slot_;
};

// Calls a function once, some time after it was armed; precise to about 10 ms, never early. Arming
// and disarming cost nothing to speak of. Used on the reactor's thread only. The function may
// destroy the timer.
class Timer final {
 public:
  Timer(Reactor& reactor, std::function<void()> expired);
  ~Timer() { disarm(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces what was armed before.
  void arm(Duration delay);
  void disarm();
  bool is_armed() const { return armed_; }

 private:
  friend class TimerWheel;
  Reactor& reactor_;
  std::function<void()> expired_;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  uint64_t tick_ = 0;
  bool armed_ = false;
};

// One thread calls `run()`; what belongs to the reactor is used on that thread only, or before it
// runs or after it ended. `post`, `call` and `stop` may be called from any thread.
class Reactor final {
 public:
  explicit Reactor(const Clock& clock);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Handles events until `stop()`; functions already posted are run before it returns.
  void run();
  void stop();
  // Handles what is ready now and returns: for tests that advance a fake clock.
  void run_ready();

  // Runs `function` on the reactor's thread soon, in the order of posting.
  void post(std::function<void()> function);
  // Runs `function` on the reactor's thread and returns when it has run: at once when called on
  // that thread or when the loop is not running. What it throws ends the process.
  void call(std::function<void()> function);
  bool in_thread() const { return thread_.load() == std::this_thread::get_id(); }

  // Resumes after `delay`; cancelled by destroying the task.
  Task<void> sleep(Duration delay);

  const Clock& clock() const { return clock_; }
  // 64 KiB for whoever is running on the reactor's thread; its content is lost at any co_await.
  std::span<char> scratch() { return {scratch_.get(), kScratchBytes}; }

  static constexpr size_t kScratchBytes = 64 * 1024;

 private:
  friend class Watch;
  friend class Timer;
  struct Slot {
    FdHandler* handler = nullptr;
    uint32_t generation = 0;
  };

  uint32_t add(int fd, FdHandler& handler, Trigger trigger);
  void remove(int fd, uint32_t slot);
  void turn(int timeout_milliseconds);
  void dispatch(uint64_t key, uint32_t bits);
  void run_posted();
  bool leave_if_stopped();
  void wake();

  const Clock& clock_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::unique_ptr<TimerWheel> timers_;
  std::unique_ptr<char[]> scratch_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::atomic<std::thread::id> thread_{};
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // Guarded by mutex_, as the next three.
  bool wake_pending_ = false;
  bool running_ = false;
  bool stopping_ = false;
};

// Several reactors, each running on a thread of its own until the pool is destroyed. Whatever uses
// the reactors is destroyed before the pool.
class ReactorPool final {
 public:
  ReactorPool(size_t threads, const Clock& clock);
  ~ReactorPool();

  size_t size() const { return reactors_.size(); }
  Reactor& at(size_t index) { return *reactors_[index]; }
  // Each in turn; any thread.
  Reactor& next() { return *reactors_[next_++ % reactors_.size()]; }

 private:
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::vector<std::thread> threads_;
  std::atomic<size_t> next_ = 0;
};

}  // namespace holm::async

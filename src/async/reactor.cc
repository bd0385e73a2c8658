// The event loop: waits in epoll, calls handlers, then timers, then what other threads posted.

#include "async/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <latch>
#include <utility>

#include "async/timer_wheel.h"
#include "async/yield.h"
#include "base/check.h"

namespace holm::async {

namespace {

constexpr uint64_t kWakeKey = ~uint64_t{0};
constexpr int kForever = -1;
// A long wait is cut so that its milliseconds fit an int.
constexpr Duration kWaitMax{600000};

uint32_t epoll_bits(Trigger trigger) {
  switch (trigger) {
    case Trigger::Edge:
      return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    case Trigger::Accept:
      return EPOLLIN | EPOLLEXCLUSIVE;
    case Trigger::Level:
      return EPOLLIN;
  }
  return 0;
}

// Resumes the coroutine when the timer expires; destroyed with the coroutine, it disarms.
class SleepAwaiter {
 public:
  SleepAwaiter(Reactor& reactor, Duration delay)
      : timer_(reactor, [this] { waiting_.resume(); }), delay_(delay) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    timer_.arm(delay_);
  }
  void await_resume() const noexcept {}

 private:
  Timer timer_;
  Duration delay_;
  std::coroutine_handle<> waiting_;
};

// Resumes the coroutine when its reactor comes round again, unless it has been destroyed by then.
class YieldAwaiter {
 public:
  explicit YieldAwaiter(Reactor& reactor) : reactor_(reactor) {}
  YieldAwaiter(const YieldAwaiter&) = delete;
  YieldAwaiter& operator=(const YieldAwaiter&) = delete;
  ~YieldAwaiter() {
    if (waiting_) *waiting_ = nullptr;
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = std::make_shared<std::coroutine_handle<>>(waiting);
    reactor_.post([waiting = waiting_] {
      if (*waiting) waiting->resume();
    });
  }
  void await_resume() const noexcept {}

 private:
  Reactor& reactor_;
  std::shared_ptr<std::coroutine_handle<>> waiting_;
};

}  // namespace

Watch::Watch(Reactor& reactor, int fd, FdHandler& handler, Trigger trigger)
    : reactor_(reactor), fd_(fd), slot_(reactor.add(fd, handler, trigger)) {}

Watch::~Watch() { reactor_.remove(fd_, slot_); }

Timer::Timer(Reactor& reactor, std::function<void()> expired)
    : reactor_(reactor), expired_(std::move(expired)) {}

void Timer::arm(Duration delay) {
  disarm();
  reactor_.timers_->insert(*this, reactor_.clock_.steady() + delay);
}

void Timer::disarm() {
  if (armed_) reactor_.timers_->remove(*this);
}

Reactor::Reactor(const Clock& clock)
    : clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timers_(std::make_unique<TimerWheel>(clock.steady())),
      scratch_(std::make_unique_for_overwrite<char[]>(kScratchBytes)) {
  CHECK(epoll_ && wake_);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeKey;
  CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
}

Reactor::~Reactor() = default;

uint32_t Reactor::add(int fd, FdHandler& handler, Trigger trigger) {
  uint32_t index;
  if (free_slots_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
    free_slots_.reserve(slots_.capacity());
  } else {
    index = free_slots_.back();
    free_slots_.pop_back();
  }
  epoll_event event{};
  event.events = epoll_bits(trigger);
  event.data.u64 = uint64_t{slots_[index].generation} << 32 | index;
  bool watched = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  if (!watched) free_slots_.push_back(index);
  CHECK(watched);
  slots_[index].handler = &handler;
  return index;
}

void Reactor::remove(int fd, uint32_t slot) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  // Events of the old generation may still be waiting in the batch that is being dispatched.
  slots_[slot].handler = nullptr;
  slots_[slot].generation = (slots_[slot].generation + 1) & 0x7fffffff;
  free_slots_.push_back(slot);
}

void Reactor::dispatch(uint64_t key, uint32_t bits) {
  const Slot& slot = slots_[static_cast<uint32_t>(key)];
  if (slot.generation != key >> 32 || !slot.handler) return;
  Events events;
  events.readable = (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  events.writable = (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  events.ended = (bits & (EPOLLRDHUP | EPOLLHUP)) != 0;
  events.failed = (bits & (EPOLLERR | EPOLLHUP)) != 0;
  slot.handler->on_events(events);
}

void Reactor::turn(int timeout_milliseconds) {
  std::array<epoll_event, 256> events;
  int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), timeout_milliseconds);
  CHECK_FATAL(count >= 0 || errno == EINTR);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.u64 != kWakeKey) dispatch(event.data.u64, event.events);
  }
  timers_->expire(clock_.steady());
  run_posted();
}

void Reactor::run_posted() {
  std::vector<std::function<void()>> functions;
  {
    std::lock_guard lock(mutex_);
    if (wake_pending_) {
      uint64_t count;
      [[maybe_unused]] ssize_t got = ::read(wake_.get(), &count, sizeof count);
      wake_pending_ = false;
    }
    functions.swap(posted_);
  }
  for (std::function<void()>& function : functions) {
    function();
    // What a function holds is released before the next one runs.
    function = nullptr;
  }
}

bool Reactor::leave_if_stopped() {
  std::lock_guard lock(mutex_);
  if (!stopping_ || !posted_.empty()) return false;
  running_ = false;
  stopping_ = false;
  thread_.store({});
  return true;
}

void Reactor::run() {
  {
    std::lock_guard lock(mutex_);
    CHECK(!running_);
    running_ = true;
    thread_.store(std::this_thread::get_id());
  }
  // What others post, and stop(), makes the event descriptor readable, so waiting is never wrong; what is posted
  // here is looked for.
  while (!leave_if_stopped()) {
    std::optional<Duration> wait = timers_->until_next(clock_.steady());
    int timeout = wait ? static_cast<int>(std::min(*wait, kWaitMax).count()) : kForever;
    {
      std::lock_guard lock(mutex_);
      if (!posted_.empty()) timeout = 0;
    }
    turn(timeout);
  }
}

void Reactor::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  wake();
}

void Reactor::wake() {
  if (std::exchange(wake_pending_, true)) return;
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Reactor::run_ready() {
  thread_.store(std::this_thread::get_id());
  turn(0);
  thread_.store({});
}

void Reactor::post(std::function<void()> function) {
  std::lock_guard lock(mutex_);
  posted_.push_back(std::move(function));
  if (!in_thread()) wake();
}

void Reactor::call(std::function<void()> function) {
  if (in_thread()) return function();
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  {
    std::unique_lock lock(mutex_);
    if (!running_) {
      // Kept locked out of run() while another thread does the reactor's work.
      thread_.store(std::this_thread::get_id());
      lock.unlock();
      function();
      thread_.store({});
      return;
    }
    posted_.push_back([&] {
      function();
      std::lock_guard done_lock(mutex);
      done = true;
      finished.notify_one();
    });
    wake();
  }
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return done; });
}

Task<void> Reactor::sleep(Duration delay) { co_await SleepAwaiter(*this, delay); }

Task<void> yield(Reactor& reactor) { co_await YieldAwaiter(reactor); }

ReactorPool::ReactorPool(size_t threads, const Clock& clock) {
  CHECK(threads > 0);
  std::latch running(static_cast<ptrdiff_t>(threads));
  for (size_t i = 0; i < threads; ++i) {
    reactors_.push_back(std::make_unique<Reactor>(clock));
    Reactor* reactor = reactors_.back().get();
    reactor->post([&running] { running.count_down(); });
    threads_.emplace_back([reactor] { reactor->run(); });
  }
  // From here on `call` reaches the threads.
  running.wait();
}

ReactorPool::~ReactorPool() {
  for (auto& reactor : reactors_) reactor->stop();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace holm::async

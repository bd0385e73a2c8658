// Tasks, task sets, workers, waking and blocking.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "async/byte_source.h"
#include "async/fake_clock_test.h"
#include "async/reactor.h"
#include "async/started.h"
#include "async/sync_wait.h"
#include "async/task.h"
#include "async/task_set.h"
#include "async/wakeup.h"
#include "async/workers.h"
#include "async/yield.h"
#include "base/system_clock.h"

namespace holm::async {
namespace {

using namespace std::chrono_literals;

// Counts how many of it there are, to see what is destroyed when.
struct Counted {
  explicit Counted(int& own_count) : count(own_count) { ++count; }
  ~Counted() { --count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  int& count;
};

Task<int> give(int value) { co_return value; }
Task<std::unique_ptr<int>> give_pointer(int value) { co_return std::make_unique<int>(value); }
Task<int> fail() {
  throw std::runtime_error("for the test");
  co_return 0;
}
Task<int> add(int a, int b) {
  int first = co_await give(a);
  int second = co_await give(b);
  co_return first + second;
}
Task<int> count_down(int from) {
  if (from == 0) co_return 0;
  int below = co_await count_down(from - 1);
  co_return below + 1;
}
Task<int> loop(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) sum += co_await give(1);
  co_return sum;
}

TEST(Task, GivesItsValueToWhoAwaitsIt) {
  EXPECT_EQ(sync_wait(add(2, 3)), 5);
  EXPECT_EQ(*sync_wait(give_pointer(7)), 7);
}

TEST(Task, ThrowsWhereItIsAwaited) { EXPECT_THROW(sync_wait(fail()), std::runtime_error); }

TEST(Task, DoesNotUseUpTheStack) {
  EXPECT_EQ(sync_wait(loop(1000000)), 1000000);
  EXPECT_EQ(sync_wait(count_down(1000)), 1000);
}

Task<void> note_running(bool& ran) {
  ran = true;
  co_return;
}

TEST(Task, DoesNotRunUnlessItIsAwaited) {
  bool ran = false;
  {
    Task<void> task = note_running(ran);
  }
  EXPECT_FALSE(ran);
}

Task<void> hold_and_sleep(Reactor& reactor, int& count) {
  Counted counted(count);
  co_await reactor.sleep(1h);
}
Task<void> hold_and_await(Reactor& reactor, int& count) {
  Counted counted(count);
  co_await hold_and_sleep(reactor, count);
}
Task<void> fail_later(Reactor& reactor) {
  co_await reactor.sleep(10ms);
  throw std::runtime_error("for the test");
}

TEST(FrameMemory, IsUsedAgainByThoseOfAboutTheSameSize) {
  std::thread([] {
    using internal::give_frame_back;
    using internal::take_frame;
    void* const first = take_frame(100);
    give_frame_back(first, 100);
    void* const other_size = take_frame(200);
    EXPECT_NE(other_size, first);
    EXPECT_EQ(take_frame(128), first);
    give_frame_back(first, 128);
    give_frame_back(other_size, 200);
    void* const large = take_frame(1024 * 1024);
    give_frame_back(large, 1024 * 1024);
  }).join();
}

TEST(FrameMemory, IsKeptUpToABoundAndGivenBackByItsThread) {
  constexpr int kMany = 5000;
  std::vector<void*> taken;
  for (int i = 0; i < kMany; ++i) taken.push_back(internal::take_frame(64));
  // What other threads made goes to the one that ends it. The sanitizer sees what would be lost.
  std::thread([&taken] {
    for (void* each : taken) internal::give_frame_back(each, 64);
    std::set<void*> again;
    for (size_t i = 0; i < 10; ++i) again.insert(internal::take_frame(64));
    EXPECT_EQ(again.size(), 10u);
    for (void* each : again) internal::give_frame_back(each, 64);
  }).join();
}

TEST(TaskSet, RunsTasksAndForgetsThoseThatEnd) {
  test::FakeClock clock;
  Reactor reactor(clock);
  TaskSet tasks;
  bool ran = false;
  tasks.spawn(note_running(ran));
  EXPECT_TRUE(ran);
  EXPECT_EQ(tasks.size(), 0u);
  int count = 0;
  tasks.spawn(hold_and_await(reactor, count));
  EXPECT_EQ(tasks.size(), 1u);
  EXPECT_EQ(count, 2);
  clock.advance(2h);
  reactor.run_ready();
  EXPECT_EQ(tasks.size(), 0u);
  EXPECT_EQ(count, 0);
}

TEST(TaskSet, CancelsWhatStillRunsWithAllItAwaits) {
  test::FakeClock clock;
  Reactor reactor(clock);
  int count = 0;
  {
    TaskSet tasks;
    tasks.spawn(hold_and_await(reactor, count));
    tasks.spawn(hold_and_await(reactor, count));
    EXPECT_EQ(count, 4);
  }
  EXPECT_EQ(count, 0);
  clock.advance(2h);
  reactor.run_ready();
}

TEST(TaskSet, SurvivesATaskThatThrows) {
  test::FakeClock clock;
  Reactor reactor(clock);
  TaskSet tasks;
  tasks.spawn(fail_later(reactor));
  clock.advance(30ms);
  reactor.run_ready();
  EXPECT_EQ(tasks.size(), 0u);
}

TEST(Reactor, RunsWhatIsPostedInOrderOnItsThread) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  std::vector<int> order;
  bool in_thread = false;
  for (int i = 0; i < 100; ++i) pool.at(0).post([&order, i] { order.push_back(i); });
  pool.at(0).call([&] { in_thread = pool.at(0).in_thread(); });
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_TRUE(in_thread);
  EXPECT_FALSE(pool.at(0).in_thread());
}

TEST(Reactor, TakesPostsFromManyThreadsAndRunsThemAllBeforeItEnds) {
  SystemClock clock;
  std::atomic<int> count = 0;
  {
    ReactorPool pool(2, clock);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) pool.next().post([&] { ++count; });
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(count, 4000);
}

TEST(Reactor, CallsAtOnceWhenItDoesNotRun) {
  test::FakeClock clock;
  Reactor reactor(clock);
  bool called = false;
  reactor.call([&] { reactor.call([&] { called = reactor.in_thread(); }); });
  EXPECT_TRUE(called);
}

Task<void> yield_twice(Reactor& reactor, std::vector<std::string>& log, int& count) {
  Counted counted(count);
  log.emplace_back("begins");
  co_await yield(reactor);
  log.emplace_back("goes on");
  co_await yield(reactor);
  log.emplace_back("ends");
}

TEST(Reactor, LetsOthersRunWhereATaskYields) {
  test::FakeClock clock;
  Reactor reactor(clock);
  std::vector<std::string> log;
  int count = 0;
  TaskSet tasks;
  reactor.post([&] { tasks.spawn(yield_twice(reactor, log, count)); });
  reactor.post([&] { log.emplace_back("another"); });
  for (int i = 0; i < 3; ++i) reactor.run_ready();
  EXPECT_EQ(log, (std::vector<std::string>{"begins", "another", "goes on", "ends"}));
  EXPECT_EQ(count, 0);
}

TEST(Reactor, ForgetsATaskThatIsDestroyedWhereItYields) {
  test::FakeClock clock;
  Reactor reactor(clock);
  std::vector<std::string> log;
  int count = 0;
  {
    TaskSet tasks;
    tasks.spawn(yield_twice(reactor, log, count));
    EXPECT_EQ(count, 1);
  }
  reactor.run_ready();
  EXPECT_EQ(log.size(), 1u);
  EXPECT_EQ(count, 0);
}

TEST(Wakeup, RemembersANoticeGivenBeforeTheWait) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  std::optional<Wakeup> wakeup;
  pool.at(0).call([&] { wakeup.emplace(pool.at(0)); });
  Wakeup::Notifier notifier = wakeup->notifier();
  notifier.notify();
  notifier.notify();
  EXPECT_EQ(sync_wait(pool.at(0), wakeup->wait(10s)), Woken::Notified);
  EXPECT_EQ(sync_wait(pool.at(0), wakeup->wait(20ms)), Woken::TimedOut);
  pool.at(0).call([&] { wakeup.reset(); });
  notifier.notify();
}

Task<Woken> notify_and_wait(Wakeup& wakeup) {
  wakeup.notifier().notify();
  co_return co_await wakeup.wait(10s);
}

TEST(Wakeup, RemembersANoticeOfItsOwnThread) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  std::optional<Wakeup> wakeup;
  pool.at(0).call([&] { wakeup.emplace(pool.at(0)); });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(sync_wait(pool.at(0), notify_and_wait(*wakeup)), Woken::Notified);
  }
  EXPECT_EQ(sync_wait(pool.at(0), wakeup->wait(20ms)), Woken::TimedOut) << "each only once";
  pool.at(0).call([&] { wakeup.reset(); });
}

TEST(Wakeup, WakesAWaitingTaskFromAnotherThread) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  std::optional<Wakeup> wakeup;
  pool.at(0).call([&] { wakeup.emplace(pool.at(0)); });
  for (int i = 0; i < 200; ++i) {
    std::thread notifying([notifier = wakeup->notifier()] { notifier.notify(); });
    EXPECT_EQ(sync_wait(pool.at(0), wakeup->wait(10s)), Woken::Notified);
    notifying.join();
  }
  pool.at(0).call([&] { wakeup.reset(); });
}

TEST(Wakeup, CanBeCancelledWhileItIsWaitedFor) {
  test::FakeClock clock;
  Reactor reactor(clock);
  Wakeup wakeup(reactor);
  {
    TaskSet tasks;
    auto wait = [](Wakeup& each) -> Task<void> { co_await each.wait(1h); };
    tasks.spawn(wait(wakeup));
  }
  wakeup.notifier().notify();
  clock.advance(2h);
  reactor.run_ready();
  EXPECT_EQ(sync_wait(wakeup.wait(1h)), Woken::Notified);
}

Task<int> run_on_worker(Workers& workers, Reactor& reactor, std::function<int()> function,
                        bool& back) {
  int result = co_await workers.run(reactor, function);
  back = reactor.in_thread();
  co_return result;
}

TEST(Workers, RunAFunctionAndResumeOnTheReactor) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  Workers workers(2, 100);
  bool back = false;
  std::thread::id ran_on;
  auto function = [&] {
    ran_on = std::this_thread::get_id();
    return 42;
  };
  EXPECT_EQ(sync_wait(pool.at(0), run_on_worker(workers, pool.at(0), function, back)), 42);
  EXPECT_TRUE(back);
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(Workers, PassOnWhatTheFunctionThrows) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  Workers workers(1, 100);
  bool back = false;
  auto function = []() -> int { throw std::out_of_range("for the test"); };
  EXPECT_THROW(sync_wait(pool.at(0), run_on_worker(workers, pool.at(0), function, back)),
               std::out_of_range);
}

TEST(Workers, RefuseWhatDoesNotFitIntoTheQueue) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  std::latch release(1);
  std::latch started(1);
  Workers workers(1, 1);
  auto block = [&] {
    started.count_down();
    release.wait();
  };
  EXPECT_TRUE(workers.try_post(block));
  started.wait();
  EXPECT_TRUE(workers.try_post([] {}));
  EXPECT_FALSE(workers.try_post([] {}));
  bool back = false;
  EXPECT_THROW(
      sync_wait(pool.at(0), run_on_worker(workers, pool.at(0), [] { return 1; }, back)), QueueFull);
  release.count_down();
}

TEST(Workers, AcceptAsManyAsAreIdleWithoutAnyQueue) {
  std::latch release(1);
  std::latch started(2);
  Workers workers(2, 0);
  auto block = [&] {
    started.count_down();
    release.wait();
  };
  while (!workers.try_post(block)) std::this_thread::yield();
  while (!workers.try_post(block)) std::this_thread::yield();
  started.wait();
  EXPECT_FALSE(workers.try_post([] {}));
  release.count_down();
}

Task<void> discard(Task<int> task) { co_await std::move(task); }

TEST(Workers, NeverRunAFunctionThatWasCancelledBeforeItStarted) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  std::latch release(1);
  std::atomic<bool> ran = false;
  bool back = false;
  {
    Workers workers(1, 10);
    ASSERT_TRUE(workers.try_post([&] { release.wait(); }));
    auto function = [&] {
      ran = true;
      return 1;
    };
    pool.at(0).call([&] {
      TaskSet tasks;
      tasks.spawn(discard(run_on_worker(workers, pool.at(0), function, back)));
    });
    release.count_down();
  }
  EXPECT_FALSE(ran);
}

TEST(Workers, WaitForACancelledFunctionThatHasStarted) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  Workers workers(1, 10);
  std::latch started(1);
  std::atomic<bool> released = false;
  std::atomic<bool> ended = false;
  bool back = false;
  auto function = [&] {
    started.count_down();
    while (!released) std::this_thread::yield();
    ended = true;
    return 1;
  };
  std::optional<TaskSet> tasks;
  pool.at(0).call([&] {
    tasks.emplace();
    tasks->spawn(discard(run_on_worker(workers, pool.at(0), function, back)));
  });
  started.wait();
  bool ended_at_cancel = false;
  pool.at(0).post([&] {
    tasks.reset();
    ended_at_cancel = ended;
  });
  released = true;
  pool.at(0).call([] {});
  EXPECT_TRUE(ended_at_cancel);
  EXPECT_FALSE(back);
}

// What is started goes on beside its coroutine, whichever of them is done first.
Task<std::string> start_and_go_on(Workers& workers, Reactor& reactor, bool is_slow) {
  std::latch went_on(1);
  std::string log;
  Started started(workers, reactor, [&] {
    if (is_slow) went_on.wait();
    log += "worked ";
  });
  if (is_slow) {
    went_on.count_down();
  } else {
    while (!started.await_ready()) co_await yield(reactor);
  }
  co_await started;
  log += reactor.in_thread() ? "back" : "elsewhere";
  co_return log;
}

Task<void> start_to_fail(Workers& workers, Reactor& reactor) {
  Started started(workers, reactor, [] { throw std::out_of_range("for the test"); });
  co_await started;
}

Task<int> start_and_fail(Workers& workers, Reactor& reactor, std::latch& release, std::atomic<bool>& ended) {
  Started started(workers, reactor, [&] {
    release.wait();
    ended = true;
  });
  release.count_down();
  int result = co_await fail();
  co_return result;
}

TEST(Workers, RunWhatIsStartedBesideItsCoroutine) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  Workers workers(1, 100);
  EXPECT_EQ(sync_wait(pool.at(0), start_and_go_on(workers, pool.at(0), true)), "worked back");
  EXPECT_EQ(sync_wait(pool.at(0), start_and_go_on(workers, pool.at(0), false)), "worked back");
  EXPECT_THROW(sync_wait(pool.at(0), start_to_fail(workers, pool.at(0))), std::out_of_range);
}

TEST(Workers, EndWhatWasStartedBeforeItsCoroutineEnds) {
  SystemClock clock;
  ReactorPool pool(1, clock);
  Workers workers(1, 100);
  for (int i = 0; i < 20; ++i) {
    std::latch release(1);
    std::atomic<bool> ended = false;
    EXPECT_THROW(sync_wait(pool.at(0), start_and_fail(workers, pool.at(0), release, ended)), std::runtime_error);
    const bool was_begun = ended;
    pool.at(0).call([] {});
    EXPECT_EQ(ended, was_begun) << "not while nobody is there any more";
  }
}

class Pieces final : public ByteSource {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Task<std::string_view> read() override {
    if (next_ == pieces_.size()) co_return std::string_view();
    co_return pieces_[next_++];
  }

 private:
  std::vector<std::string> pieces_;
  size_t next_ = 0;
};

TEST(ReadAll, ReadsUpToItsLimit) {
  Pieces fits({"ab", "cd", "e"});
  EXPECT_EQ(*sync_wait(read_all(fits, 5)), "abcde");
  Pieces exceeds({"ab", "cd", "ef"});
  auto result = sync_wait(read_all(exceeds, 5));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().bytes_max, 5u);
  StringSource empty("");
  EXPECT_EQ(*sync_wait(read_all(empty, 0)), "");
  StringSource known("abcdef");
  EXPECT_FALSE(sync_wait(read_all(known, 5)).has_value());
}

}  // namespace
}  // namespace holm::async

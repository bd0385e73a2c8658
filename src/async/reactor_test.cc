// Timers on a clock that the test moves, and file descriptors.

#include "async/reactor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <random>

#include "async/fake_clock_test.h"

namespace holm::async {
namespace {

using namespace std::chrono_literals;

class Timers : public ::testing::Test {
 protected:
  void advance(Duration time) {
    clock_.advance(time);
    reactor_.run_ready();
  }
  test::FakeClock clock_;
  Reactor reactor_{clock_};
  int expired_ = 0;
};

TEST_F(Timers, ExpireOnceAndNotEarly) {
  Timer timer(reactor_, [this] { ++expired_; });
  timer.arm(100ms);
  advance(99ms);
  EXPECT_EQ(expired_, 0);
  advance(21ms);
  EXPECT_EQ(expired_, 1);
  advance(1h);
  EXPECT_EQ(expired_, 1);
}

TEST_F(Timers, ExpireAlsoWhenTheyAreFartherThanOneTurnOfTheWheel) {
  Timer timer(reactor_, [this] { ++expired_; });
  timer.arm(60s);
  for (int second = 0; second < 60; ++second) {
    advance(999ms);
    EXPECT_EQ(expired_, 0);
  }
  advance(100ms);
  EXPECT_EQ(expired_, 1);
}

TEST_F(Timers, DoNotExpireOnceDisarmedOrDestroyed) {
  Timer disarmed(reactor_, [this] { ++expired_; });
  disarmed.arm(50ms);
  disarmed.disarm();
  std::optional<Timer> destroyed(std::in_place, reactor_, [this] { ++expired_; });
  destroyed->arm(50ms);
  destroyed.reset();
  advance(1s);
  EXPECT_EQ(expired_, 0);
}

TEST_F(Timers, CountFromTheLastTimeTheyWereArmed) {
  Timer timer(reactor_, [this] { ++expired_; });
  for (int i = 0; i < 10; ++i) {
    timer.arm(100ms);
    advance(80ms);
  }
  EXPECT_EQ(expired_, 0);
  advance(40ms);
  EXPECT_EQ(expired_, 1);
}

TEST_F(Timers, MayDestroyThemselvesAndOthersAndArmThemselvesAgain) {
  std::optional<Timer> other(std::in_place, reactor_, [this] { expired_ += 100; });
  std::optional<Timer> own;
  own.emplace(reactor_, [&] {
    ++expired_;
    other.reset();
    own.reset();
  });
  // Of timers due together the one armed last goes first, so both orders are tried.
  other->arm(50ms);
  own->arm(50ms);
  Timer* again_timer = nullptr;
  Timer again(reactor_, [&] {
    expired_ += 10;
    again_timer->arm(50ms);
  });
  again_timer = &again;
  again.arm(50ms);
  advance(70ms);
  EXPECT_FALSE(own.has_value());
  EXPECT_TRUE(again.is_armed());
  advance(70ms);
  EXPECT_EQ(expired_ % 100, 21);
}

TEST_F(Timers, AgreeWithAListWhateverIsArmed) {
  std::mt19937 random(7);
  struct Entry {
    std::unique_ptr<Timer> timer;
    SteadyTime due;
    bool armed = false;
    bool expired = false;
  };
  std::vector<Entry> entries(200);
  for (Entry& entry : entries) {
    entry.timer = std::make_unique<Timer>(reactor_, [&entry] { entry.expired = true; });
  }
  for (int step = 0; step < 3000; ++step) {
    Entry& entry = entries[random() % entries.size()];
    Duration delay{random() % 30000};
    if (random() % 4 == 0) {
      entry.timer->disarm();
      entry.armed = false;
    } else {
      entry.timer->arm(delay);
      entry.due = clock_.steady() + delay;
      entry.armed = true;
      entry.expired = false;
    }
    advance(Duration{random() % 40});
    for (Entry& each : entries) {
      if (each.expired) ASSERT_TRUE(each.armed && each.due <= clock_.steady());
      if (each.armed && !each.expired) ASSERT_LT(clock_.steady(), each.due + 20ms);
      if (each.expired) each.armed = each.expired = false;
    }
  }
}

class Recorder final : public FdHandler {
 public:
  void on_events(Events events) override {
    seen.readable |= events.readable;
    seen.writable |= events.writable;
    seen.ended |= events.ended;
    ++calls;
    if (action) action();
  }
  Events seen;
  int calls = 0;
  std::function<void()> action;
};

class Descriptors : public Timers {
 protected:
  void SetUp() override {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    near_.reset(pair[0]);
    far_.reset(pair[1]);
  }
  UniqueFd near_;
  UniqueFd far_;
  UniqueFd other_end_;
  Recorder recorder_;
};

TEST_F(Descriptors, AreReportedAtEachChangeOnly) {
  Watch watch(reactor_, near_.get(), recorder_);
  reactor_.run_ready();
  EXPECT_TRUE(recorder_.seen.writable);
  EXPECT_FALSE(recorder_.seen.readable);
  ASSERT_EQ(::write(far_.get(), "x", 1), 1);
  reactor_.run_ready();
  EXPECT_TRUE(recorder_.seen.readable);
  int calls = recorder_.calls;
  reactor_.run_ready();
  EXPECT_EQ(recorder_.calls, calls);
  far_.reset();
  reactor_.run_ready();
  EXPECT_TRUE(recorder_.seen.ended);
}

TEST_F(Descriptors, AreReportedUntilReadWhenWatchedByLevel) {
  Watch watch(reactor_, near_.get(), recorder_, Trigger::Level);
  ASSERT_EQ(::write(far_.get(), "x", 1), 1);
  reactor_.run_ready();
  reactor_.run_ready();
  EXPECT_EQ(recorder_.calls, 2);
}

TEST_F(Descriptors, OfTwoWithEventsOneMayEndTheOther) {
  Recorder far_recorder;
  std::optional<Watch> near_watch(std::in_place, reactor_, near_.get(), recorder_);
  std::optional<Watch> far_watch(std::in_place, reactor_, far_.get(), far_recorder);
  recorder_.action = [&] { far_watch.reset(); };
  far_recorder.action = [&] { near_watch.reset(); };
  reactor_.run_ready();
  EXPECT_EQ(recorder_.calls + far_recorder.calls, 1);
}

TEST_F(Descriptors, DoNotGetTheEventsOfAnEarlierOneInTheirPlace) {
  Recorder replacement;
  std::optional<Watch> near_watch(std::in_place, reactor_, near_.get(), recorder_);
  Recorder far_recorder;
  std::optional<Watch> far_watch(std::in_place, reactor_, far_.get(), far_recorder);
  UniqueFd idle(::dup(0));
  std::optional<Watch> late;
  auto swap = [&](std::optional<Watch>& victim) {
    victim.reset();
    int pair[2];
    ASSERT_EQ(::pipe(pair), 0);
    idle.reset(pair[0]);
    other_end_.reset(pair[1]);
    late.emplace(reactor_, idle.get(), replacement, Trigger::Level);
  };
  recorder_.action = [&] { swap(far_watch); };
  far_recorder.action = [&] { swap(near_watch); };
  reactor_.run_ready();
  EXPECT_EQ(replacement.calls, 0);
}

}  // namespace
}  // namespace holm::async

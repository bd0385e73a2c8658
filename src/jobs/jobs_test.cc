// Jobs: when they run, how often, and what is left of them after a crash.

#include "jobs/jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/check.h"
#include "base/system_clock.h"
#include "support/fake_clock.h"

namespace holm::jobs {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

class JobsTest : public ::testing::Test {
 protected:
  JobsTest() { restart(); }

  // As after a crash: a new life on the same database.
  void restart() {
    jobs = make_manual_jobs(*database, clock);
    jobs->handle("note", [this](const Job& job) { return work(job); });
  }

  Outcome work(const Job& job) {
    ran.push_back(job.key + "=" + job.payload + "#" + std::to_string(job.attempt));
    return action ? action(job) : done();
  }

  void schedule(const std::string& key, const std::string& payload, milliseconds from_now = {}) {
    auto transaction = database->begin(sql::Access::Write);
    jobs->schedule(*transaction, {.kind = "note", .key = key, .payload = payload}, clock.now() + from_now);
    transaction->commit();
  }

  void cancel(const std::string& key) {
    auto transaction = database->begin(sql::Access::Write);
    jobs->cancel(*transaction, "note", key);
    transaction->commit();
  }

  // What ran, after `time` has passed.
  Texts after(milliseconds time) {
    clock.advance(time);
    ran.clear();
    jobs->run_due();
    return ran;
  }

  std::optional<milliseconds> wait() {
    std::optional<Time> next = jobs->next_due();
    if (!next) return std::nullopt;
    return *next - clock.now();
  }

  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  test::FakeClock clock;
  std::unique_ptr<ManualJobs> jobs;
  Texts ran;
  Handler action;
};

TEST_F(JobsTest, AJobRunsOnceWhenItIsDue) {
  schedule("a", "x", seconds(5));
  EXPECT_EQ(wait(), seconds(5));
  EXPECT_EQ(after(milliseconds(4999)), Texts{});
  EXPECT_EQ(after(milliseconds(1)), Texts{"a=x#1"});
  EXPECT_EQ(wait(), std::nullopt);
  EXPECT_EQ(after(seconds(60)), Texts{});
}

TEST_F(JobsTest, TheLongestDueRunsFirst) {
  schedule("late", "", seconds(3));
  schedule("early", "", seconds(1));
  schedule("middle", "", seconds(2));
  EXPECT_EQ(after(seconds(3)), (Texts{"early=#1", "middle=#1", "late=#1"}));
}

TEST_F(JobsTest, SchedulingAgainKeepsTheEarlierTimeAndTheNewerPayload) {
  schedule("a", "old", seconds(5));
  schedule("a", "new", seconds(9));
  EXPECT_EQ(wait(), seconds(5));
  EXPECT_EQ(after(seconds(5)), Texts{"a=new#1"});
  schedule("a", "old", seconds(9));
  schedule("a", "new", seconds(5));
  EXPECT_EQ(after(seconds(5)), Texts{"a=new#1"});
  EXPECT_EQ(after(seconds(60)), Texts{});
}

TEST_F(JobsTest, WhatIsRolledBackWasNeverScheduled) {
  auto transaction = database->begin(sql::Access::Write);
  jobs->schedule(*transaction, {.kind = "note", .key = "a", .payload = ""}, clock.now());
  transaction.reset();
  EXPECT_EQ(after({}), Texts{});
}

TEST_F(JobsTest, ACancelledJobDoesNotRun) {
  schedule("a", "", seconds(1));
  schedule("b", "", seconds(1));
  cancel("a");
  cancel("nobody");
  EXPECT_EQ(after(seconds(1)), Texts{"b=#1"});
}

TEST_F(JobsTest, AJobMayAskToRunAgain) {
  action = [&](const Job&) { return again_at(clock.now() + seconds(7)); };
  schedule("a", "x");
  EXPECT_EQ(after({}), Texts{"a=x#1"});
  EXPECT_EQ(wait(), seconds(7));
  EXPECT_EQ(after(seconds(7)), Texts{"a=x#1"});
}

TEST_F(JobsTest, SchedulingARunningJobMakesItRunOnceMoreAtThatTime) {
  action = [&](const Job&) {
    schedule("a", "again", seconds(9));
    schedule("a", "once more", seconds(4));
    action = nullptr;
    return done();
  };
  schedule("a", "first");
  EXPECT_EQ(after({}), Texts{"a=first#1"});
  EXPECT_EQ(wait(), seconds(4));
  EXPECT_EQ(after(seconds(4)), Texts{"a=once more#1"});
  EXPECT_EQ(after(seconds(60)), Texts{});
}

TEST_F(JobsTest, TheEarlierOfRunningAgainAndBeingScheduledCounts) {
  action = [&](const Job& job) {
    schedule("a", "by another", seconds(9));
    return job.payload == "first" ? again_at(clock.now() + seconds(2)) : done();
  };
  schedule("a", "first");
  after({});
  EXPECT_EQ(after(seconds(2)), Texts{"a=by another#1"});
  EXPECT_EQ(wait(), seconds(9));
}

TEST_F(JobsTest, CancellingARunningJobKeepsItFromComingBack) {
  action = [&](const Job&) {
    schedule("a", "more");
    cancel("a");
    return again_at(clock.now());
  };
  schedule("a", "");
  EXPECT_EQ(after({}), Texts{"a=#1"});
  EXPECT_EQ(after(seconds(60)), Texts{});
}

TEST_F(JobsTest, CancellingAndSchedulingARunningJobMakesANewOne) {
  action = [&](const Job&) {
    cancel("a");
    schedule("a", "new", seconds(3));
    action = nullptr;
    return again_at(clock.now());
  };
  schedule("a", "old");
  EXPECT_EQ(after({}), Texts{"a=old#1"});
  EXPECT_EQ(wait(), seconds(3));
  EXPECT_EQ(after(seconds(3)), Texts{"a=new#1"});
}

TEST_F(JobsTest, AFailingJobIsTriedAgainLaterAndLater) {
  action = [](const Job&) -> Outcome { throw std::runtime_error("no luck"); };
  schedule("a", "x");
  std::vector<int> waits;
  for (int i = 1; i <= 9; ++i) {
    EXPECT_EQ(after(wait().value()), Texts{"a=x#" + std::to_string(i)});
    waits.push_back(static_cast<int>(std::chrono::duration_cast<seconds>(*wait()).count()));
  }
  EXPECT_EQ(waits, (std::vector{1, 2, 4, 8, 16, 32, 60, 60, 60}));
  action = nullptr;
  EXPECT_EQ(after(seconds(60)), Texts{"a=x#10"});
  EXPECT_EQ(wait(), std::nullopt);
}

TEST_F(JobsTest, SchedulingAFailedJobStartsAnew) {
  action = [](const Job&) -> Outcome { throw std::runtime_error("no luck"); };
  schedule("a", "x");
  after({});
  after(seconds(1));
  schedule("a", "y");
  EXPECT_EQ(after({}), Texts{"a=y#1"});
}

TEST_F(JobsTest, WaitingJobsSurviveARestart) {
  schedule("a", "x", seconds(5));
  restart();
  EXPECT_EQ(wait(), seconds(5));
  EXPECT_EQ(after(seconds(5)), Texts{"a=x#1"});
}

TEST_F(JobsTest, AClockThatWasSetBackMeanwhileDoesNotMakeJobsWaitLonger) {
  schedule("a", "x", seconds(10));
  clock.advance(-std::chrono::hours(24 * 365));
  restart();
  EXPECT_EQ(wait(), seconds(10));
  clock.advance(seconds(4));
  restart();
  EXPECT_EQ(wait(), seconds(6));
  EXPECT_EQ(after(seconds(6)), Texts{"a=x#1"});
}

TEST_F(JobsTest, AJobThatRanWhenTheProcessDiedRunsAgain) {
  Texts in_the_new_life;
  action = [&](const Job&) {
    schedule("a", "newer", seconds(9));
    // Another life looks at what a kill at this moment would leave.
    auto after_crash = make_manual_jobs(*database, clock);
    after_crash->handle("note", [&](const Job& job) {
      in_the_new_life.push_back(job.key + "=" + job.payload);
      return done();
    });
    after_crash->run_due();
    return done();
  };
  schedule("a", "old");
  after({});
  EXPECT_EQ(in_the_new_life, Texts{"a=newer"});
}

TEST_F(JobsTest, AJobThatIsKeptIsThereFromTheStartAndKeepsTheTimeOfAFormerLife) {
  int runs = 0;
  const auto keep = [&](ManualJobs& life) {
    life.keep({.kind = "hourly", .key = "all"}, clock.now() + seconds(9), [&](const Job&) {
      ++runs;
      return again_at(clock.now() + seconds(100));
    });
  };
  auto first = make_manual_jobs(*database, clock);
  keep(*first);
  EXPECT_EQ(first->next_due(), clock.now() + seconds(9));
  clock.advance(seconds(5));
  auto second = make_manual_jobs(*database, clock);
  keep(*second);
  EXPECT_EQ(second->next_due(), clock.now() + seconds(4));
  clock.advance(seconds(4));
  EXPECT_EQ(second->run_due(), 1);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(second->next_due(), clock.now() + seconds(100));
}

TEST_F(JobsTest, AKindThatNobodyHandlesIsKept) {
  auto transaction = database->begin(sql::Access::Write);
  jobs->schedule(*transaction, {.kind = "gone", .key = "k", .payload = "p"}, clock.now());
  transaction->commit();
  transaction.reset();
  EXPECT_EQ(after(seconds(1)), Texts{});
  EXPECT_EQ(wait(), std::nullopt);
  jobs = make_manual_jobs(*database, clock);
  jobs->handle("gone", [this](const Job& job) { return work(job); });
  EXPECT_EQ(after({}), Texts{"k=p#1"});
}

TEST_F(JobsTest, OneCallRunsAJobAtMostOnce) {
  action = [&](const Job&) { return again_at(clock.now()); };
  schedule("a", "");
  schedule("b", "");
  EXPECT_EQ(jobs->run_due(), 2);
  EXPECT_EQ(jobs->run_due(), 2);
}

TEST_F(JobsTest, HandlersAreNamedOnceAndBeforeTheStart) {
  EXPECT_THROW(jobs->handle("note", {}), InternalFailure);
  jobs->run_due();
  EXPECT_THROW(jobs->handle("late", {}), InternalFailure);
}

// Counts what threads do, and lets the test wait for it.
class Tally {
 public:
  void add(const std::string& key) {
    std::lock_guard lock(mutex_);
    keys_.push_back(key);
    changed_.notify_all();
  }
  bool reaches(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(20), [&] { return keys_.size() >= count; });
  }
  size_t count() {
    std::lock_guard lock(mutex_);
    return keys_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Texts keys_;
};

class JobThreadsTest : public ::testing::Test {
 protected:
  void schedule(const std::string& key, milliseconds from_now = {}) {
    auto transaction = database->begin(sql::Access::Write);
    jobs->schedule(*transaction, {.kind = "note", .key = key, .payload = ""}, clock.now() + from_now);
    transaction->commit();
  }

  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  SystemClock clock;
  std::unique_ptr<Jobs> jobs = make_jobs(*database, clock);
  Tally tally;
};

TEST_F(JobThreadsTest, ThreadsWakeForWhatIsScheduledNowAndForWhatIsDueLater) {
  jobs->handle("note", [&](const Job& job) {
    tally.add(job.key);
    return done();
  });
  schedule("of a former life");
  jobs->start(3);
  EXPECT_TRUE(tally.reaches(1));
  schedule("far", std::chrono::hours(1));
  schedule("soon", milliseconds(30));
  schedule("now");
  EXPECT_TRUE(tally.reaches(3));
  for (int i = 0; i < 200; ++i) schedule(std::to_string(i));
  EXPECT_TRUE(tally.reaches(203));
  jobs->stop();
  jobs->stop();
  EXPECT_EQ(tally.count(), 203u);
}

TEST(JobThreads, FollowAClockThatIsSetBack) {
  test::FakeClock clock;
  auto database = sql::open_sqlite(":memory:");
  auto jobs = make_jobs(*database, clock);
  Tally tally;
  jobs->handle("note", [&](const Job& job) {
    tally.add(job.key);
    return done();
  });
  auto schedule = [&](const std::string& key, seconds from_now) {
    auto transaction = database->begin(sql::Access::Write);
    jobs->schedule(*transaction, {.kind = "note", .key = key, .payload = ""}, clock.now() + from_now);
    transaction->commit();
  };
  jobs->start(2);
  schedule("in an hour", std::chrono::hours(1));
  schedule("before", {});
  ASSERT_TRUE(tally.reaches(1));
  clock.advance(-std::chrono::hours(48));
  // A thread may have asked for the time just before: then it sees at its next look that the clock went back.
  auto is_followed = [&] {
    auto row = database->begin(sql::Access::Read)->find("SELECT max(scheduled) FROM jobs_job");
    return row->integer(0) <= to_milliseconds(clock.now());
  };
  size_t ran = 1;
  for (; ran < 100 && !is_followed(); ++ran) {
    schedule("after", {});
    ASSERT_TRUE(tally.reaches(ran + 1));
  }
  clock.advance(std::chrono::hours(1));
  // Earlier than what the threads wait for: only then are they told, as they know nothing of this clock's jump.
  schedule("wakes the threads", seconds(-1));
  EXPECT_TRUE(tally.reaches(ran + 2));
  jobs->stop();
}

TEST_F(JobThreadsTest, TheSameJobNeverRunsTwiceAtOnceAndMissesNothing) {
  std::atomic<int> inside = 0;
  std::atomic<int> wanted = 0;
  std::atomic<int> seen = 0;
  jobs->handle("note", [&](const Job& job) {
    EXPECT_EQ(++inside, 1);
    seen = wanted.load();
    tally.add(job.key);
    --inside;
    return done();
  });
  jobs->start(4);
  for (int i = 0; i < 300; ++i) {
    ++wanted;
    schedule("one");
  }
  // The run that follows the last scheduling sees everything.
  for (size_t runs = 1; seen != 300 && tally.reaches(runs); ++runs) continue;
  jobs->stop();
  EXPECT_EQ(seen, 300);
}

TEST_F(JobThreadsTest, AJobThatBlocksDoesNotHoldUpTheOthers) {
  std::mutex mutex;
  std::condition_variable freed;
  bool is_free = false;
  jobs->handle("note", [&](const Job& job) {
    if (job.key == "slow") {
      std::unique_lock lock(mutex);
      freed.wait(lock, [&] { return is_free; });
    }
    tally.add(job.key);
    return done();
  });
  jobs->start(2);
  schedule("slow");
  for (int i = 0; i < 20; ++i) schedule(std::to_string(i));
  EXPECT_TRUE(tally.reaches(20));
  {
    std::lock_guard lock(mutex);
    is_free = true;
    freed.notify_all();
  }
  EXPECT_TRUE(tally.reaches(21));
}

TEST_F(JobThreadsTest, StoppingLetsARunningJobEnd) {
  std::atomic<bool> has_begun = false;
  std::atomic<bool> may_end = false;
  jobs->handle("note", [&](const Job& job) {
    has_begun = true;
    has_begun.notify_all();
    may_end.wait(false);
    tally.add(job.key);
    return done();
  });
  jobs->start(1);
  schedule("a");
  has_begun.wait(false);
  may_end = true;
  may_end.notify_all();
  jobs->stop();
  EXPECT_EQ(tally.count(), 1u);
}

}  // namespace

}  // namespace holm::jobs

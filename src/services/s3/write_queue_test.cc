// Writes of several requests: each is kept or undone by itself, and none is told of before all are durable.

#include "services/s3/write_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <thread>

#include "async/task_set.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

using Work = std::function<void(aws::Call&)>;

class WriteQueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto transaction = s3.database().begin(sql::Access::Write);
    transaction->run("CREATE TABLE note (text TEXT NOT NULL UNIQUE)");
    transaction->commit();
  }

  static void add(aws::Call& call, const std::string& text) {
    call.transaction.run("INSERT INTO note VALUES (?1)", {text});
  }

  std::string notes() {
    auto reader = s3.database().begin(sql::Access::Read);
    return reader
        ->find("SELECT coalesce(group_concat(text, ' '), '') FROM (SELECT text FROM note ORDER BY text)")
        ->text(0);
  }

  // Begins it and goes on.
  std::future<void> begin(Work work) {
    return std::async(std::launch::async, [this, work = std::move(work)] {
      async::Reactor& reactor = s3.any_reactor();
      async::sync_wait(reactor,
                       s3.service().writes().transact(reactor, s3.caller("1", "eu-west-1", "test"), work));
    });
  }

  // Begins them so that they come to one transaction, in this order, behind one that does nothing.
  std::vector<std::future<void>> begin_together(const std::vector<Work>& works) {
    std::latch is_first(1), are_queued(1);
    std::future<void> first = begin([&](aws::Call&) {
      is_first.count_down();
      are_queued.wait();
    });
    is_first.wait();
    std::vector<std::future<void>> begun;
    for (const Work& work : works) {
      begun.push_back(begin(work));
      while (s3.service().writes().waiting() < begun.size()) std::this_thread::yield();
    }
    are_queued.count_down();
    first.wait();  // Its fate is theirs.
    return begun;
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(WriteQueueTest, EachIsKeptOrUndoneByItself) {
  std::vector<std::future<void>> all = begin_together({
      [](aws::Call& call) { add(call, "one"); },
      [](aws::Call& call) {
        add(call, "undone");
        throw aws::ServiceError("Refused", 400, "No.");
      },
      [](aws::Call& call) { add(call, "one"); },
      [](aws::Call& call) {
        EXPECT_EQ(call.transaction.find("SELECT count(*) FROM note")->integer(0), 1)
            << "what came before it is seen";
        add(call, "two");
      },
  });
  all[0].get();
  EXPECT_THROW(all[1].get(), aws::ServiceError);
  EXPECT_THROW(all[2].get(), sql::ConstraintViolation);
  all[3].get();
  EXPECT_EQ(notes(), "one two");
}

TEST_F(WriteQueueTest, EffectsHappenOnceAllIsDurableAndOfWhatIsKept) {
  std::string happened;
  auto effect = [&](std::string what) {
    return [&, what = std::move(what)] { happened += what + " sees " + notes() + "; "; };
  };
  std::vector<std::future<void>> all = begin_together({
      [&](aws::Call& call) {
        add(call, "a");
        call.after_commit(effect("first"));
      },
      [&](aws::Call& call) {
        call.after_commit(effect("undone"));
        throw aws::ServiceError("Refused", 400, "No.");
      },
      [&](aws::Call& call) {
        add(call, "b");
        call.after_commit(effect("last"));
      },
  });
  all[0].get();
  EXPECT_THROW(all[1].get(), aws::ServiceError);
  all[2].get();
  EXPECT_EQ(happened, "first sees a b; last sees a b; ");
}

TEST_F(WriteQueueTest, WhatIsLostTogetherIsToldToAll) {
  std::vector<std::future<void>> all = begin_together({
      [](aws::Call& call) { add(call, "before"); },
      [](aws::Call&) { throw aws::ServiceError("Refused", 400, "Because of what is lost."); },
      [](aws::Call& call) {
        call.transaction.run("PRAGMA max_page_count = 1");
        add(call, std::string(1'000'000, 'x'));
      },
      [](aws::Call& call) { add(call, "after"); },
  });
  for (std::future<void>& each : all) EXPECT_THROW(each.get(), sql::StorageFull);
  EXPECT_EQ(notes(), "");
  begin([](aws::Call& call) {
    call.transaction.run("PRAGMA max_page_count = 1000000");
    add(call, "room again");
  }).get();
  EXPECT_EQ(notes(), "room again");
}

TEST_F(WriteQueueTest, WhatIsGivenUpWhileItWaitsNeverHappens) {
  async::Reactor& reactor = s3.any_reactor();
  std::latch is_first(1), is_given_up(1);
  std::future<void> first = begin([&](aws::Call&) {
    is_first.count_down();
    is_given_up.wait();
  });
  is_first.wait();
  Work never = [](aws::Call&) { FAIL() << "it was given up"; };
  async::TaskSet tasks;
  reactor.call([&] {
    tasks.spawn(s3.service().writes().transact(reactor, s3.caller("1", "eu-west-1", "test"), never));
  });
  EXPECT_EQ(s3.service().writes().waiting(), 1u);
  reactor.call([&] { tasks.cancel(); });
  EXPECT_EQ(s3.service().writes().waiting(), 0u);
  is_given_up.count_down();
  first.get();
}

TEST_F(WriteQueueTest, ManyWriteAtATimeAndNothingIsLost) {
  std::vector<std::future<void>> all;
  for (int writer = 0; writer < 8; ++writer) {
    all.push_back(std::async(std::launch::async, [this, writer] {
      for (int number = 0; number < 50; ++number)
        begin([&](aws::Call& call) { add(call, std::to_string(writer * 50 + number)); }).get();
    }));
  }
  for (std::future<void>& each : all) each.get();
  EXPECT_EQ(s3.database().begin(sql::Access::Read)->find("SELECT count(*) FROM note")->integer(0), 400);
}

}  // namespace

}  // namespace holm::s3

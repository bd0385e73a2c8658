// Commits become durable together, and none is told of before it is.

#include "sql/log_sync.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "sql/database.h"

namespace holm::sql {

namespace {

class LogSyncTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "holm-log-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    path = folder + "/log";
    std::ofstream(path) << "log";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string folder;
  std::string path;
};

// What cannot be synced: nothing that is written to it is ever durable.
constexpr char kUnsyncable[] = "/dev/null";

TEST_F(LogSyncTest, WhatIsWrittenBecomesDurable) {
  LogSync sync(path);
  const uint64_t first = sync.announce();
  sync.written(first, true);
  const uint64_t second = sync.announce();
  sync.written(second, true);
  sync.wait(first);
  sync.wait(second);
  sync.wait_for_all();
}

TEST_F(LogSyncTest, WhatWasAnnouncedIsNotDurableBeforeItsSync) {
  LogSync sync(path);
  EXPECT_TRUE(sync.is_all_durable());
  const uint64_t commit = sync.announce();
  EXPECT_FALSE(sync.is_all_durable());
  sync.written(commit, true);
  EXPECT_FALSE(sync.is_all_durable());
  sync.wait(commit);
  EXPECT_TRUE(sync.is_all_durable());
}

TEST_F(LogSyncTest, WhoSeesACommitWaitsUntilItIsWritten) {
  LogSync sync(path);
  const uint64_t commit = sync.announce();
  std::future<void> reader = std::async(std::launch::async, [&] { sync.wait_for_all(); });
  sync.written(commit, true);
  reader.get();
}

TEST_F(LogSyncTest, NothingGoesOnAfterAFailedSync) {
  LogSync sync(kUnsyncable);
  const uint64_t commit = sync.announce();
  sync.written(commit, true);
  EXPECT_DEATH(sync.wait(commit), "cannot be made durable");
  EXPECT_DEATH(sync.wait_for_all(), "cannot be made durable");
}

TEST_F(LogSyncTest, ACommitOfNothingNeedsNoSync) {
  LogSync sync(kUnsyncable);
  const uint64_t nothing = sync.announce();
  sync.written(nothing, false);
  sync.wait(nothing);
  const uint64_t something = sync.announce();
  sync.written(something, true);
  const uint64_t after = sync.announce();
  sync.written(after, false);
  EXPECT_DEATH(sync.wait(after), "cannot be made durable") << "it may tell of what came before it";
}

TEST_F(LogSyncTest, ManyCommitAtATime) {
  LogSync sync(path);
  std::mutex writer;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        uint64_t commit = 0;
        {
          std::lock_guard lock(writer);
          commit = sync.announce();
          sync.written(commit, i % 3 != 0);
        }
        sync.wait(commit);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(sync.announce(), 801u);
}

TEST(LogSync, OfNoLogIsRefused) { EXPECT_THROW(LogSync("/nowhere/log"), DatabaseError); }

}  // namespace

}  // namespace holm::sql

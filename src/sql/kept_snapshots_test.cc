// A snapshot is used again as long as it is the latest, and by nobody after that.

#include "sql/kept_snapshots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "sql/log_sync.h"
#include "sql/quick_reads.h"

namespace holm::sql {

namespace {

class KeptSnapshotsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "holm-kept-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    path = folder + "/database";
    database = open_sqlite(path);
    auto transaction = database->begin(Access::Write);
    transaction->run("CREATE TABLE note (text TEXT NOT NULL)");
    transaction->commit();
    find_quick_reads(*database)->let_in(std::this_thread::get_id());
    (void)database->begin(Access::Read);  // Leaves an idle connection.
  }
  void TearDown() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }

  void write(const std::string& text) {
    auto transaction = database->begin(Access::Write);
    transaction->run("INSERT INTO note (text) VALUES (?1)", {text});
    transaction->commit();
  }

  static int64_t count(Transaction& transaction) {
    return transaction.find("SELECT count(*) FROM note")->integer(0);
  }
  int64_t count() {
    auto transaction = try_read(*database, Shown::Durable);
    if (transaction == nullptr) return -1;
    const int64_t found = count(*transaction);
    transaction->commit();
    return found;
  }

  std::unique_ptr<Derived> nothing;

  std::unique_ptr<Connection> reader() const {
    auto connection = std::make_unique<Connection>(path, Access::Read, Durability::Full);
    connection->run("BEGIN", {});
    connection->run("SELECT 1 FROM note", {});
    return connection;
  }

  std::string folder;
  std::string path;
  std::unique_ptr<Database> database;
};

TEST_F(KeptSnapshotsTest, EveryReaderSeesWhatWasCommittedBefore) {
  for (int64_t written = 0; written < 5; ++written) {
    EXPECT_EQ(count(), written);
    EXPECT_EQ(count(), written);
    write("more");
  }
}

TEST_F(KeptSnapshotsTest, WhoIsStillReadingWhenItGetsOldLeavesNothing) {
  auto transaction = try_read(*database, Shown::Durable);
  ASSERT_NE(transaction, nullptr);
  EXPECT_EQ(count(*transaction), 0);
  write("meanwhile");
  EXPECT_EQ(count(*transaction), 0);
  transaction.reset();
  EXPECT_EQ(count(), 1);
}

TEST_F(KeptSnapshotsTest, NobodyReadsWhatWasOldWhenTheyCame) {
  constexpr int64_t kWrites = 200;
  std::atomic<int64_t> told = 0;
  std::atomic<int64_t> answered = 0;
  auto look = [&] {
    find_quick_reads(*database)->let_in(std::this_thread::get_id());
    while (told < kWrites) {
      const int64_t before = told;
      const int64_t found = count();
      if (found < 0) continue;  // It would have had to wait.
      EXPECT_GE(found, before);
      ++answered;
    }
  };
  (void)database->begin(Access::Read);
  std::thread first(look), second(look);
  for (int64_t i = 0; i < kWrites; ++i) {
    write("more");
    told = i + 1;
    // Somebody reads between two commits now and then.
    for (const int64_t seen = answered; i % 10 == 0 && answered == seen;) std::this_thread::yield();
  }
  first.join();
  second.join();
  EXPECT_GE(answered, kWrites / 10);
}

TEST_F(KeptSnapshotsTest, AnErrorOfOneReaderIsNotTheNextOnes) {
  auto transaction = try_read(*database, Shown::Durable);
  ASSERT_NE(transaction, nullptr);
  EXPECT_ANY_THROW(transaction->run("SELECT nothing FROM nowhere"));
  transaction.reset();
  EXPECT_EQ(count(), 0);
}

// How many notes there were when somebody first counted them in a snapshot.
struct Counted {
  int64_t notes = -1;
};

TEST_F(KeptSnapshotsTest, WhatIsWorkedOutOfOneIsKeptWithItAndGoesWithIt) {
  const auto counted = [this] {
    auto transaction = try_read(*database, Shown::Durable);
    Counted& known = find_derived(*transaction)->get<Counted>();
    const bool is_new = known.notes < 0;
    if (is_new) known.notes = count(*transaction);
    const int64_t notes = known.notes;
    transaction->commit();
    return std::pair(notes, is_new);
  };
  EXPECT_EQ(counted(), std::pair(int64_t{0}, true));
  EXPECT_EQ(counted(), std::pair(int64_t{0}, false));
  write("one");
  EXPECT_EQ(counted(), std::pair(int64_t{1}, true));
  EXPECT_EQ(counted(), std::pair(int64_t{1}, false));
  EXPECT_EQ(find_derived(*database->begin(Access::Write)), nullptr);
}

TEST_F(KeptSnapshotsTest, ACommitEndsThemBeforeItIsWritten) {
  LogSync sync(path + "-wal");
  KeptSnapshots snapshots(sync);
  auto connection = reader();
  ASSERT_TRUE(snapshots.keep(connection, nothing, snapshots.number().value()));
  EXPECT_EQ(connection, nullptr);
  sync.announce();
  auto ended = snapshots.end_all();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_FALSE(ended.front()->is_in_transaction());
  EXPECT_EQ(snapshots.take().connection, nullptr);
}

TEST_F(KeptSnapshotsTest, NoneIsKeptThatMayNotShowTheLatest) {
  LogSync sync(path + "-wal");
  KeptSnapshots snapshots(sync);
  auto connection = reader();
  const uint64_t number = snapshots.number().value();
  const uint64_t commit = sync.announce();
  EXPECT_EQ(snapshots.number(), std::nullopt);
  EXPECT_FALSE(snapshots.keep(connection, nothing, number));
  sync.written(commit, true);
  EXPECT_FALSE(snapshots.keep(connection, nothing, number));
  EXPECT_NE(connection, nullptr);
}

TEST_F(KeptSnapshotsTest, NoneIsInTheWayWhileTheLogBeginsAnew) {
  LogSync sync(path + "-wal");
  KeptSnapshots snapshots(sync);
  auto connection = reader();
  ASSERT_TRUE(snapshots.keep(connection, nothing, 0));
  auto ended = snapshots.pause();
  ASSERT_EQ(ended.size(), 1u);
  auto another = reader();
  EXPECT_FALSE(snapshots.keep(another, nothing, 0));
  snapshots.go_on();
  EXPECT_TRUE(snapshots.keep(another, nothing, 0));
}

TEST_F(KeptSnapshotsTest, AConnectionThatLostItsTransactionIsNotKept) {
  LogSync sync(path + "-wal");
  KeptSnapshots snapshots(sync);
  auto connection = reader();
  connection->roll_back();
  EXPECT_FALSE(snapshots.keep(connection, nothing, 0));
}

}  // namespace

}  // namespace holm::sql

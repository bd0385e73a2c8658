// The log begins anew while others write, and loses nothing of what is in it.

#include "sql/checkpointer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "sql/connection.h"

namespace holm::sql {

namespace {

constexpr int kCommitsMax = 100'000;  // Far more than it takes on the slowest machine.

class CheckpointerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "holm-fold-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    path = folder + "/database";
    writer = std::make_unique<Connection>(path, Access::Write, Durability::Full);
    writer->run("CREATE TABLE note (number INTEGER PRIMARY KEY, text TEXT NOT NULL)", {});
    checkpointer = std::make_unique<Checkpointer>(path, [this](const std::function<void()>& fold) {
      std::lock_guard lock(writing);
      fold();
      ++folds;
    });
  }
  void TearDown() override {
    checkpointer.reset();
    writer.reset();
    std::filesystem::remove_all(folder);
  }

  // How long the log is after it.
  int commit() {
    std::lock_guard lock(writing);
    writer->run("INSERT INTO note (text) VALUES (?1)", {std::string(50'000, 'x')});
    ++written;
    checkpointer->look(writer->log_pages());
    return writer->log_pages();
  }

  // Whether that happens before `commits` are written.
  bool begins_anew(int commits = kCommitsMax) {
    for (int before = 0, i = 0; i < commits; ++i) {
      const int pages = commit();
      if (pages < before) return true;
      before = pages;
    }
    return false;
  }

  static int64_t count(Connection& connection) {
    return connection.run("SELECT count(*) FROM note WHERE length(text) = 50000", {}).front().integer(0);
  }

  std::string folder;
  std::string path;
  std::mutex writing;
  std::unique_ptr<Connection> writer;
  std::unique_ptr<Checkpointer> checkpointer;
  std::atomic<int> folds = 0;
  int64_t written = 0;
};

TEST_F(CheckpointerTest, TheLogBeginsAnewAgainAndAgain) {
  for (int time = 0; time < 3; ++time) ASSERT_TRUE(begins_anew());
  Connection reader(path, Access::Read, Durability::Full);
  EXPECT_EQ(count(reader), written);
  EXPECT_EQ(reader.run("PRAGMA integrity_check", {}).front().text(0), "ok");
}

TEST_F(CheckpointerTest, AShortLogIsLeftAlone) {
  for (int i = 0; i < 90; ++i) commit();  // It is folded, but it does not begin anew.
  checkpointer.reset();
  EXPECT_EQ(folds, 0);
}

TEST_F(CheckpointerTest, WhoReadsAnOldStateKeepsItAndTheWriterGoesOn) {
  Connection reader(path, Access::Read, Durability::Full);
  commit();
  reader.run("BEGIN", {});
  EXPECT_EQ(count(reader), 1);
  int commits = 0;
  while (folds == 0 && commits < kCommitsMax) {
    commit();
    ++commits;
  }
  EXPECT_FALSE(begins_anew(10));
  EXPECT_EQ(count(reader), 1) << "its state is folded over";
  reader.run("COMMIT", {});
  EXPECT_TRUE(begins_anew());
  EXPECT_EQ(count(reader), written);
}

}  // namespace

}  // namespace holm::sql

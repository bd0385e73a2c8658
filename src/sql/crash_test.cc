// What was acknowledged is there after the process is killed, the disk fills up or the file is odd.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "sql/database.h"
#include "sql/new_file.h"

namespace holm::sql {

namespace {

class CrashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "holm-sql-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    path = folder + "/holm.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string folder;
  std::string path;
};

// Commits 1, 2, 3 … with two rows each and says so on `acknowledgements`, until it is killed.
[[noreturn]] void write_for_ever(const std::string& path, int acknowledgements) {
  auto database = open_sqlite(path);
  database->migrate("crash", {{1, "CREATE TABLE pair (number INTEGER NOT NULL, half TEXT NOT NULL)"}});
  int64_t next = database->begin(Access::Read)->find("SELECT coalesce(max(number), 0) FROM pair")->integer(0);
  for (;;) {
    ++next;
    auto transaction = database->begin(Access::Write);
    for (const char* half : {"left", "right"}) {
      transaction->run("INSERT INTO pair VALUES (?1, ?2)", {next, std::string(half) + std::string(3000, '.')});
    }
    transaction->commit();
    transaction.reset();
    if (::write(acknowledgements, &next, sizeof next) != sizeof next) ::_exit(1);
  }
}

TEST_F(CrashTest, AcknowledgedWritesSurviveAKillAtAnyMoment) {
  std::mt19937 random(4711);
  int64_t acknowledged = 0;
  for (int life = 0; life < 12; ++life) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    pid_t child = ::fork();
    if (child == 0) write_for_ever(path, ends[1]);
    ::close(ends[1]);
    int64_t number = 0;
    for (uint32_t left = 1 + random() % 40; left > 0; --left) {
      ASSERT_EQ(::read(ends[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
      acknowledged = number;
    }
    // Some way into the next transaction, not always at the same place of it.
    for (volatile uint32_t spin = random() % 2'000'000; spin > 0; spin = spin - 1) continue;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(ends[0], &number, sizeof number) == static_cast<ssize_t>(sizeof number)) acknowledged = number;
    ::close(ends[0]);

    auto database = open_sqlite(path);
    auto reader = database->begin(Access::Read);
    EXPECT_EQ(reader->find("PRAGMA integrity_check")->text(0), "ok");
    Row row = *reader->find("SELECT count(*), count(DISTINCT number), max(number) FROM pair");
    EXPECT_GE(row.integer(2), acknowledged);
    EXPECT_EQ(row.integer(1), row.integer(2)) << "a number is missing";
    EXPECT_EQ(row.integer(0), 2 * row.integer(2)) << "half a transaction was kept";
  }
}

// The child's exit status says how it went, because the limit would hit the test's own output.
int writes_beyond_the_limit(const std::string& path) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto database = open_sqlite(path);
  database->migrate("crash", {{1, "CREATE TABLE big (text TEXT NOT NULL)"}});
  rlimit limit{.rlim_cur = 200'000, .rlim_max = RLIM_INFINITY};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  auto transaction = database->begin(Access::Write);
  bool is_refused = false;
  try {
    transaction->run("INSERT INTO big VALUES (?1)", {std::string(1'000'000, 'x')});
    transaction->commit();
  } catch (const StorageFull&) {
    is_refused = true;
  }
  transaction.reset();
  limit.rlim_cur = RLIM_INFINITY;
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  auto again = database->begin(Access::Write);
  again->run("INSERT INTO big VALUES (?1)", {std::string(1'000'000, 'y')});
  again->commit();
  return is_refused ? 0 : 1;
}

TEST_F(CrashTest, AFileThatCannotGrowIsStorageFullAndTheNextWriteWorks) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(writes_beyond_the_limit(path));
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  auto database = open_sqlite(path);
  Row row = *database->begin(Access::Read)->find("SELECT count(*), max(substr(text, 1, 1)) FROM big");
  EXPECT_EQ(row.integer(0), 1);
  EXPECT_EQ(row.text(1), "y");
}

// So many that a kill hits the making of them.
std::string many_tables() {
  std::string script;
  for (int i = 0; i < 60; ++i) script += fmt::format("CREATE TABLE t{} (text TEXT NOT NULL);", i);
  return script;
}

TEST_F(CrashTest, ANewFileIsThereWholeOrNotAtAll) {
  std::mt19937 random(4711);
  const std::string script = many_tables();
  const std::vector<Schema> schemas = {{"crash", {{1, script}}}};
  for (int life = 0; life < 20; ++life) {
    const pid_t child = ::fork();
    if (child == 0) {
      open_sqlite(path, schemas);
      ::pause();
    }
    for (volatile uint32_t spin = random() % 20'000'000; spin > 0; spin = spin - 1) continue;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const bool is_there = std::filesystem::exists(path);
    auto database = is_there ? open_sqlite(path) : open_sqlite(path, schemas);
    auto reader = database->begin(Access::Read);
    EXPECT_EQ(reader->find("SELECT count(*) FROM sqlite_schema WHERE name GLOB 't*'")->integer(0), 60);
    EXPECT_EQ(reader->find("SELECT count(*) FROM holm_migration")->integer(0), 1);
    reader.reset();
    database.reset();
    std::filesystem::remove(path);
  }
}

TEST_F(CrashTest, WhatLiesBesideANewFileIsNotTakenForItsOwn) {
  const std::vector<Schema> schemas = {{"crash", {{1, "CREATE TABLE one (text TEXT NOT NULL)"}}}};
  {
    auto old = open_sqlite(path, schemas);
    auto transaction = old->begin(Access::Write);
    transaction->run("INSERT INTO one VALUES ('of the old')");
    transaction->commit();
    std::filesystem::copy(path + "-wal", folder + "/log");
  }
  std::filesystem::remove(path);
  std::filesystem::rename(folder + "/log", path + "-wal");
  std::ofstream(path + ".new") << "half of something";
  auto database = open_sqlite(path, schemas);
  EXPECT_EQ(database->begin(Access::Read)->find("SELECT count(*) FROM one")->integer(0), 0);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(CrashTest, ANewFileBeginsAsACopyOfOneMadeBeforehandAndGetsWhatThatHasNot) {
  const Schema one = {"one", {{1, "CREATE TABLE one (text TEXT NOT NULL)"}}};
  const Schema two = {"two", {{1, "CREATE TABLE two (text TEXT NOT NULL)"}}};
  const std::string made = folder + "/made";
  open_sqlite(made, {one});
  int written = 0;
  const auto copy = [&](const std::string& to) -> Result<void> {
    ++written;
    std::filesystem::copy(made, to);
    return {};
  };
  for (int life = 0; life < 2; ++life) {
    auto database = open_sqlite(path, {one, two}, copy);
    auto transaction = database->begin(Access::Write);
    transaction->run("INSERT INTO one VALUES ('row')");
    transaction->run("INSERT INTO two VALUES ('row')");
    EXPECT_EQ(transaction->find("SELECT count(*) FROM one")->integer(0), life + 1);
    transaction->commit();
  }
  EXPECT_EQ(written, 1);
}

TEST_F(CrashTest, ANewFileThatCannotBeWrittenHasNoName) {
  const auto fail = [](const std::string& to) -> Result<void> {
    std::ofstream(to) << "half";
    return failure("the disk is full");
  };
  EXPECT_THROW(open_sqlite(path, {}, fail), DatabaseError);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(CrashTest, TheFileIsTheOwnersAlone) {
  auto database = open_sqlite(path);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(CrashTest, AnUnusableFileIsRefusedInWords) {
  EXPECT_THROW(open_sqlite(folder + "/none/holm.db"), DatabaseError);
  EXPECT_THROW(open_sqlite(folder), DatabaseError);
  std::ofstream(path) << std::string(5000, '#');
  try {
    open_sqlite(path);
    FAIL() << "a file of something else was opened";
  } catch (const DatabaseError& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("not a database"), std::string::npos) << error.what();
  }
}

}  // namespace

}  // namespace holm::sql

// Transactions: what they see, what they keep, and when their effects happen.

#include "sql/database.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/check.h"

namespace holm::sql {

namespace {

using Texts = std::vector<std::string>;

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto transaction = database->begin(Access::Write);
    transaction->run("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)");
    transaction->run("CREATE TABLE line (note INTEGER NOT NULL REFERENCES note (id))");
    transaction->commit();
  }

  void add(Transaction& transaction, const std::string& text) {
    transaction.run("INSERT INTO note (text) VALUES (?1)", {text});
  }

  Texts notes(Transaction& transaction) {
    Texts texts;
    for (const Row& row : transaction.run("SELECT text FROM note ORDER BY id")) texts.push_back(row.text(0));
    return texts;
  }

  Texts notes() { return notes(*database->begin(Access::Read)); }

  std::unique_ptr<Database> database = open_sqlite(":memory:");
};

TEST_F(DatabaseTest, EveryKindOfValueComesBackAsItWas) {
  auto transaction = database->begin(Access::Write);
  transaction->run("CREATE TABLE kinds (a, b, c, d, e, f)");
  std::string zeros("\0a\0", 3);
  transaction->run("INSERT INTO kinds VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                   {std::monostate(), int64_t{-9'000'000'000}, 0.25, zeros, Blob{zeros}, Blob{}});
  Row row = *transaction->find("SELECT a, b, c, d, e, f FROM kinds");
  EXPECT_EQ(row.size(), 6u);
  EXPECT_TRUE(row.is_null(0));
  EXPECT_EQ(row.integer(1), -9'000'000'000);
  EXPECT_EQ(row.real(1), -9e9);
  EXPECT_EQ(row.real(2), 0.25);
  EXPECT_EQ(row.text(3), zeros);
  EXPECT_EQ(row.blob(4), zeros);
  EXPECT_EQ(row.blob(5), "");
  EXPECT_EQ(row.optional_text(0), std::nullopt);
  EXPECT_EQ(row.optional_integer(1), -9'000'000'000);
  EXPECT_THROW(row.text(1), InternalFailure);
  EXPECT_THROW(row.integer(6), InternalFailure);
  EXPECT_THROW(row.is_null(6), InternalFailure);
}

TEST_F(DatabaseTest, OptionalValuesAreNullWhenAbsent) {
  EXPECT_EQ(optional_value(std::optional<std::string>()).index(), 0u);
  EXPECT_EQ(std::get<std::string>(optional_value(std::optional<std::string>("x"))), "x");
  EXPECT_EQ(optional_value(std::optional<int64_t>()).index(), 0u);
  EXPECT_EQ(std::get<int64_t>(optional_value(std::optional<int64_t>(7))), 7);
}

TEST_F(DatabaseTest, CommittedIsKeptAndTheRestIsNot) {
  auto kept = database->begin(Access::Write);
  add(*kept, "kept");
  kept->commit();
  kept.reset();
  auto lost = database->begin(Access::Write);
  add(*lost, "lost");
  lost.reset();
  EXPECT_EQ(notes(), Texts{"kept"});
}

TEST_F(DatabaseTest, AReaderSeesTheMomentItBeganAt) {
  auto reader = database->begin(Access::Read);
  auto writer = database->begin(Access::Write);
  add(*writer, "later");
  EXPECT_EQ(notes(), Texts{});
  writer->commit();
  EXPECT_EQ(notes(*reader), Texts{});
  EXPECT_EQ(notes(), Texts{"later"});
}

TEST_F(DatabaseTest, AReaderRefusesToWrite) {
  auto reader = database->begin(Access::Read);
  EXPECT_THROW(add(*reader, "x"), InternalFailure);
  EXPECT_THROW(reader->run("CREATE TABLE t (a)"), InternalFailure);
  EXPECT_EQ(notes(*reader), Texts{});
}

TEST_F(DatabaseTest, OnlyOneStatementWithItsArgumentsIsRun) {
  auto transaction = database->begin(Access::Write);
  EXPECT_THROW(transaction->run("DELETE FROM note; DELETE FROM line"), InternalFailure);
  EXPECT_THROW(transaction->run("SELECT ?1"), InternalFailure);
  EXPECT_THROW(transaction->run(""), InternalFailure);
  EXPECT_THROW(transaction->run("SELEC 1"), DatabaseError);
  EXPECT_EQ(transaction->find("SELECT 1 ; \n")->integer(0), 1);
}

TEST_F(DatabaseTest, ABrokenConstraintLeavesTheTransactionUsable) {
  auto transaction = database->begin(Access::Write);
  add(*transaction, "one");
  EXPECT_THROW(add(*transaction, "one"), ConstraintViolation);
  EXPECT_THROW(transaction->run("INSERT INTO line VALUES (99)"), ConstraintViolation);
  add(*transaction, "two");
  EXPECT_EQ(transaction->changes(), 1);
  transaction->run("DELETE FROM note");
  EXPECT_EQ(transaction->changes(), 2);
  add(*transaction, "three");
  transaction->commit();
  EXPECT_EQ(notes(), Texts{"three"});
}

TEST_F(DatabaseTest, AFullDiskEndsTheTransactionAndKeepsNothing) {
  auto transaction = database->begin(Access::Write);
  transaction->after_commit([] { FAIL() << "an effect of what is lost"; });
  add(*transaction, "first");
  transaction->run("PRAGMA max_page_count = 1");
  EXPECT_THROW(add(*transaction, std::string(1'000'000, 'x')), StorageFull);
  EXPECT_THROW(add(*transaction, "small"), StorageFull);
  EXPECT_THROW(transaction->commit(), StorageFull);
  transaction.reset();
  EXPECT_EQ(notes(), Texts{});
  auto next = database->begin(Access::Write);
  next->run("PRAGMA max_page_count = 1000000");
  add(*next, "room again");
  next->commit();
  EXPECT_EQ(notes(), Texts{"room again"});
}

TEST_F(DatabaseTest, EffectsHappenInOrderOnceTheWritesAreSeen) {
  Texts happened;
  auto transaction = database->begin(Access::Write);
  add(*transaction, "written");
  transaction->after_commit([&] { happened.push_back("first sees " + notes().at(0)); });
  // The writer is free again, so that an effect may write too.
  transaction->after_commit([&] {
    auto another = database->begin(Access::Write);
    add(*another, "by an effect");
    another->commit();
    happened.push_back("second");
  });
  EXPECT_EQ(happened, Texts{});
  transaction->commit();
  EXPECT_EQ(happened, (Texts{"first sees written", "second"}));
  EXPECT_EQ(notes(), (Texts{"written", "by an effect"}));
  EXPECT_THROW(transaction->run("SELECT 1"), InternalFailure);
  EXPECT_THROW(transaction->commit(), InternalFailure);
}

TEST_F(DatabaseTest, EffectsOfARolledBackTransactionAreDropped) {
  auto transaction = database->begin(Access::Write);
  transaction->after_commit([] { FAIL(); });
  transaction.reset();
}

TEST_F(DatabaseTest, AnEffectThatFailsDoesNotStopTheOthers) {
  int happened = 0;
  auto transaction = database->begin(Access::Write);
  transaction->after_commit([] { throw std::runtime_error("no"); });
  transaction->after_commit([&] { ++happened; });
  EXPECT_THROW(transaction->commit(), std::runtime_error);
  EXPECT_EQ(happened, 1);
}

TEST_F(DatabaseTest, ASavepointUndoesItsWritesAndEffectsAlone) {
  Texts happened;
  auto transaction = database->begin(Access::Write);
  add(*transaction, "outer");
  transaction->after_commit([&] { happened.push_back("outer"); });
  {
    Savepoint kept(*transaction);
    add(*transaction, "kept");
    transaction->after_commit([&] { happened.push_back("kept"); });
    {
      Savepoint lost(*transaction);
      add(*transaction, "lost");
      transaction->after_commit([&] { happened.push_back("lost"); });
    }
    kept.release();
  }
  {
    Savepoint lost_with_what_it_released(*transaction);
    Savepoint inner(*transaction);
    add(*transaction, "inner");
    transaction->after_commit([&] { happened.push_back("inner"); });
    inner.release();
  }
  transaction->commit();
  EXPECT_EQ(notes(), (Texts{"outer", "kept"}));
  EXPECT_EQ(happened, (Texts{"outer", "kept"}));
}

TEST_F(DatabaseTest, ASavepointOfAReaderDropsEffects) {
  int happened = 0;
  auto transaction = database->begin(Access::Read);
  {
    Savepoint savepoint(*transaction);
    transaction->after_commit([&] { happened += 1; });
  }
  transaction->after_commit([&] { happened += 10; });
  transaction->commit();
  EXPECT_EQ(happened, 10);
}

TEST_F(DatabaseTest, ASavepointMustEndBeforeTheCommit) {
  auto transaction = database->begin(Access::Write);
  Savepoint savepoint(*transaction);
  EXPECT_THROW(transaction->commit(), InternalFailure);
}

TEST_F(DatabaseTest, AThreadThatWouldWaitForItselfIsToldSo) {
  auto transaction = database->begin(Access::Write);
  EXPECT_THROW(database->begin(Access::Write), InternalFailure);
  transaction.reset();
  EXPECT_NE(database->begin(Access::Write), nullptr);
}

TEST_F(DatabaseTest, WritersQueueUpAndLoseNothing) {
  constexpr int kThreads = 6;
  constexpr int kEach = 50;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        auto transaction = database->begin(Access::Write);
        add(*transaction, std::to_string(t) + "/" + std::to_string(i));
        add(*transaction, std::to_string(t) + "/" + std::to_string(i) + "'");
        transaction->commit();
      }
    });
  }
  std::thread reader([&] {
    while (!is_over) {
      auto transaction = database->begin(Access::Read);
      size_t before = notes(*transaction).size();
      EXPECT_EQ(before % 2, 0u) << "half a transaction was seen";
      EXPECT_EQ(notes(*transaction).size(), before);
    }
  });
  for (std::thread& thread : threads) thread.join();
  is_over = true;
  reader.join();
  EXPECT_EQ(notes().size(), 2u * kThreads * kEach);
}

TEST_F(DatabaseTest, MoreReadersThanConnectionsWaitForTheirTurn) {
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 80; ++t) {
    threads.emplace_back([&] {
      EXPECT_EQ(notes(), Texts{});
      ++done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 80);
}

TEST_F(DatabaseTest, MigrationsAreAppliedOnceAndInOrder) {
  std::vector<Migration> first = {{1, "CREATE TABLE mine (a); INSERT INTO mine VALUES (1);"}};
  database->migrate("mine", first);
  database->migrate("mine", first);
  std::vector<Migration> second = first;
  second.push_back({2, "INSERT INTO mine VALUES (2); INSERT INTO mine VALUES (3)"});
  database->migrate("mine", second);
  database->migrate("other", {{1, "INSERT INTO mine VALUES (4)"}});
  auto reader = database->begin(Access::Read);
  EXPECT_EQ(reader->find("SELECT group_concat(a) FROM mine")->text(0), "1,2,3,4");
}

TEST_F(DatabaseTest, AMigrationThatFailsLeavesNothingBehind) {
  std::vector<Migration> broken = {{1, "CREATE TABLE half (a); SELEC"}};
  EXPECT_THROW(database->migrate("half", broken), DatabaseError);
  auto reader = database->begin(Access::Read);
  EXPECT_FALSE(reader->find("SELECT 1 FROM sqlite_schema WHERE name = 'half'"));
  EXPECT_FALSE(reader->find("SELECT 1 FROM holm_migration WHERE owner = 'half'"));
}

TEST_F(DatabaseTest, SeveralOwnersAreMigratedTogetherOrNotAtAll) {
  const Schema good{.owner = "good", .migrations = {{1, "CREATE TABLE good (a)"}}};
  const Schema broken{.owner = "broken", .migrations = {{1, "CREATE TABLE broken (a); SELEC"}}};
  EXPECT_THROW(database->migrate({good, broken}), DatabaseError);
  EXPECT_FALSE(database->begin(Access::Read)->find("SELECT 1 FROM sqlite_schema WHERE name = 'good'"));
  const Schema later{.owner = "later", .migrations = {{1, "INSERT INTO good VALUES (7)"}}};
  database->migrate({good, later});
  database->migrate({later, good});
  EXPECT_EQ(database->begin(Access::Read)->find("SELECT group_concat(a) FROM good")->text(0), "7");
}

TEST_F(DatabaseTest, WhoHasHadNoStepsGetsTheTablesAtOnce) {
  const std::vector<Migration> one = {{1, "CREATE TABLE mine (a)"}};
  std::vector<Migration> two = one;
  two.push_back({2, "ALTER TABLE mine ADD COLUMN b"});
  database->migrate({{"mine", one, "CREATE TABLE mine (a)"}});
  database->migrate({{"mine", two, "CREATE TABLE mine (a, b)"},
                     {"other", {{1, "SELEC"}, {2, "SELEC"}}, "CREATE TABLE other (a)"}});
  auto reader = database->begin(Access::Read);
  EXPECT_EQ(reader->find("SELECT count(*) FROM pragma_table_info('mine')")->integer(0), 2) << "the second step";
  EXPECT_EQ(reader->find("SELECT count(*) FROM other")->integer(0), 0) << "at once";
  EXPECT_EQ(reader->find("SELECT max(number) FROM holm_migration WHERE owner = 'other'")->integer(0), 2);
}

TEST_F(DatabaseTest, ADatabaseOfANewerProgramIsRefused) {
  database->migrate("mine", {{1, "CREATE TABLE a (a)"}, {2, "CREATE TABLE b (a)"}});
  EXPECT_THROW(database->migrate("mine", {{1, "CREATE TABLE a (a)"}}), DatabaseError);
  EXPECT_THROW(database->migrate("gap", {{2, "CREATE TABLE c (a)"}}), InternalFailure);
}

}  // namespace

}  // namespace holm::sql

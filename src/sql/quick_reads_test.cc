// Reads for threads that may not wait: at once, or not at all.

#include "sql/quick_reads.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace holm::sql {

namespace {

class QuickReadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto transaction = database->begin(Access::Write);
    transaction->run("CREATE TABLE note (text TEXT NOT NULL)");
    transaction->run("INSERT INTO note (text) VALUES ('here')");
    transaction->commit();
    find_quick_reads(*database)->let_in(std::this_thread::get_id());
  }

  // Leaves a connection that the next reader takes.
  void read() { (void)database->begin(Access::Read); }

  std::unique_ptr<Database> database = open_sqlite(":memory:");
};

TEST_F(QuickReadsTest, ShowWhatIsThere) {
  read();
  for (const Shown shown : {Shown::Durable, Shown::Written}) {
    auto transaction = try_read(*database, shown);
    ASSERT_NE(transaction, nullptr);
    EXPECT_EQ(transaction->find("SELECT text FROM note")->text(0), "here");
    transaction->commit();
  }
}

TEST_F(QuickReadsTest, DoNotWrite) {
  read();
  auto transaction = try_read(*database, Shown::Written);
  ASSERT_NE(transaction, nullptr);
  EXPECT_EQ(transaction->access(), Access::Read);
  EXPECT_ANY_THROW(transaction->run("INSERT INTO note (text) VALUES ('more')"));
}

TEST_F(QuickReadsTest, AreNotBegunWithoutAConnection) {
  EXPECT_EQ(try_read(*database, Shown::Durable), nullptr);
  read();
  auto transaction = try_read(*database, Shown::Durable);
  EXPECT_NE(transaction, nullptr);
  EXPECT_EQ(try_read(*database, Shown::Durable), nullptr);
  transaction.reset();
  EXPECT_NE(try_read(*database, Shown::Durable), nullptr);
}

TEST_F(QuickReadsTest, AreForThreadsThatWereLetIn) {
  read();
  std::unique_ptr<Transaction> transaction;
  std::thread([&] { transaction = try_read(*database, Shown::Written); }).join();
  EXPECT_EQ(transaction, nullptr);
}

}  // namespace

}  // namespace holm::sql

// A real MariaDB in a sandbox: made, set up, killed, recovered. Needs root.

#include "services/rds/mariadb.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/system_clock.h"
#include "sandbox/program/test_region.h"

namespace holm::rds {
namespace {

TEST(Passwords, AreKeptAsTheServerKeepsThem) {
  EXPECT_EQ(password_hash("password"), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
}

class MariaDbTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "sandboxes are made by root";
    region_ = std::make_unique<sandbox::TestRegion>();
    ASSERT_EQ(region_->error, "");
    server_ = std::make_unique<MariaDb>(*region_->runtime, region_->directory() + "/templates");
    if (!server_->version()) GTEST_SKIP() << "no MariaDB here";
    spec_ = {.id = "rds-db-test",
             .data_directory = region_->directory() + "/volumes/test",
             .hostname = "db",
             .log_path = region_->log_path("db"),
             .memory_bytes = uint64_t{1} << 30};
  }

  // The answer of the server, once it answers: at most a minute.
  std::string answer(const std::string& statement) {
    const auto until = clock_.steady() + std::chrono::minutes(1);
    Result<std::string> result = failure("never asked");
    while (clock_.steady() < until && server_->is_running(spec_.id)) {
      if ((result = server_->run(spec_.id, statement))) return *result;
      if (result.error().message.find("(2)") == std::string::npos) break;  // Anything but "no socket yet".
    }
    return "error: " + (result ? *result : result.error().message);
  }
  void start() {
    auto made = server_->make_data(spec_.data_directory);
    ASSERT_TRUE(made) << made.error().message;
    auto started = server_->start(spec_);
    ASSERT_TRUE(started) << started.error().message;
  }

  std::unique_ptr<sandbox::TestRegion> region_;
  std::unique_ptr<MariaDb> server_;
  ServerSpec spec_;
  SystemClock clock_;
};

TEST_F(MariaDbTest, RunsAndRecoversWhatWasCommittedWhenItIsKilled) {
  start();
  EXPECT_EQ(answer("SELECT 1"), "1\n") << region_->log_of("db");
  ASSERT_EQ(
      answer(master_user_statements("admin", password_hash("first word")) + database_statements("shop")), "");
  ASSERT_EQ(answer("CREATE TABLE shop.t (a INT) ENGINE=InnoDB; INSERT INTO shop.t VALUES (42)"), "");
  ASSERT_TRUE(region_->runtime->kill(spec_.id, SIGKILL));
  region_->wait_for_exit(spec_.id);
  start();
  EXPECT_EQ(answer("SELECT a FROM shop.t"), "42\n") << region_->log_of("db");
  ASSERT_TRUE(server_->stop(spec_.id));
  EXPECT_FALSE(server_->is_running(spec_.id));
}

TEST_F(MariaDbTest, KnowsNobodyButItsAdministratorAndTheMasterUser) {
  start();
  ASSERT_EQ(answer(master_user_statements("admin", password_hash("first word"))), "");
  EXPECT_EQ(answer("SELECT user, host FROM mysql.user ORDER BY 1, 2"),
            "admin\t%\nmariadb.sys\tlocalhost\nroot\tlocalhost\n");
  EXPECT_EQ(
      answer("SELECT Super_priv, File_priv, Shutdown_priv, Grant_priv FROM mysql.user WHERE user = 'admin'"),
      "N\tN\tN\tY\n");
  ASSERT_EQ(answer(password_statements("admin", password_hash("second word"))), "");
  EXPECT_EQ(
      answer("SELECT authentication_string = PASSWORD('second word') FROM mysql.user WHERE user = 'admin'"),
      "1\n");
}

}  // namespace
}  // namespace holm::rds

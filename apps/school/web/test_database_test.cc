// A MariaDB of its own for tests. Built into the test program only, hence the file's name.

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "web/test_database.h"

namespace school {

namespace {

kit::DatabaseOptions administrator(const std::string& folder) {
  kit::DatabaseOptions options{.socket = folder + "/socket", .user = "root"};
  options.reconnect_seconds = 20;
  return options;
}

}  // namespace

std::optional<TestDatabase> TestDatabase::start() {
  char name[] = "/tmp/school-test-XXXXXX";
  if (mkdtemp(name) == nullptr) return std::nullopt;
  std::string folder = name;
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  std::string user = geteuid() == 0 ? "--user=mysql " : "";
  std::string install = "mariadb-install-db --no-defaults " + user + "--datadir=" + folder +
                        "/data --auth-root-authentication-method=normal --skip-test-db "
                        ">/dev/null 2>&1";
  if (std::system(install.c_str()) != 0) return std::nullopt;
  std::string command = "exec mariadbd --no-defaults " + user + "--datadir=" + folder +
                        "/data --socket=" + folder +
                        "/socket --skip-networking --innodb-buffer-pool-size=32M >/dev/null 2>&1";
  char shell[] = "/bin/sh";
  char flag[] = "-c";
  char* arguments[] = {shell, flag, command.data(), nullptr};
  pid_t process = 0;
  if (posix_spawn(&process, shell, nullptr, nullptr, arguments, environ) != 0) return std::nullopt;
  TestDatabase server(folder, process);
  // The second try of a read waits until the server answers.
  kit::Database(administrator(folder)).read("SELECT 1");
  return server;
}

TestDatabase::TestDatabase(TestDatabase&& other) noexcept
    : folder_(std::exchange(other.folder_, "")), process_(std::exchange(other.process_, 0)) {}

TestDatabase::~TestDatabase() {
  if (process_ == 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  std::filesystem::remove_all(folder_);
}

kit::DatabaseOptions TestDatabase::make(const std::string& name) const {
  kit::DatabaseOptions options = administrator(folder_);
  kit::Connection(options).run("CREATE DATABASE " + name + " CHARACTER SET utf8mb4");
  options.name = name;
  return options;
}

}  // namespace school

// MariaDB servers in sandboxes: their data directories, start, control and end.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace holm::sandbox {
class Runtime;
}

namespace holm::rds {

struct ServerSpec {
  std::string id;              // The sandbox's: "rds-" and the instance's resource id in small letters.
  std::string data_directory;  // On the host; made by MariaDb::make_data.
  std::string hostname;
  std::string address;
  std::string interface_id;  // Empty: no network, for tests.
  std::string log_path;
  uint16_t port = 3306;
  uint64_t memory_bytes = 0;
  unsigned vcpus = 1;
};

// All calls block; job threads only. Any of them.
class MariaDb final {
 public:
  // `directory` is where the template of new data directories is kept.
  MariaDb(sandbox::Runtime& runtime, std::string directory);

  // An error, which says so, when this machine has no MariaDB.
  static Result<void> is_installed();
  // The version that runs, as the program says ("10.11.19"); an error when the machine has no MariaDB.
  Result<std::string> version() const;

  // Makes the data of an empty server at `path`, at once or not at all; what exists is left alone.
  Result<void> make_data(const std::string& path);
  // The same, of the data at `source` that no server uses: a snapshot.
  Result<void> copy_data(const std::string& source, const std::string& path);

  // A server that crashed is started again over its data, which it recovers.
  Result<void> start(const ServerSpec& spec);
  bool is_running(const std::string& id) const;
  // Runs statements as the server's own administrator and returns what they print, tab-separated.
  Result<std::string> run(const std::string& id, const std::string& statements);
  // What the server counts, by the names of SHOW GLOBAL STATUS; an error when it has not answered within seconds.
  Result<std::map<std::string, double>> status(const std::string& id);
  // In good order; nothing of the sandbox is left, the data is.
  Result<void> stop(const std::string& id);

 private:
  Result<std::string> run_client(const std::string& id, const std::string& statements,
                                 std::vector<std::string> args);
  Result<void> make_template(const std::string& path);

  sandbox::Runtime& runtime_;
  std::string directory_;
  std::mutex making_template_;
  std::mutex copying_;
};

// What MariaDB itself keeps of a password ("*" and 40 digits): enough to check it, not to know it.
// https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/
std::string password_hash(const std::string& password);

// The statements that give a new server its master user and first database, or a new password.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html
std::string master_user_statements(const std::string& user, const std::string& hash);
std::string password_statements(const std::string& user, const std::string& hash);
std::string database_statements(const std::string& name);

}  // namespace holm::rds

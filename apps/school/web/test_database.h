// A MariaDB of its own for tests, in a temporary folder.
#pragma once

#include <optional>
#include <string>

#include "kit/mysql.h"

namespace school {

class TestDatabase {
 public:
  // Nothing when the server's programs are not installed or do not start.
  static std::optional<TestDatabase> start();
  TestDatabase(TestDatabase&& other) noexcept;
  ~TestDatabase();

  // An empty database of that name.
  kit::DatabaseOptions make(const std::string& name) const;

 private:
  TestDatabase(std::string folder, int process) : folder_(std::move(folder)), process_(process) {}

  std::string folder_;
  int process_ = 0;
};

}  // namespace school

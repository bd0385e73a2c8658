// What the program is told by its environment.
#pragma once

#include <expected>
#include <string>

#include "kit/mysql.h"
#include "kit/s3.h"

namespace school {

struct Config {
  int port = 5000;
  kit::DatabaseOptions writer;
  kit::DatabaseOptions reader;
  std::string school_name;
  std::string media_bucket;
  std::string callback_secret;
  kit::S3Options s3;
  bool is_demo = false;
  std::string demo_password;  // Empty: each demonstration account gets a random one.
};

// The error names the variable that is missing or wrong.
std::expected<Config, std::string> read_config();

}  // namespace school

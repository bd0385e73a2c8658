// Generated from schema.sql; do not edit.

#include "sample/migrations.h"

namespace holm::sample {

std::vector<sql::Migration> migrations() {
  return {
      {.number = 1, .statements =
         "CREATE TABLE sample_box (name TEXT PRIMARY KEY, \"odd\\name\" TEXT);\012"},
      {.number = 2, .statements =
         "CREATE INDEX sample_owner ON sample_box (name);\012"},
  };
}

std::string_view tables() {
  return
         "CREATE TABLE sample_box (name TEXT PRIMARY KEY, \"odd\\name\" TEXT);\012"
         "CREATE INDEX sample_owner ON sample_box (name);\012";
}

}  // namespace holm::sample

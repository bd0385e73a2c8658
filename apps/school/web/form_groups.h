// Years and the classes in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kit/mysql.h"
#include "web/roles.h"

namespace school {

struct FormGroup {
  std::int64_t id = 0;
  std::string name;
  std::string grade_level;
  std::string teacher;  // Empty when it has none.
  std::int64_t pupils = 0;
  std::int64_t portraits = 0;  // Approved, in the year's yearbook.
};

struct FormGroupInput {
  std::string name;
  std::int64_t grade_level_id = 0;
  std::int64_t teacher_id = 0;  // 0: none yet.
};

class FormGroups final {
 public:
  explicit FormGroups(kit::Database& database) : database_(database) {}

  // Of the open year, in the order of grade levels.
  std::vector<FormGroup> list();
  // For the office; throws 400, 403, 409 (name taken).
  std::int64_t create(const Viewer& viewer, const FormGroupInput& input);

 private:
  kit::Database& database_;
};

}  // namespace school

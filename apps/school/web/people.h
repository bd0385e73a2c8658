// People: pupils, staff, guardians; who may see whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kit/mysql.h"
#include "web/roles.h"

namespace school {

struct Person {
  std::int64_t id = 0;
  std::string first_name;
  std::string last_name;
  std::string email;
  std::string phone;
  std::string birth_date;  // 2011-04-30, or empty.
  bool has_photo_consent = false;
  std::string state;
  std::string form_group;        // Of the open year; empty when in none.
  std::int64_t form_group_id = 0;
};

struct Guardian {
  std::string name;
  std::string relation;
  std::string phone;
  std::string email;
};

struct PeopleFilter {
  std::int64_t form_group_id = 0;  // 0: any.
  std::string search;
  int page = 1;
};

struct PeoplePage {
  std::vector<Person> people;
  std::int64_t total = 0;
};

constexpr int kPeoplePerPage = 50;

// What a POST or PATCH may set; unset members stay as they are.
struct PersonChange {
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  std::optional<std::string> phone;
  std::optional<std::string> birth_date;
  std::optional<bool> has_photo_consent;
  std::optional<std::int64_t> form_group_id;
};

class People final {
 public:
  explicit People(kit::Database& database) : database_(database) {}

  // Those enrolled in the open year whom the viewer may see: all for the office, the own classes
  // for a teacher, the own children for a guardian, oneself for a pupil.
  PeoplePage list(const Viewer& viewer, const PeopleFilter& filter);
  // Throws 404 for nobody, 403 for somebody the viewer may not see.
  Person require(const Viewer& viewer, std::int64_t id);
  std::vector<Guardian> guardians(std::int64_t student_id);

  // For the office; throws 400, 403, 404, 409 (e-mail taken).
  std::int64_t create(const Viewer& viewer, const PersonChange& input);
  void change(const Viewer& viewer, std::int64_t id, const PersonChange& input);

 private:
  kit::Database& database_;
};

}  // namespace school

// A demonstration school for an empty database.

#include "web/demo.h"

#include <fmt/format.h>

#include <vector>

#include "kit/crypto.h"
#include "kit/log.h"
#include "web/demo_names.h"
#include "web/migrations.h"

namespace school {

namespace {

struct DemoClass {
  const char* name;
  int grade;
};

constexpr DemoClass kClasses[] = {{"5a", 5}, {"5b", 5}, {"6a", 6}, {"6b", 6}, {"7a", 7}, {"7b", 7}};
constexpr std::size_t kPupilsPerClass = 20;

std::int64_t add_person(kit::Connection& connection, const DemoName& name,
                        const std::optional<std::string>& birth_date, int consent) {
  connection.run(
      "INSERT INTO person (first_name, last_name, birth_date, consent_photo) VALUES (?, ?, ?, ?)",
      {name.first, name.last, birth_date, consent});
  return connection.inserted_id();
}

void add_contact(kit::Connection& connection, std::int64_t person, int number) {
  connection.run("UPDATE person SET email = ?, phone = ? WHERE id = ?",
                 {fmt::format("family{}@example.org", number),
                  fmt::format("+49 30 5550 {:04}", 100 + number * 7), person});
}

void add_account(kit::Connection& connection, std::int64_t person, const std::string& login,
                 const std::string& role, const std::string& password) {
  bool is_random = password.empty();
  std::string secret = is_random ? kit::hex(kit::random_bytes(8)) : password;
  connection.run("INSERT INTO account (person_id, login, pw_hash) VALUES (?, ?, ?)",
                 {person, login, kit::hash_password(secret)});
  // A pupil has the role without an account, too.
  connection.run("INSERT IGNORE INTO account_role (person_id, role) VALUES (?, ?)",
                 {person, role});
  if (is_random) {
    kit::log_line(fmt::format("demonstration account: login {}, password {}", login, secret));
  }
}

// The school year that holds today: it begins on the first of August.
std::int64_t add_year(kit::Connection& connection) {
  auto rows = connection.run(
      "SELECT YEAR(CURRENT_DATE) - (MONTH(CURRENT_DATE) < 8) AS starts_in");
  std::int64_t year = rows.at(0).number("starts_in");
  std::string name = fmt::format("{}/{:02}", year, (year + 1) % 100);
  connection.run(
      "INSERT INTO school_year (id, name, starts_on, ends_on, state) VALUES (?, ?, ?, ?, 'open')",
      {year, name, fmt::format("{}-08-01", year), fmt::format("{}-07-31", year + 1)});
  connection.run("INSERT INTO yearbook (year_id, title, state) VALUES (?, ?, 'collecting')",
                 {year, fmt::format("Yearbook {}", name)});
  return year;
}

std::vector<std::int64_t> add_classes(kit::Connection& connection, std::int64_t year) {
  std::vector<std::int64_t> groups;
  for (std::size_t i = 0; i < std::size(kClasses); ++i) {
    std::string grade = fmt::format("Grade {}", kClasses[i].grade);
    connection.run("INSERT IGNORE INTO grade_level (name, sort) VALUES (?, ?)",
                   {grade, kClasses[i].grade});
    std::int64_t teacher = add_person(connection, demo_teachers()[i], std::nullopt, 1);
    connection.run(
        "INSERT INTO form_group (name, sort, year_id, grade_level_id, teacher_id) "
        "SELECT ?, ?, ?, id, ? FROM grade_level WHERE name = ?",
        {kClasses[i].name, kClasses[i].grade, year, teacher, grade});
    groups.push_back(connection.inserted_id());
  }
  return groups;
}

void add_guardian(kit::Connection& connection, std::int64_t student, const DemoName& child,
                  int number) {
  static constexpr const char* kFirstNames[] = {"Anna",  "Karim", "Julia", "Peter", "Maria",
                                                "David", "Lena",  "José",  "Amina", "Mark"};
  std::int64_t guardian =
      add_person(connection, {kFirstNames[number % 10], child.last}, std::nullopt, 0);
  add_contact(connection, guardian, number);
  connection.run("INSERT INTO account_role (person_id, role) VALUES (?, 'guardian')", {guardian});
  connection.run(
      "INSERT INTO guardian_link (student_id, guardian_id, relation) VALUES (?, ?, ?)",
      {student, guardian, number % 2 == 0 ? "Mother" : "Father"});
}

// Every nineteenth pupil has no consent for a portrait, so that the rule can be seen.
void add_pupil(kit::Connection& connection, std::int64_t year, std::int64_t group, int number) {
  const DemoName& name = demo_pupils()[static_cast<std::size_t>(number)];
  int grade = kClasses[static_cast<std::size_t>(number) / kPupilsPerClass].grade;
  std::string birth_date = fmt::format("{}-{:02}-{:02}", year - grade - 6, 1 + number * 5 % 12,
                                       1 + number * 7 % 28);
  std::int64_t student = add_person(connection, name, birth_date, number % 19 == 11 ? 0 : 1);
  connection.run("INSERT INTO account_role (person_id, role) VALUES (?, 'student')", {student});
  connection.run(
      "INSERT INTO student_enrolment (person_id, year_id, grade_level_id, form_group_id, "
      "entry_on) SELECT ?, year_id, grade_level_id, id, ? FROM form_group WHERE id = ?",
      {student, fmt::format("{}-08-01", year), group});
  add_guardian(connection, student, name, number);
  if (number % 3 != 0) return;
  const DemoSaying& saying =
      demo_sayings()[static_cast<std::size_t>(number / 3) % demo_sayings().size()];
  connection.run(
      "INSERT INTO yb_entry (yearbook_id, student_id, quote, clubs) "
      "SELECT id, ?, ?, ? FROM yearbook WHERE year_id = ?",
      {student, saying.quote, saying.clubs, year});
}

void add_accounts(kit::Connection& connection, const std::string& password) {
  constexpr DemoName kAdmin{"Ingrid", "Falk"};
  constexpr DemoName kOffice{"Robert", "Mbeki"};
  constexpr DemoName kEditor{"Paula", "Winter"};
  add_account(connection, add_person(connection, kAdmin, std::nullopt, 0), "admin", "admin",
              password);
  add_account(connection, add_person(connection, kOffice, std::nullopt, 0), "office", "office",
              password);
  add_account(connection, add_person(connection, kEditor, std::nullopt, 0), "editor", "editor",
              password);
  auto first_class = connection.run(
      "SELECT teacher_id, (SELECT MIN(person_id) FROM student_enrolment "
      "WHERE form_group_id = form_group.id) AS student FROM form_group ORDER BY id LIMIT 1");
  add_account(connection, first_class.at(0).number("teacher_id"), "teacher", "teacher", password);
  add_account(connection, first_class.at(0).number("student"), "pupil", "student", password);
}

}  // namespace

void seed_demonstration(const kit::DatabaseOptions& options, const std::string& password) {
  kit::Connection connection(options);
  take_lock(connection, "school_demonstration");
  if (!connection.run("SELECT 1 FROM account LIMIT 1").empty()) return;
  connection.run("START TRANSACTION");
  std::int64_t year = add_year(connection);
  std::vector<std::int64_t> groups = add_classes(connection, year);
  for (std::size_t i = 0; i < demo_pupils().size(); ++i) {
    add_pupil(connection, year, groups[i / kPupilsPerClass], static_cast<int>(i));
  }
  add_accounts(connection, password);
  connection.run("COMMIT");
  kit::log_line("database: made the demonstration school");
}

}  // namespace school

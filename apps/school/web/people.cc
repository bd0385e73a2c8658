// People: pupils, staff, guardians; who may see whom.

#include "web/people.h"

#include <ctime>

#include "kit/web.h"

namespace school {

namespace {

using kit::HttpError;

constexpr char kColumns[] =
    "SELECT person.id, first_name, last_name, email, phone, birth_date, consent_photo, "
    "person.state, COALESCE(form_group.name, '') AS form_group, "
    "COALESCE(form_group.id, 0) AS form_group_id ";

constexpr char kSources[] =
    "FROM person LEFT JOIN school_year ON school_year.state = 'open' "
    "LEFT JOIN student_enrolment ON student_enrolment.person_id = person.id "
    "AND student_enrolment.year_id = school_year.id "
    "LEFT JOIN form_group ON form_group.id = student_enrolment.form_group_id ";

Person person_of(const kit::Row& row) {
  return {.id = row.number("id"),
          .first_name = row.text("first_name"),
          .last_name = row.text("last_name"),
          .email = row.text("email"),
          .phone = row.text("phone"),
          .birth_date = row.text("birth_date"),
          .has_photo_consent = row.is_true("consent_photo"),
          .state = row.text("state"),
          .form_group = row.text("form_group"),
          .form_group_id = row.number("form_group_id")};
}

struct Condition {
  std::string sql;
  std::vector<kit::Argument> arguments;
};

// The one rule of who sees whom, as SQL.
Condition visible_to(const Viewer& viewer) {
  if (viewer.is_office()) return {.sql = "TRUE", .arguments = {}};
  Condition condition{.sql = "(person.id = ?", .arguments = {viewer.person_id}};
  if (viewer.has(Role::Teacher)) {
    condition.sql += " OR form_group.teacher_id = ?";
    condition.arguments.emplace_back(viewer.person_id);
  }
  if (viewer.has(Role::Guardian)) {
    condition.sql +=
        " OR person.id IN (SELECT student_id FROM guardian_link WHERE guardian_id = ? "
        "AND can_view)";
    condition.arguments.emplace_back(viewer.person_id);
  }
  condition.sql += ")";
  return condition;
}

std::string like_pattern(const std::string& search) {
  std::string pattern = "%";
  for (char c : search) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

bool is_date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%d", &parts);
  if (text.size() != 10 || end == nullptr || *end != '\0') return false;
  int day = parts.tm_mday;
  timegm(&parts);
  return parts.tm_mday == day;
}

void check_name(const std::optional<std::string>& name, const char* field) {
  if (name && (name->empty() || name->size() > 80)) {
    throw HttpError(400, "invalid", "A name has 1 to 80 characters.", field);
  }
}

void check(const PersonChange& input) {
  check_name(input.first_name, "first_name");
  check_name(input.last_name, "last_name");
  if (input.email && !input.email->empty() &&
      (input.email->size() > 190 || input.email->find('@') == std::string::npos)) {
    throw HttpError(400, "invalid", "That is no e-mail address.", "email");
  }
  if (input.phone && input.phone->size() > 40) {
    throw HttpError(400, "invalid", "A number has at most 40 characters.", "phone");
  }
  if (input.birth_date && !input.birth_date->empty() && !is_date(*input.birth_date)) {
    throw HttpError(400, "invalid", "A date looks like 2011-04-30.", "birth_date");
  }
}

kit::Argument text_or_null(const std::optional<std::string>& text) {
  return text && !text->empty() ? kit::Argument(*text) : kit::Argument(kit::Null{});
}

void enrol(kit::Connection& connection, std::int64_t person_id, std::int64_t form_group_id) {
  connection.run(
      "INSERT INTO student_enrolment (person_id, year_id, grade_level_id, form_group_id, "
      "entry_on) SELECT ?, year_id, grade_level_id, id, CURRENT_DATE FROM form_group "
      "WHERE id = ? ON DUPLICATE KEY UPDATE form_group_id = VALUES(form_group_id), "
      "grade_level_id = VALUES(grade_level_id)",
      {person_id, form_group_id});
  if (connection.affected_rows() == 0) {
    throw HttpError(400, "invalid", "There is no such class.", "form_group_id");
  }
}

void audit(kit::Connection& connection, const Viewer& viewer, const char* action,
           std::int64_t person_id) {
  connection.run("INSERT INTO audit_log (actor, action, object) VALUES (?, ?, ?)",
                 {viewer.person_id, action, "person/" + std::to_string(person_id)});
}

void require_office(const Viewer& viewer) {
  if (!viewer.is_office()) throw HttpError(403, "forbidden", "Only the office may do that.");
}

[[noreturn]] void throw_email_taken() {
  throw HttpError(409, "conflict", "Somebody has this e-mail address already.", "email");
}

}  // namespace

PeoplePage People::list(const Viewer& viewer, const PeopleFilter& filter) {
  Condition condition = visible_to(viewer);
  condition.sql = "WHERE person.state = 'active' AND student_enrolment.id IS NOT NULL AND " +
                  condition.sql;
  if (filter.form_group_id != 0) {
    condition.sql += " AND form_group.id = ?";
    condition.arguments.emplace_back(filter.form_group_id);
  }
  if (!filter.search.empty()) {
    condition.sql += " AND CONCAT(first_name, ' ', last_name) LIKE ?";
    condition.arguments.emplace_back(like_pattern(filter.search));
  }
  auto count = database_.read(std::string("SELECT COUNT(*) AS n ") + kSources + condition.sql,
                              condition.arguments);
  PeoplePage page{.people = {}, .total = count.at(0).number("n")};
  condition.arguments.emplace_back(kPeoplePerPage);
  condition.arguments.emplace_back((filter.page - 1) * kPeoplePerPage);
  auto rows = database_.read(std::string(kColumns) + kSources + condition.sql +
                                 " ORDER BY form_group.sort, form_group.name, last_name, "
                                 "first_name, person.id LIMIT ? OFFSET ?",
                             condition.arguments);
  for (const kit::Row& row : rows) page.people.push_back(person_of(row));
  return page;
}

Person People::require(const Viewer& viewer, std::int64_t id) {
  Condition visible = visible_to(viewer);
  visible.arguments.emplace_back(id);
  auto rows = database_.read(std::string(kColumns) + ", " + visible.sql + " AS is_visible " +
                                 kSources + "WHERE person.id = ?",
                             visible.arguments);
  if (rows.empty()) throw HttpError(404, "not_found", "There is no such person.");
  if (!rows[0].is_true("is_visible")) {
    throw HttpError(403, "forbidden", "This record is not yours to see.");
  }
  return person_of(rows[0]);
}

std::vector<Guardian> People::guardians(std::int64_t student_id) {
  auto rows = database_.read(
      "SELECT CONCAT(first_name, ' ', last_name) AS name, relation, "
      "COALESCE(guardian_link.phone, person.phone) AS phone, "
      "COALESCE(guardian_link.email, person.email) AS email "
      "FROM guardian_link JOIN person ON person.id = guardian_id WHERE student_id = ? "
      "ORDER BY guardian_link.id",
      {student_id});
  std::vector<Guardian> guardians;
  for (const kit::Row& row : rows) {
    guardians.push_back({.name = row.text("name"),
                         .relation = row.text("relation"),
                         .phone = row.text("phone"),
                         .email = row.text("email")});
  }
  return guardians;
}

std::int64_t People::create(const Viewer& viewer, const PersonChange& input) {
  require_office(viewer);
  check(input);
  if (!input.first_name) throw HttpError(400, "invalid", "Needed.", "first_name");
  if (!input.last_name) throw HttpError(400, "invalid", "Needed.", "last_name");
  try {
    return database_.transaction([&](kit::Connection& connection) {
      connection.run(
          "INSERT INTO person (first_name, last_name, email, phone, birth_date, consent_photo) "
          "VALUES (?, ?, ?, ?, ?, ?)",
          {*input.first_name, *input.last_name, text_or_null(input.email),
           text_or_null(input.phone), text_or_null(input.birth_date),
           static_cast<int>(input.has_photo_consent.value_or(false))});
      std::int64_t id = connection.inserted_id();
      if (input.form_group_id) enrol(connection, id, *input.form_group_id);
      audit(connection, viewer, "create", id);
      return id;
    });
  } catch (const kit::DatabaseError& error) {
    if (error.is_duplicate()) throw_email_taken();
    throw;
  }
}

void People::change(const Viewer& viewer, std::int64_t id, const PersonChange& input) {
  require_office(viewer);
  check(input);
  std::string assignments;
  std::vector<kit::Argument> arguments;
  auto assign = [&](const char* assignment, kit::Argument argument) {
    if (!assignments.empty()) assignments += ", ";
    assignments += assignment;
    arguments.push_back(std::move(argument));
  };
  if (input.first_name) assign("first_name = ?", *input.first_name);
  if (input.last_name) assign("last_name = ?", *input.last_name);
  if (input.email) assign("email = ?", text_or_null(input.email));
  if (input.phone) assign("phone = ?", text_or_null(input.phone));
  if (input.birth_date) assign("birth_date = ?", text_or_null(input.birth_date));
  if (input.has_photo_consent) {
    assign("consent_photo = ?", static_cast<int>(*input.has_photo_consent));
  }
  if (assignments.empty()) assignments = "id = id";
  arguments.emplace_back(id);
  try {
    database_.transaction([&](kit::Connection& connection) {
      connection.run("UPDATE person SET " + assignments + " WHERE id = ?", arguments);
      if (connection.affected_rows() == 0) {
        throw HttpError(404, "not_found", "There is no such person.");
      }
      if (input.form_group_id) enrol(connection, id, *input.form_group_id);
      audit(connection, viewer, "change", id);
    });
  } catch (const kit::DatabaseError& error) {
    if (error.is_duplicate()) throw_email_taken();
    throw;
  }
}

}  // namespace school

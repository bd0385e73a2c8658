// Years and the classes in them.

#include "web/form_groups.h"

#include "kit/web.h"

namespace school {

namespace {

using kit::HttpError;

}  // namespace

std::vector<FormGroup> FormGroups::list() {
  auto rows = database_.read(
      "SELECT form_group.id, form_group.name, grade_level.name AS grade_level, "
      "COALESCE(CONCAT(teacher.first_name, ' ', teacher.last_name), '') AS teacher, "
      "COUNT(student_enrolment.id) AS pupils, "
      "COALESCE(SUM(yb_entry.state = 'approved'), 0) AS portraits "
      "FROM form_group JOIN school_year ON school_year.id = form_group.year_id "
      "JOIN grade_level ON grade_level.id = form_group.grade_level_id "
      "LEFT JOIN person AS teacher ON teacher.id = form_group.teacher_id "
      "LEFT JOIN student_enrolment ON student_enrolment.form_group_id = form_group.id "
      "LEFT JOIN yearbook ON yearbook.year_id = school_year.id "
      "LEFT JOIN yb_entry ON yb_entry.yearbook_id = yearbook.id "
      "AND yb_entry.student_id = student_enrolment.person_id "
      "WHERE school_year.state = 'open' "
      "GROUP BY form_group.id, form_group.name, grade_level.name, teacher.first_name, "
      "teacher.last_name, form_group.sort ORDER BY form_group.sort, form_group.name");
  std::vector<FormGroup> groups;
  for (const kit::Row& row : rows) {
    groups.push_back({.id = row.number("id"),
                      .name = row.text("name"),
                      .grade_level = row.text("grade_level"),
                      .teacher = row.text("teacher"),
                      .pupils = row.number("pupils"),
                      .portraits = row.number("portraits")});
  }
  return groups;
}

std::int64_t FormGroups::create(const Viewer& viewer, const FormGroupInput& input) {
  if (!viewer.is_office()) throw HttpError(403, "forbidden", "Only the office may do that.");
  if (input.name.empty() || input.name.size() > 40) {
    throw HttpError(400, "invalid", "A class's name has 1 to 40 characters.", "name");
  }
  kit::Argument teacher =
      input.teacher_id == 0 ? kit::Argument(kit::Null{}) : kit::Argument(input.teacher_id);
  try {
    return database_.transaction([&](kit::Connection& connection) {
      connection.run(
          "INSERT INTO form_group (name, sort, year_id, grade_level_id, teacher_id) "
          "SELECT ?, grade_level.sort, school_year.id, grade_level.id, ? "
          "FROM school_year JOIN grade_level ON grade_level.id = ? "
          "WHERE school_year.state = 'open'",
          {input.name, teacher, input.grade_level_id});
      if (connection.affected_rows() == 0) {
        throw HttpError(400, "invalid", "There is no such grade level, or no open year.",
                        "grade_level_id");
      }
      return connection.inserted_id();
    });
  } catch (const kit::DatabaseError& error) {
    if (error.is_duplicate()) {
      throw HttpError(409, "conflict", "The year has a class of this name already.", "name");
    }
    if (error.code == 1452) {
      throw HttpError(400, "invalid", "There is no such person.", "teacher_id");
    }
    throw;
  }
}

}  // namespace school

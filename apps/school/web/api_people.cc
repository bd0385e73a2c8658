// /people and /form-groups.

#include <algorithm>

#include "web/api.h"
#include "web/api_json.h"
#include "web/school.h"

namespace school {

namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json json_of(const Person& person) {
  return {{"id", person.id},
          {"first_name", person.first_name},
          {"last_name", person.last_name},
          {"email", text_or_null(person.email)},
          {"phone", text_or_null(person.phone)},
          {"birth_date", text_or_null(person.birth_date)},
          {"consent_photo", person.has_photo_consent},
          {"state", person.state},
          {"form_group", text_or_null(person.form_group)},
          {"form_group_id", person.form_group_id == 0 ? Json() : Json(person.form_group_id)}};
}

PersonChange read_change(const kit::Request& request) {
  Json input = read_object(request);
  return {.first_name = text_member(input, "first_name"),
          .last_name = text_member(input, "last_name"),
          .email = text_member(input, "email"),
          .phone = text_member(input, "phone"),
          .birth_date = text_member(input, "birth_date"),
          .has_photo_consent = bool_member(input, "consent_photo"),
          .form_group_id = number_member(input, "form_group_id")};
}

kit::Response list_people(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  PeopleFilter filter{.form_group_id = query_number(request, "class", 0),
                      .search = request.query_value("q"),
                      .page = static_cast<int>(
                          std::clamp<std::int64_t>(query_number(request, "page", 1), 1, 100'000))};
  PeoplePage page = school.people.list(viewer, filter);
  Json people = Json::array();
  for (const Person& person : page.people) people.push_back(json_of(person));
  return json_response({{"people", people},
                        {"total", page.total},
                        {"page", filter.page},
                        {"per_page", kPeoplePerPage}});
}

kit::Response show_person(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  return json_response(json_of(school.people.require(viewer, request.id_parameter("id"))));
}

kit::Response create_person(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  std::int64_t id = school.people.create(viewer, read_change(request));
  return json_response(json_of(school.people.require(viewer, id)), 201);
}

kit::Response change_person(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  std::int64_t id = request.id_parameter("id");
  school.people.change(viewer, id, read_change(request));
  return json_response(json_of(school.people.require(viewer, id)));
}

kit::Response list_form_groups(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  if (!viewer.is_staff() && !viewer.is_editor()) {
    throw kit::HttpError(403, "forbidden", "Only staff may see the list of classes.");
  }
  Json groups = Json::array();
  for (const FormGroup& group : school.form_groups.list()) {
    groups.push_back({{"id", group.id},
                      {"name", group.name},
                      {"grade_level", group.grade_level},
                      {"teacher", text_or_null(group.teacher)},
                      {"pupils", group.pupils}});
  }
  return json_response(groups);
}

kit::Response create_form_group(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_writer(request);
  Json input = read_object(request);
  std::int64_t id = school.form_groups.create(
      viewer, {.name = text_member(input, "name").value_or(""),
               .grade_level_id = number_member(input, "grade_level_id").value_or(0),
               .teacher_id = number_member(input, "teacher_id").value_or(0)});
  return json_response({{"id", id}}, 201);
}

}  // namespace

void add_people_api(kit::Routes& routes, School& school) {
  auto bind = [&school](auto function) {
    return [&school, function](const kit::Request& request) { return function(school, request); };
  };
  routes.add("GET", "/api/v1/people", bind(list_people));
  routes.add("POST", "/api/v1/people", bind(create_person));
  routes.add("GET", "/api/v1/people/{id}", bind(show_person));
  routes.add("PATCH", "/api/v1/people/{id}", bind(change_person));
  routes.add("GET", "/api/v1/form-groups", bind(list_form_groups));
  routes.add("POST", "/api/v1/form-groups", bind(create_form_group));
}

}  // namespace school

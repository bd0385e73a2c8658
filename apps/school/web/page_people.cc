// Pupils by class, and the record of one.

#include <fmt/format.h>

#include <algorithm>

#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

using kit::Html;
using kit::html;

std::int64_t number_or_zero(const std::string& text) {
  std::int64_t number = 0;
  for (char c : text.substr(0, 9)) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + (c - '0');
  }
  return number;
}

Html person_row(const Person& person) {
  return html(
      "<tr><td><a class=\"person\" href=\"/pupils/{}\">{}<span>{} <strong>{}</strong></span></a>"
      "</td><td><span class=\"pill\">{}</span></td><td class=\"wide\">{}</td>"
      "<td class=\"wide\">{}</td></tr>",
      {person.id, kit::avatar(person.first_name, person.last_name), person.first_name,
       person.last_name, person.form_group, person.birth_date,
       person.has_photo_consent ? "Yes" : "No"});
}

Html pages_of(const PeoplePage& page, const PeopleFilter& filter) {
  std::int64_t last = (page.total + kPeoplePerPage - 1) / kPeoplePerPage;
  if (last <= 1) return {};
  auto link = [&](const char* label, std::int64_t number) {
    return html("<a class=\"button\" href=\"/pupils?class={}&q={}&page={}\">{}</a>",
                {filter.form_group_id, kit::percent_encode(filter.search), number, label});
  };
  Html links;
  if (filter.page > 1) links += link("← Previous", filter.page - 1);
  links += html("<span class=\"muted\">Page {} of {}</span>", {filter.page, last});
  if (filter.page < last) links += link("Next →", filter.page + 1);
  return html("<nav class=\"pages\" aria-label=\"Pages\">{}</nav>", {links});
}

kit::Response list_pupils(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  if (!viewer.is_staff()) {
    throw kit::HttpError(403, "forbidden", "Only staff may see the list of pupils.");
  }
  PeopleFilter filter{
      .form_group_id = number_or_zero(request.query_value("class")),
      .search = request.query_value("q"),
      .page = std::max(1, static_cast<int>(number_or_zero(request.query_value("page"))))};
  PeoplePage page = school.people.list(viewer, filter);
  Html rows;
  for (const Person& person : page.people) rows += person_row(person);
  Html content = heading("Pupils", "Pupils by class", html("{} pupils", {page.total}));
  content += html(
      "<form class=\"search\" role=\"search\" action=\"/pupils\">"
      "<label class=\"hidden\" for=\"q\">Search pupils</label>"
      "<input id=\"q\" type=\"search\" name=\"q\" value=\"{}\" placeholder=\"Search by name\">"
      "<input type=\"hidden\" name=\"class\" value=\"{}\"><button>Search</button></form>",
      {filter.search, filter.form_group_id});
  content += class_choice(school, "/pupils", filter.form_group_id);
  if (page.people.empty()) {
    content += Html("<p class=\"empty\">Nobody here goes by that name.</p>");
  } else {
    content += html(
        "<div class=\"card table\"><table><thead><tr><th>Name</th><th>Class</th>"
        "<th class=\"wide\">Born</th><th class=\"wide\">Photo consent</th></tr></thead>"
        "<tbody>{}</tbody></table></div>",
        {rows});
  }
  content += pages_of(page, filter);
  return show_page(school, viewer, "Pupils", "/pupils", content);
}

Html fact(const char* label, const std::string& value) {
  return html("<div><dt>{}</dt><dd>{}</dd></div>", {label, value.empty() ? "–" : value.c_str()});
}

Html guardian_list(School& school, std::int64_t student) {
  Html items;
  for (const Guardian& guardian : school.people.guardians(student)) {
    items += html(
        "<li><strong>{}</strong> <span class=\"muted\">{}</span><br>"
        "<a href=\"tel:{}\">{}</a> · <a href=\"mailto:{}\">{}</a></li>",
        {guardian.name, guardian.relation, guardian.phone, guardian.phone, guardian.email,
         guardian.email});
  }
  if (items.empty()) items = Html("<li class=\"muted\">None on record.</li>");
  return html("<section class=\"card\"><h2>Guardians</h2><ul class=\"plain-list\">{}</ul>"
              "</section>",
              {items});
}

Html consent_form(const Person& person) {
  return html(
      "<form data-api=\"PATCH /api/v1/people/{}\"><input type=\"hidden\" data-type=\"bool\" "
      "name=\"consent_photo\" value=\"{}\"><button>{}</button></form>",
      {person.id, person.has_photo_consent ? "false" : "true",
       person.has_photo_consent ? "Withdraw photo consent" : "Record photo consent"});
}

kit::Response show_pupil(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  Person person = school.people.require(viewer, request.id_parameter("id"));
  Html facts = fact("Class", person.form_group);
  facts += fact("Born", person.birth_date);
  facts += fact("E-mail", person.email);
  facts += fact("Telephone", person.phone);
  facts += fact("Photo consent", person.has_photo_consent ? "Given" : "Not given");
  Html content = html(
      "<div class=\"record-head\">{}<div><p class=\"above\">Pupil · class {}</p>"
      "<h1>{} {}</h1></div></div>",
      {kit::avatar(person.first_name, person.last_name), person.form_group, person.first_name,
       person.last_name});
  Html record = html("<section class=\"card\"><h2>Information</h2>"
                     "<dl class=\"facts\">{}</dl>{}</section>",
                     {facts, kit::when(viewer.is_office(), consent_form(person))});
  record += guardian_list(school, person.id);
  content += html("<div class=\"columns\">{}</div>", {record});
  return show_page(school, viewer, person.first_name + " " + person.last_name, "/pupils", content);
}

}  // namespace

void add_people_pages(kit::Routes& routes, School& school) {
  routes.add("GET", "/pupils",
             [&school](const kit::Request& request) { return list_pupils(school, request); });
  routes.add("GET", "/pupils/{id}",
             [&school](const kit::Request& request) { return show_pupil(school, request); });
}

}  // namespace school

// The yearbook's grid, the editors' queue, and the cards both draw anew when an entry changes.

#include <fmt/format.h>

#include <charconv>

#include "kit/clock.h"
#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

using kit::Html;
using kit::html;
using kit::HttpError;

std::int64_t chosen_class(const kit::Request& request) {
  std::string text = request.query_value("class");
  std::int64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

kit::Response show_grid(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  Yearbook yearbook = school.yearbooks.require(request.id_parameter("y"));
  std::string base = fmt::format("/yearbook/{}", yearbook.year);
  EntryFilter filter{.form_group_id = chosen_class(request), .search = request.query_value("q")};
  std::vector<Entry> entries = school.yearbooks.list(viewer, yearbook.year, filter);
  Html cards;
  for (const Entry& entry : entries) cards += grid_card(entry, viewer);
  std::string below = yearbook.is_published()
                          ? "Published"
                          : "Portraits appear here by themselves as they are approved.";
  Html content = heading("School year " + yearbook.year_name, yearbook.title, html("{}", {below}));
  content += html(
      "<form class=\"search\" role=\"search\" action=\"{}\">"
      "<label class=\"hidden\" for=\"q\">Search the yearbook</label>"
      "<input id=\"q\" type=\"search\" name=\"q\" value=\"{}\" placeholder=\"Search by name\" "
      "data-filters=\"#entries\">{}<button>Search</button></form>",
      {base, filter.search,
       kit::when(filter.form_group_id != 0,
                 html("<input type=\"hidden\" name=\"class\" value=\"{}\">",
                      {filter.form_group_id}))});
  content += class_choice(school, base, filter.form_group_id);
  content += html(
      "<div class=\"grid\" id=\"entries\" data-events=\"/api/v1/yearbook/{}/events\">{}</div>"
      "<p class=\"empty\" data-nothing{}>Nobody here goes by that name.</p>",
      {yearbook.year, cards, entries.empty() ? Html() : Html(" hidden")});
  return show_page(school, viewer, yearbook.title, base, content);
}

Html publish_form(const Yearbook& yearbook) {
  if (yearbook.is_published()) return Html("<p class=\"muted\">This yearbook is published.</p>");
  return html(
      "<details class=\"publish\"><summary class=\"button\">Publish the yearbook…</summary>"
      "<form data-api=\"POST /api/v1/yearbook/{}/publish\"><p>Entries do not change after "
      "that.</p><button class=\"danger\">Publish now</button></form></details>",
      {yearbook.year});
}

kit::Response show_queue(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  if (!viewer.is_editor()) throw HttpError(403, "forbidden", "Only editors may open this page.");
  Yearbook yearbook = school.yearbooks.require(request.id_parameter("y"));
  Html cards;
  for (const Entry& entry : school.yearbooks.list(viewer, yearbook.year, {.state = "ready"})) {
    cards += review_card(entry);
  }
  Html content = heading(yearbook.title, "Review",
                         Html("Approve a portrait, or tell the pupil what to do better."));
  content += html(
      "<div class=\"queue\" data-events=\"/api/v1/yearbook/{}/events\" data-queue=\"ready\">{}"
      "</div><p class=\"empty\"{}>Nothing waits for you. New portraits appear here by "
      "themselves.</p>{}",
      {yearbook.year, cards, cards.empty() ? Html() : Html(" hidden"), publish_form(yearbook)});
  std::string address = fmt::format("/yearbook/{}/review", yearbook.year);
  return show_page(school, viewer, "Review", address, content);
}

kit::Response show_card(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  Entry entry = school.yearbooks.require_entry(viewer, request.id_parameter("y"),
                                               request.id_parameter("student"));
  std::string kind = request.query_value("as");
  if (kind == "grid") return kit::html_response(grid_card(entry, viewer));
  if (!entry.is_open_to(viewer)) throw HttpError(403, "forbidden", "This entry is not yours.");
  if (kind == "panel") return kit::html_response(portrait_panel(entry, viewer));
  if (kind == "review" && viewer.is_editor()) return kit::html_response(review_card(entry));
  throw HttpError(404, "not_found", "There is no such card.");
}

kit::Response show_picture(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  kit::Response response = kit::redirect(
      school.photos.address(viewer, request.id_parameter("y"), request.id_parameter("student"),
                            request.parameter("copy"), kit::unix_seconds()),
      302);
  response.headers.emplace_back("Cache-Control", "private, max-age=240");
  return response;
}

kit::Response show_current(School& school, const kit::Request& request) {
  school.sessions.require_viewer(request);
  auto yearbook = school.yearbooks.find_current();
  if (!yearbook) throw HttpError(404, "not_found", "There is no yearbook yet.");
  return kit::redirect(fmt::format("/yearbook/{}", yearbook->year));
}

}  // namespace

void add_yearbook_pages(kit::Routes& routes, School& school) {
  auto bind = [&school](auto function) {
    return [&school, function](const kit::Request& request) { return function(school, request); };
  };
  routes.add("GET", "/yearbook", bind(show_current));
  routes.add("GET", "/yearbook/{y}", bind(show_grid));
  routes.add("GET", "/yearbook/{y}/review", bind(show_queue));
  routes.add("GET", "/yearbook/{y}/{student}/card", bind(show_card));
  routes.add("GET", "/yearbook/{y}/{student}/{copy}", bind(show_picture));
}

}  // namespace school

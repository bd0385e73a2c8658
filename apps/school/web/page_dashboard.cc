// The first page after signing in: what this person would want to see or do next.

#include <fmt/format.h>

#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

using kit::Html;
using kit::html;

Html figure(std::int64_t number, const char* label, const std::string& address) {
  if (address.empty()) {
    return html("<div class=\"figure\"><b>{}</b><span>{}</span></div>", {number, label});
  }
  return html("<a class=\"figure\" href=\"{}\"><b>{}</b><span>{}</span></a>",
              {address, number, label});
}

Html progress_of_classes(const std::vector<FormGroup>& groups, const std::string& base) {
  Html rows;
  for (const FormGroup& group : groups) {
    std::int64_t percent = group.pupils == 0 ? 0 : group.portraits * 100 / group.pupils;
    rows += html(
        "<a class=\"class-row\" href=\"{}?class={}\"><strong>{}</strong>"
        "<span class=\"muted\">{}</span>"
        "<progress max=\"{}\" value=\"{}\" aria-label=\"Portraits of {}\">{}%</progress>"
        "<span class=\"count\">{} of {}</span></a>",
        {base, group.id, group.name, group.teacher, group.pupils, group.portraits, group.name,
         percent, group.portraits, group.pupils});
  }
  return html("<section class=\"card\"><h2>Portraits by class</h2>{}</section>", {rows});
}

const char* next_step(const Entry& entry) {
  if (entry.state == "approved") return "Your portrait is in the yearbook.";
  if (entry.state == "ready") return "Your portrait waits for the editors.";
  if (entry.state == "processing" || entry.state == "uploaded") {
    return "Your portrait is being prepared.";
  }
  if (entry.state == "rejected") return "Your portrait was not accepted. See why and try again.";
  return "The yearbook has no portrait of you yet. It takes a minute.";
}

Html own_entry(School& school, const Viewer& viewer, const Yearbook& yearbook) {
  Entry entry = school.yearbooks.require_entry(viewer, yearbook.year, viewer.person_id);
  return html(
      "<a class=\"card invite\" href=\"/yearbook/{}/mine\">{}<div><h2>My yearbook entry</h2>"
      "<p>{}</p></div></a>",
      {yearbook.year, portrait(entry, viewer, "thumb"), next_step(entry)});
}

Html yearbook_figures(School& school, const Viewer& viewer, const Yearbook& yearbook,
                      const std::string& base) {
  YearbookCounts counts = school.yearbooks.counts(yearbook.year);
  std::string review = viewer.is_editor() ? base + "/review" : "";
  Html figures = figure(counts.approved, "portraits in the yearbook", base);
  figures += figure(counts.ready, "waiting for the editors", review);
  figures += figure(counts.missing, "still missing", "");
  if (counts.bytes_saved > 0) {
    figures += html("<div class=\"figure\"><b>{}</b><span>saved by compression</span></div>",
                    {kit::byte_text(counts.bytes_saved)});
  }
  return html("<div class=\"figures\">{}</div>", {figures});
}

kit::Response show_dashboard(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  auto yearbook = school.yearbooks.find_current();
  Html content = heading(yearbook ? "School year " + yearbook->year_name : "No open school year",
                         "Hello, " + viewer.first_name, Html());
  if (yearbook) {
    std::string base = fmt::format("/yearbook/{}", yearbook->year);
    if (viewer.has(Role::Student)) content += own_entry(school, viewer, *yearbook);
    content += yearbook_figures(school, viewer, *yearbook, base);
    if (viewer.is_staff() || viewer.is_editor()) {
      content += progress_of_classes(school.form_groups.list(), base);
    }
  }
  return show_page(school, viewer, "Home", "/", content);
}

}  // namespace

void add_dashboard_page(kit::Routes& routes, School& school) {
  routes.add("GET", "/",
             [&school](const kit::Request& request) { return show_dashboard(school, request); });
}

}  // namespace school

// "My entry": the portrait's upload, quote, clubs, and whether to be in the yearbook at all.

#include <fmt/format.h>

#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

using kit::Html;
using kit::html;

Html upload_form(const Entry& entry, const Yearbook& yearbook) {
  if (yearbook.is_published()) {
    return Html("<p class=\"muted\">This yearbook is published; portraits are closed.</p>");
  }
  if (!entry.has_person_consent) {
    return Html("<p class=\"alert\">The school has no consent for a portrait on record. The "
                "office can help.</p>");
  }
  return html(
      "<form class=\"upload\" data-upload=\"/api/v1/yearbook/{}/entries/{}/photo\" "
      "data-bytes-max=\"{}\"><label class=\"drop\"><input type=\"file\" "
      "accept=\"image/jpeg,image/png,image/webp\"><span class=\"drop-text\"><b>Choose a "
      "portrait</b> or drop it here</span><span class=\"muted\">JPEG, PNG or WebP, up to 15 MB. "
      "Location data is removed.</span></label><progress max=\"100\" value=\"0\" hidden "
      "aria-label=\"Upload\"></progress><p class=\"upload-status\" role=\"status\"></p></form>",
      {entry.year, entry.student, kPhotoBytesMax});
}

Html words_form(const Entry& entry, const Yearbook& yearbook) {
  Html disabled = kit::when(yearbook.is_published(), Html(" disabled"));
  return html(
      "<form class=\"card\" data-api=\"PATCH /api/v1/yearbook/{}/entries/{}\" data-stay "
      "data-said=\"Saved.\"><fieldset{}><h2>Words</h2>"
      "<label>Quote<textarea name=\"quote\" rows=\"2\" maxlength=\"200\">{}</textarea></label>"
      "<label>Clubs<input name=\"clubs\" maxlength=\"200\" value=\"{}\"></label>"
      "<label class=\"check\"><input type=\"checkbox\" name=\"consent\"{}> "
      "Show this entry in the yearbook</label>"
      "<button class=\"primary\">Save</button></fieldset></form>",
      {entry.year, entry.student, disabled, entry.quote, entry.clubs,
       kit::when(entry.wants_in, Html(" checked"))});
}

kit::Response show_entry(School& school, const Viewer& viewer, std::int64_t year,
                         std::int64_t student, const std::string& current) {
  require_own_entry(viewer, student);
  Yearbook yearbook = school.yearbooks.require(year);
  Entry entry = school.yearbooks.require_entry(viewer, year, student);
  bool is_own = viewer.person_id == student;
  std::string title = is_own ? "My entry" : entry.first_name + " " + entry.last_name;
  Html content = heading(yearbook.title, title, html("Class {}", {entry.form_group}));
  content += html(
      "<div class=\"columns\" data-events=\"/api/v1/yearbook/{}/events\">"
      "<section class=\"card\"><h2>Portrait</h2>{}{}</section>{}</div>",
      {year, portrait_panel(entry, viewer), upload_form(entry, yearbook),
       words_form(entry, yearbook)});
  return show_page(school, viewer, title, current, content);
}

kit::Response show_mine(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  std::int64_t year = request.id_parameter("y");
  return show_entry(school, viewer, year, viewer.person_id,
                    fmt::format("/yearbook/{}/mine", year));
}

kit::Response show_one(School& school, const kit::Request& request) {
  Viewer viewer = school.sessions.require_viewer(request);
  std::int64_t year = request.id_parameter("y");
  return show_entry(school, viewer, year, request.id_parameter("student"),
                    fmt::format("/yearbook/{}", year));
}

}  // namespace

void add_entry_pages(kit::Routes& routes, School& school) {
  routes.add("GET", "/yearbook/{y}/mine",
             [&school](const kit::Request& request) { return show_mine(school, request); });
  routes.add("GET", "/yearbook/{y}/{student}",
             [&school](const kit::Request& request) { return show_one(school, request); });
}

}  // namespace school

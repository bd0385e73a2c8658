// How one entry of the yearbook is drawn in the grid, in the queue and on the pupil's own page.

#include <fmt/format.h>

#include "web/pages.h"

namespace school {

namespace {

using kit::Html;
using kit::html;

std::string name_of(const Entry& entry) { return entry.first_name + " " + entry.last_name; }

// Where this drawing is fetched anew when the entry changes.
std::string card_address(const Entry& entry, const char* kind) {
  return fmt::format("/yearbook/{}/{}/card?as={}", entry.year, entry.student, kind);
}

struct StateText {
  const char* state;
  const char* label;
  const char* tone;
};

const StateText& text_of(const std::string& state) {
  static constexpr StateText kTexts[] = {{"none", "No portrait yet", "calm"},
                                         {"uploaded", "Processing", "busy"},
                                         {"processing", "Processing", "busy"},
                                         {"ready", "Waiting for the editors", "wait"},
                                         {"approved", "In the yearbook", "good"},
                                         {"rejected", "Not accepted", "bad"},
                                         {"failed", "Something went wrong", "bad"}};
  for (const StateText& text : kTexts) {
    if (state == text.state) return text;
  }
  return kTexts[0];
}

Html state_badge(const Entry& entry) {
  const StateText& text = text_of(entry.state);
  return html("<span class=\"badge {}\">{}</span>", {text.tone, text.label});
}

Html savings(const Entry& entry) {
  if (entry.bytes_out <= 0 || entry.bytes_in <= 0) return {};
  std::int64_t percent = 100 - entry.bytes_out * 100 / entry.bytes_in;
  return html(
      "<p class=\"savings\"><b>{}</b> became <b>{}</b> <span class=\"muted\">({}% smaller, in {} "
      "ms)</span></p>",
      {kit::byte_text(entry.bytes_in), kit::byte_text(entry.bytes_out), percent < 0 ? 0 : percent,
       entry.milliseconds});
}

}  // namespace

Html portrait(const Entry& entry, const Viewer& viewer, const std::string& copy) {
  if (!entry.shows_portrait_to(viewer)) return kit::avatar(entry.first_name, entry.last_name);
  return html("<img src=\"/yearbook/{}/{}/{}.jpg?v={}\" alt=\"{}\" loading=\"lazy\">",
              {entry.year, entry.student, copy, entry.version, name_of(entry)});
}

Html grid_card(const Entry& entry, const Viewer& viewer) {
  bool shows_state = entry.is_open_to(viewer) && entry.state != "none" && entry.state != "approved";
  Html picture = portrait(entry, viewer, "web");
  Html badge = kit::when(shows_state, state_badge(entry));
  Html quote = kit::when(!entry.quote.empty(),
                         html("<blockquote>{}</blockquote>", {entry.quote}));
  Html name = entry.is_open_to(viewer)
                  ? html("<a href=\"/yearbook/{}/{}\">{}</a>",
                         {entry.year, entry.student, name_of(entry)})
                  : html("{}", {name_of(entry)});
  return html(
      "<figure class=\"entry\" data-entry=\"{}\" data-card=\"{}\" data-name=\"{}\">"
      "<div class=\"frame\">{}{}</div><figcaption><strong>{}</strong>"
      "<span class=\"pill\">{}</span>{}</figcaption></figure>",
      {entry.student, card_address(entry, "grid"), name_of(entry), picture, badge, name,
       entry.form_group, quote});
}

Html review_card(const Entry& entry) {
  Viewer editor{.roles = {Role::Editor}};
  std::string base = fmt::format("/api/v1/yearbook/{}/entries/{}", entry.year, entry.student);
  if (entry.state != "ready") {
    return html(
        "<article class=\"review done\" data-entry=\"{}\" data-card=\"{}\">"
        "<div class=\"frame\">{}</div><div class=\"review-body\"><h2>{}</h2>{}</div></article>",
        {entry.student, card_address(entry, "review"), portrait(entry, editor, "web"),
         name_of(entry), state_badge(entry)});
  }
  return html(
      "<article class=\"review\" data-entry=\"{}\" data-card=\"{}\"><div class=\"frame\">{}</div>"
      "<div class=\"review-body\"><h2>{} <span class=\"pill\">{}</span></h2>{}{}"
      "<form data-api=\"POST {}/approve\" data-stay><button class=\"primary\">Approve</button>"
      "</form><details class=\"reject\"><summary class=\"button\">Reject…</summary>"
      "<form data-api=\"POST {}/reject\" data-stay><label>Why, for the pupil to read"
      "<input name=\"reason\" required maxlength=\"200\" "
      "placeholder=\"Please look at the camera\"></label>"
      "<button class=\"danger\">Reject portrait</button></form></details></div></article>",
      {entry.student, card_address(entry, "review"), portrait(entry, editor, "web"),
       name_of(entry), entry.form_group,
       kit::when(!entry.quote.empty(), html("<blockquote>{}</blockquote>", {entry.quote})),
       savings(entry), base, base});
}

Html portrait_panel(const Entry& entry, const Viewer& viewer) {
  bool is_busy = entry.state == "processing" || entry.state == "uploaded";
  Html busy = kit::when(is_busy, Html("<div class=\"working\" role=\"status\"><i></i>"
                                      "Preparing your portrait…</div>"));
  Html reason = kit::when(!entry.reason.empty(),
                          html("<p class=\"alert\" role=\"alert\">{}</p>", {entry.reason}));
  return html(
      "<div class=\"panel\" data-entry=\"{}\" data-card=\"{}\" aria-live=\"polite\">"
      "<div class=\"frame large\">{}{}</div><div class=\"panel-text\">{}{}{}</div></div>",
      {entry.student, card_address(entry, "panel"), portrait(entry, viewer, "web"), busy,
       state_badge(entry), reason, savings(entry)});
}

}  // namespace school

// What all pages have in common: frame, navigation, footer, stylesheet.

#include <fmt/format.h>

#include "embedded_kit.h"
#include "kit/crypto.h"
#include "web/pages.h"
#include "web/school.h"

namespace school {

namespace {

using kit::Html;
using kit::html;

// The address changes with the content, so browsers may keep it for ever.
std::string asset_address(const char* name, std::string_view content) {
  return fmt::format("/assets/{}?v={}", name, kit::hex(kit::sha256(content)).substr(0, 12));
}

Html footer(const School& school) {
  return html(
      "<span>{}</span><span class=\"where\">Served by <b>{}</b> in <b>{}</b> · version {}</span>",
      {school.config.school_name, school.instance.instance, school.instance.zone, kVersion});
}

kit::Shell shell(const School& school, const std::string& title) {
  return {.title = title,
          .product = school.config.school_name,
          .footer = footer(school),
          .style_address = asset_address("style.css", kit::kStyleCss),
          .script_address = asset_address("live.js", kit::kLiveJs)};
}

std::string roles_text(const Viewer& viewer) {
  std::string text;
  for (Role role : viewer.roles) {
    if (!text.empty()) text += ", ";
    text += role_name(role);
  }
  return text;
}

kit::Response asset(std::string_view content, const char* type) {
  return {.content_type = type,
          .body = std::string(content),
          .headers = {{"Cache-Control", "public, max-age=31536000, immutable"}}};
}

}  // namespace

std::vector<kit::NavigationEntry> navigation(School& school, const Viewer& viewer,
                                             const std::string& current) {
  std::vector<kit::NavigationEntry> entries{{.label = "Home", .address = "/"}};
  if (viewer.is_staff()) entries.push_back({.label = "Pupils", .address = "/pupils"});
  auto yearbook = school.yearbooks.find_current();
  if (yearbook) {
    std::string base = fmt::format("/yearbook/{}", yearbook->year);
    entries.push_back({.label = "Yearbook", .address = base});
    if (viewer.has(Role::Student)) {
      entries.push_back({.label = "My entry", .address = base + "/mine"});
    }
    if (viewer.is_editor()) entries.push_back({.label = "Review", .address = base + "/review"});
  }
  for (kit::NavigationEntry& entry : entries) entry.is_current = entry.address == current;
  return entries;
}

kit::Response show_page(School& school, const Viewer& viewer, const std::string& title,
                        const std::string& current, const Html& content) {
  kit::Shell frame = shell(school, title);
  frame.navigation = navigation(school, viewer, current);
  frame.csrf_token = viewer.csrf_token;
  frame.account = html(
      "<details class=\"menu\"><summary aria-label=\"Account of {} {}\">{}</summary>"
      "<div class=\"menu-body\"><strong>{} {}</strong><span>{}</span>"
      "<form data-api=\"DELETE /api/v1/sessions/current\" data-then=\"/login\">"
      "<button class=\"quiet\">Sign out</button></form></div></details>",
      {viewer.first_name, viewer.last_name, kit::avatar(viewer.first_name, viewer.last_name),
       viewer.first_name, viewer.last_name, roles_text(viewer)});
  return kit::html_response(kit::page(frame, content));
}

kit::Response show_plain_page(School& school, const std::string& title, const Html& content,
                              int status) {
  kit::Shell frame = shell(school, title);
  frame.body_class = "plain";
  return kit::html_response(kit::page(frame, content), status);
}

Html heading(const std::string& above, const std::string& title, const Html& below) {
  return html("<div class=\"heading\"><p class=\"above\">{}</p><h1>{}</h1>"
              "<p class=\"below\">{}</p></div>",
              {above, title, below});
}

Html class_choice(School& school, const std::string& base, std::int64_t chosen) {
  auto link = [&](const std::string& label, std::int64_t id) {
    std::string address = id == 0 ? base : fmt::format("{}?class={}", base, id);
    Html current = id == chosen ? Html(" aria-current=\"true\"") : Html();
    return html("<a class=\"chip\" href=\"{}\"{}>{}</a>", {address, current, label});
  };
  Html links = link("All classes", 0);
  for (const FormGroup& group : school.form_groups.list()) links += link(group.name, group.id);
  return html("<nav class=\"chips\" aria-label=\"Classes\">{}</nav>", {links});
}

void add_assets(kit::Routes& routes) {
  routes.add("GET", "/assets/style.css",
             [](const kit::Request&) { return asset(kit::kStyleCss, "text/css"); });
  routes.add("GET", "/assets/live.js",
             [](const kit::Request&) { return asset(kit::kLiveJs, "text/javascript"); });
  routes.add("GET", "/assets/logo.svg",
             [](const kit::Request&) { return asset(kit::kLogoSvg, "image/svg+xml"); });
}

}  // namespace school

// The pages. Each is drawn on the server; the small script live.js adds uploads and live changes.
#pragma once

#include <string>
#include <vector>

#include "kit/shell.h"
#include "kit/web.h"
#include "web/roles.h"
#include "web/yearbook.h"

namespace school {

struct School;

void add_login_pages(kit::Routes& routes, School& school);
void add_dashboard_page(kit::Routes& routes, School& school);
void add_people_pages(kit::Routes& routes, School& school);
void add_yearbook_pages(kit::Routes& routes, School& school);
void add_entry_pages(kit::Routes& routes, School& school);
void add_assets(kit::Routes& routes);

// What the viewer may open; `current` is the path of the page shown.
std::vector<kit::NavigationEntry> navigation(School& school, const Viewer& viewer,
                                             const std::string& current);

// A whole page for somebody signed in.
kit::Response show_page(School& school, const Viewer& viewer, const std::string& title,
                        const std::string& current, const kit::Html& content);
// The same for nobody: the login and errors.
kit::Response show_plain_page(School& school, const std::string& title, const kit::Html& content,
                              int status);

// The head of a page: a line above, the title, a line below.
kit::Html heading(const std::string& above, const std::string& title, const kit::Html& below);

// Links that choose a class; `base` is the address, the chosen one is marked.
kit::Html class_choice(School& school, const std::string& base, std::int64_t chosen);

// A pupil in the grid, in the editors' queue, and on his own page. Each draws itself again when
// the entry changes.
kit::Html grid_card(const Entry& entry, const Viewer& viewer);
kit::Html review_card(const Entry& entry);
kit::Html portrait_panel(const Entry& entry, const Viewer& viewer);

// The portrait, or initials on a colour.
kit::Html portrait(const Entry& entry, const Viewer& viewer, const std::string& copy);

}  // namespace school

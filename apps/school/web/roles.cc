// Who is asking, and what the rules let that person do.

#include "web/roles.h"

#include <algorithm>
#include <utility>

namespace school {

namespace {

constexpr std::pair<Role, std::string_view> kNames[] = {
    {Role::Admin, "admin"},     {Role::Office, "office"},     {Role::Teacher, "teacher"},
    {Role::Student, "student"}, {Role::Guardian, "guardian"}, {Role::Editor, "editor"}};

}  // namespace

std::string_view role_name(Role role) {
  for (const auto& [value, name] : kNames) {
    if (value == role) return name;
  }
  return "";
}

bool Viewer::has(Role role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

std::vector<Role> parse_roles(std::string_view comma_separated) {
  std::vector<Role> roles;
  while (!comma_separated.empty()) {
    std::size_t comma = comma_separated.find(',');
    std::string_view word = comma_separated.substr(0, comma);
    for (const auto& [value, name] : kNames) {
      if (name == word) roles.push_back(value);
    }
    comma_separated = comma == std::string_view::npos ? std::string_view()
                                                      : comma_separated.substr(comma + 1);
  }
  return roles;
}

}  // namespace school

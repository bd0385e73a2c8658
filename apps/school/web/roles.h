// Who is asking, and what the rules let that person do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace school {

enum class Role { Admin, Office, Teacher, Student, Guardian, Editor };

std::string_view role_name(Role role);

// A signed-in person. Every rule about rights is a member, so that they are read in one place.
struct Viewer {
  std::int64_t person_id = 0;
  std::int64_t account_id = 0;
  std::string first_name;
  std::string last_name;
  std::string login;
  std::vector<Role> roles;
  std::string csrf_token;

  bool has(Role role) const;
  // Reads and writes every person.
  bool is_office() const { return has(Role::Admin) || has(Role::Office); }
  // Sees classes as a whole.
  bool is_staff() const { return is_office() || has(Role::Teacher); }
  // Decides about portraits.
  bool is_editor() const { return has(Role::Admin) || has(Role::Editor); }
};

// Of "admin,teacher"; unknown words are left out.
std::vector<Role> parse_roles(std::string_view comma_separated);

}  // namespace school

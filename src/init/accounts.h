// Users and groups from /etc/passwd and /etc/group: a static program cannot ask the C library for them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::init {

// As whom a program runs.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> additional_groups;
  std::string name;
  std::string home = "/";
  std::string shell = "/bin/sh";
};

struct AccountFiles {
  std::string passwd;
  std::string group;
};
AccountFiles read_account_files(const std::string& root = "");

// Names or numbers; an empty user is root, an empty group the user's own. The user's other groups come along.
Result<Identity> find_identity(const AccountFiles& files, const std::string& user, const std::string& group,
                               const std::vector<std::string>& additional_groups);

// The name of a user id, or the number.
std::string user_name(const AccountFiles& files, uid_t user);

}  // namespace holm::init

// Reading the files of accounts.

#include "init/accounts.h"

#include <algorithm>

#include "base/strings.h"
#include "init/files.h"

namespace holm::init {

namespace {

constexpr long long kIdMax = 65535;

std::optional<unsigned> parse_id(std::string_view text) {
  auto number = parse_integer(text);
  if (!number || *number < 0 || *number > kIdMax) return std::nullopt;
  return static_cast<unsigned>(*number);
}

// The line of a colon-separated file whose first field, or third (the number), is `wanted`.
std::vector<std::string_view> find_line(std::string_view text, std::string_view wanted, size_t fields_min) {
  const auto number = parse_id(wanted);
  std::vector<std::string_view> by_number;
  for (std::string_view line : split(text, '\n')) {
    std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < fields_min) continue;
    if (fields[0] == wanted) return fields;
    if (number && by_number.empty() && parse_id(fields[2]) == number) by_number = std::move(fields);
  }
  return by_number;
}

Result<gid_t> find_group(const AccountFiles& files, const std::string& name) {
  const auto line = find_line(files.group, name, 4);
  const auto id = line.empty() ? parse_id(name) : parse_id(line[2]);
  if (!id) return failure("there is no group " + name);
  return *id;
}

}  // namespace

AccountFiles read_account_files(const std::string& root) {
  return {.passwd = read_text(root + "/etc/passwd").value_or(""),
          .group = read_text(root + "/etc/group").value_or("")};
}

Result<Identity> find_identity(const AccountFiles& files, const std::string& user, const std::string& group,
                               const std::vector<std::string>& additional_groups) {
  Identity identity;
  if (!user.empty()) {
    const auto line = find_line(files.passwd, user, 7);
    const auto id = line.empty() ? parse_id(user) : parse_id(line[2]);
    const auto own_group = line.empty() ? id : parse_id(line[3]);
    if (!id || !own_group) return failure("there is no user " + user);
    identity.user = *id;
    identity.group = *own_group;
    identity.name = line.empty() ? user : std::string(line[0]);
    if (!line.empty() && !line[5].empty()) identity.home = line[5];
    if (!line.empty() && !line[6].empty()) identity.shell = line[6];
    for (std::string_view text : split(files.group, '\n')) {
      const auto fields = split(text, ':');
      if (fields.size() < 4 || !parse_id(fields[2])) continue;
      const auto members = split(fields[3], ',');
      if (std::ranges::find(members, identity.name) == members.end()) continue;
      identity.additional_groups.push_back(*parse_id(fields[2]));
    }
  }
  if (!group.empty()) {
    auto found = find_group(files, group);
    if (!found) return std::unexpected(found.error());
    identity.group = *found;
  }
  for (const std::string& name : additional_groups) {
    auto found = find_group(files, name);
    if (!found) return std::unexpected(found.error());
    identity.additional_groups.push_back(*found);
  }
  return identity;
}

std::string user_name(const AccountFiles& files, uid_t user) {
  const auto line = find_line(files.passwd, std::to_string(user), 7);
  return line.empty() ? std::to_string(user) : std::string(line[0]);
}

}  // namespace holm::init

// Reading /proc.

#include "init/processes.h"

#include <dirent.h>

#include <map>

#include "base/strings.h"
#include "init/files.h"

namespace holm::init {

namespace {

constexpr int kDepthMax = 4096;

}  // namespace

pid_t parent_of(pid_t process) {
  const auto text = read_text("/proc/" + std::to_string(process) + "/stat", 4096);
  if (!text) return 0;
  // The name in front is in parentheses and may hold anything.
  const size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return 0;
  const auto fields = split(std::string_view(*text).substr(name_end + 1), ' ');
  if (fields.size() < 3) return 0;
  return static_cast<pid_t>(parse_integer(fields[2]).value_or(0));
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::multimap<pid_t, pid_t> children;
  DIR* stream = opendir("/proc");
  if (stream == nullptr) return {};
  while (const dirent* entry = readdir(stream)) {
    const auto number = parse_integer(entry->d_name);
    if (number && *number > 0)
      children.emplace(parent_of(static_cast<pid_t>(*number)), static_cast<pid_t>(*number));
  }
  closedir(stream);
  std::vector<pid_t> found{ancestor};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto child = first; child != last; ++child) found.push_back(child->second);
  }
  found.erase(found.begin());
  return found;
}

bool descends_from(pid_t process, pid_t ancestor) {
  for (int depth = 0; process > 1 && depth < kDepthMax; ++depth) {
    if (process == ancestor) return true;
    process = parent_of(process);
  }
  return process == ancestor;
}

std::string process_name(pid_t process) {
  const auto text = read_text("/proc/" + std::to_string(process) + "/comm", 256);
  return text ? std::string(trim(*text)) : "";
}

}  // namespace holm::init

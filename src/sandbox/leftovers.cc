// Looking for what a teardown should have taken away.

#include <fmt/format.h>
#include <net/if.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "base/strings.h"
#include "sandbox/control_groups.h"
#include "sandbox/firewall.h"
#include "sandbox/names.h"
#include "sandbox/runtime.h"

namespace holm::sandbox {

namespace {

namespace fs = std::filesystem;

// Not whoever merely looks at a file there, or called us with the directory's name.
bool is_ours(const fs::path& process) {
  std::error_code error;
  const fs::path program = fs::read_symlink(process / "exe", error);
  if (error) return false;
  const std::string name = program.filename().string();
  if (name == "crun" || name.starts_with("holm")) return true;
  return program.parent_path() == fs::read_symlink("/proc/self/exe", error).parent_path();
}

// Whether a command line names the directory or something in it, and not one whose name only begins so.
bool names_directory(std::string_view line, std::string_view directory) {
  for (size_t at = line.find(directory); at != line.npos; at = line.find(directory, at + 1)) {
    const std::string_view rest = line.substr(at + directory.size());
    if (rest.empty() || rest[0] == '/' || rest[0] == '\0') return true;
  }
  return false;
}

// Processes of ours whose command line names the data directory: the anchor, container runtimes.
void add_processes(const std::string& data_directory, std::vector<std::string>& found) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    auto pid = parse_integer(entry.path().filename().string());
    if (!pid || *pid == ::getpid()) continue;
    auto line = read_file(entry.path() / "cmdline");
    if (!line || !names_directory(*line, data_directory) || !is_ours(entry.path())) continue;
    auto words = split(*line, '\0');
    found.push_back(fmt::format("Process {} ({}) is running.", *pid, words[0]));
  }
}

void add_mounts(const std::string& data_directory, std::vector<std::string>& found) {
  auto text = read_file("/proc/self/mountinfo");
  if (!text) return;
  for (std::string_view line : split(*text, '\n')) {
    auto fields = split(line, ' ');
    if (fields.size() < 5 || !fields[4].starts_with(data_directory + "/")) continue;
    found.push_back(fmt::format("{} is mounted.", fields[4]));
  }
}

void add_control_groups(const std::string& data_directory, std::vector<std::string>& found) {
  ControlGroups groups(data_directory);
  if (groups.parent_exists()) {
    found.push_back(fmt::format("Control group {} exists.", groups.path("")));
  }
  for (const std::string& id : groups.list()) {
    found.push_back(fmt::format("Control group {} exists.", groups.path(id)));
    for (pid_t pid : groups.processes(id)) {
      found.push_back(fmt::format("Process {} of sandbox {} is running.", pid, id));
    }
  }
}

void add_interfaces(const std::string& data_directory, std::vector<std::string>& found) {
  std::string prefix = uplink_prefix(data_directory);
  std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> all(::if_nameindex(),
                                                                          &::if_freenameindex);
  for (auto* each = all.get(); each && each->if_name; ++each) {
    if (std::string_view(each->if_name).starts_with(prefix)) {
      found.push_back(fmt::format("Interface {} exists on the host.", each->if_name));
    }
  }
}

}  // namespace

std::vector<std::string> leftovers(const std::string& data_directory) {
  std::vector<std::string> found;
  add_processes(data_directory, found);
  add_mounts(data_directory, found);
  add_control_groups(data_directory, found);
  add_interfaces(data_directory, found);
  if (host_table_exists(data_directory)) {
    found.push_back("The host's nftables table " + host_table_name(data_directory) + " exists.");
  }
  return found;
}

}  // namespace holm::sandbox

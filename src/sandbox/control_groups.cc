// Control groups through their files.

#include "sandbox/control_groups.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

constexpr char kRoot[] = "/sys/fs/cgroup";
// A killed group is empty within a few milliseconds; a process in an uninterruptible wait may take
// longer.
constexpr int kRemoveAttemptsMax = 500;
constexpr int kRemoveAttemptMilliseconds = 4;
constexpr int kFreezeAttemptsMax = 2500;
constexpr int kFreezeAttemptMilliseconds = 2;

struct Hierarchy {
  std::string path;
  bool is_version_2 = false;
};

std::vector<Hierarchy> mounted_hierarchies() {
  std::vector<Hierarchy> result;
  auto text = read_file("/proc/self/mountinfo");
  if (!text) return result;
  for (std::string_view line : split(*text, '\n')) {
    size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    auto fields = split(line, ' ');
    std::string_view type = split(line.substr(dash + 3), ' ')[0];
    if (!fields[4].starts_with(kRoot) || !type.starts_with("cgroup")) continue;
    result.push_back({std::string(fields[4]), type == "cgroup2"});
  }
  return result;
}

std::optional<uint64_t> read_number(const std::string& path) {
  auto text = read_file(path);
  if (!text) return std::nullopt;
  auto number = parse_integer(trim(*text));
  if (!number || *number < 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

// The number after `key` in a file of "key number" lines.
std::optional<uint64_t> read_entry(const std::string& path, std::string_view key) {
  auto text = read_file(path);
  if (!text) return std::nullopt;
  for (std::string_view line : split(*text, '\n')) {
    auto words = split(line, ' ');
    if (words.size() != 2 || words[0] != key) continue;
    auto number = parse_integer(words[1]);
    if (number) return static_cast<uint64_t>(*number);
  }
  return std::nullopt;
}

void add_processes(const std::string& path, std::set<pid_t>& pids) {
  auto text = read_file(path + "/cgroup.procs");
  if (!text) return;
  for (std::string_view line : split(*text, '\n')) {
    if (auto pid = parse_integer(line)) pids.insert(static_cast<pid_t>(*pid));
  }
}

// Groups that guests made below their own go first.
bool remove_tree(const std::string& path) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (entry.is_directory(error)) remove_tree(entry.path().string());
  }
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

Result<void> make_control_group_view(const std::string& scratch) {
  std::vector<Hierarchy> all = mounted_hierarchies();
  bool has_version_1 = std::ranges::any_of(all, [](const Hierarchy& each) { return !each.is_version_2; });
  bool has_version_2 = std::ranges::any_of(all, [](const Hierarchy& each) { return each.is_version_2; });
  if (!has_version_1 || !has_version_2) return {};
  std::string view = scratch + "/cgroup";
  if (auto made = make_directories(view); !made) return made;
  if (::mount("cgroup", view.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) {
    return failure(system_error("mounting a view of the control groups"));
  }
  for (const Hierarchy& each : all) {
    if (each.is_version_2) continue;
    std::string target = view + "/" + std::filesystem::path(each.path).filename().string();
    ::mkdir(target.c_str(), 0755);
    if (::mount(each.path.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      return failure(system_error("binding " + each.path));
    }
  }
  // Where controllers share a hierarchy ("cpu,cpuacct"), links give each its own name.
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot, error)) {
    if (!entry.is_symlink(error)) continue;
    std::filesystem::copy_symlink(entry.path(), view / entry.path().filename(), error);
  }
  if (::mount(view.c_str(), kRoot, nullptr, MS_MOVE, nullptr) != 0) {
    return failure(system_error("moving the view of the control groups"));
  }
  return {};
}

ControlGroups::ControlGroups(const std::string& data_directory)
    : name_("holm-" + daemon_tag(data_directory)) {
  std::vector<Hierarchy> all = mounted_hierarchies();
  bool has_version_1 = std::ranges::any_of(all, [](const Hierarchy& each) { return !each.is_version_2; });
  is_version_2_ = !all.empty() && !has_version_1;
  for (const Hierarchy& each : all) {
    if (each.is_version_2 == is_version_2_) hierarchies_.push_back(each.path);
  }
}

std::string ControlGroups::path(const std::string& id) const { return "/" + name_ + "/" + id; }

std::string ControlGroups::find(const std::string& controller) const {
  if (is_version_2_) return hierarchies_[0];
  for (const std::string& hierarchy : hierarchies_) {
    std::string last = std::filesystem::path(hierarchy).filename().string();
    for (std::string_view name : split(last, ',')) {
      if (name == controller) return hierarchy;
    }
  }
  return "/nonexistent";
}

std::optional<Usage> ControlGroups::usage(const std::string& id) const {
  Usage usage;
  std::string memory = find("memory") + path(id);
  std::optional<uint64_t> cpu;
  std::optional<uint64_t> used;
  std::optional<uint64_t> cache;
  if (is_version_2_) {
    cpu = read_entry(memory + "/cpu.stat", "usage_usec");
    if (cpu) *cpu *= 1000;
    used = read_number(memory + "/memory.current");
    cache = read_entry(memory + "/memory.stat", "inactive_file");
  } else {
    cpu = read_number(find("cpuacct") + path(id) + "/cpuacct.usage");
    used = read_number(memory + "/memory.usage_in_bytes");
    cache = read_entry(memory + "/memory.stat", "total_inactive_file");
  }
  if (!cpu || !used) return std::nullopt;
  usage.cpu = std::chrono::nanoseconds(*cpu);
  usage.memory_bytes = *used - std::min(*used, cache.value_or(0));
  usage.pids = read_number(find("pids") + path(id) + "/pids.current").value_or(0);
  return usage;
}

bool ControlGroups::ran_out_of_memory(const std::string& id) const {
  const char* file = is_version_2_ ? "/memory.events" : "/memory.oom_control";
  return read_entry(find("memory") + path(id) + file, "oom_kill").value_or(0) > 0;
}

std::vector<pid_t> ControlGroups::processes(const std::string& id) const {
  std::set<pid_t> pids;
  for (const std::string& hierarchy : hierarchies_) add_processes(hierarchy + path(id), pids);
  return {pids.begin(), pids.end()};
}

Result<UndoGuard> ControlGroups::freeze(const std::string& id) const {
  const std::string folder = find("freezer") + path(id);
  const std::string path = folder + (is_version_2_ ? "/cgroup.freeze" : "/freezer.state");
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return failure(system_error(path));
  auto guard = UndoGuard::writes(file.get(), is_version_2_ ? "0" : "THAWED");
  if (!guard) return guard;
  const std::string_view word = is_version_2_ ? "1" : "FROZEN";
  for (int attempt = 0; attempt < kFreezeAttemptsMax; ++attempt) {
    // Version 1 may give up halfway, and is asked again.
    if (::pwrite(file.get(), word.data(), word.size(), 0) < 0) return failure(system_error(path));
    const auto state = read_file(path);
    const bool is_frozen = is_version_2_ ? read_entry(folder + "/cgroup.events", "frozen") == uint64_t{1}
                                         : state && trim(*state) == word;
    if (is_frozen) return guard;
    ::poll(nullptr, 0, kFreezeAttemptMilliseconds);
  }
  return failure(id + " cannot be paused");
}

void ControlGroups::remove(const std::string& id) const {
  for (int attempt = 0; attempt < kRemoveAttemptsMax; ++attempt) {
    for (pid_t pid : processes(id)) ::kill(pid, SIGKILL);
    bool gone = true;
    for (const std::string& hierarchy : hierarchies_) {
      if (!remove_tree(hierarchy + path(id))) gone = false;
    }
    if (gone) return;
    ::poll(nullptr, 0, kRemoveAttemptMilliseconds);
  }
}

std::vector<std::string> ControlGroups::list() const {
  std::set<std::string> ids;
  for (const std::string& hierarchy : hierarchies_) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(hierarchy + "/" + name_, error)) {
      if (entry.is_directory(error)) ids.insert(entry.path().filename().string());
    }
  }
  return {ids.begin(), ids.end()};
}

void ControlGroups::remove_parent() const {
  for (const std::string& hierarchy : hierarchies_) ::rmdir((hierarchy + "/" + name_).c_str());
}

bool ControlGroups::parent_exists() const {
  return std::ranges::any_of(hierarchies_, [&](const std::string& hierarchy) {
    return ::access((hierarchy + "/" + name_).c_str(), F_OK) == 0;
  });
}

}  // namespace holm::sandbox

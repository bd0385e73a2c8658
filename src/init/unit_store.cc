// Finding and reading unit files.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#Unit%20File%20Load%20Path

#include "init/unit_store.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "init/files.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

constexpr int kAliasesMax = 8;
constexpr size_t kDropInsMax = 256;

// What an administrator enabled. What a distribution's packages want for a real machine (consoles, devices,
// loggers) is of no use here, so the .wants folders of /usr are not read.
constexpr const char* kEnabledFolders[] = {"/etc/systemd/system", "/run/systemd/system"};

std::string first_line(const std::string& path) {
  const std::string text = read_text(path, 4096).value_or("");
  return std::string(trim(text.substr(0, text.find('\n'))));
}

std::string host_name() {
  utsname names{};
  uname(&names);
  return names.nodename;
}

std::string kernel_release() {
  utsname names{};
  uname(&names);
  return names.release;
}

// The folder names under which drop-ins for a unit lie: "a-b@c.service", "a-b@.service", "a-.service",
// "service".
std::vector<std::string> drop_in_owners(const std::string& name) {
  std::vector<std::string> owners{name};
  if (const std::string from = template_of(name); !from.empty()) owners.push_back(from);
  const std::string stem(prefix_of(name));
  const std::string suffix = "." + std::string(suffix_of(name));
  for (size_t dash = stem.rfind('-'); dash != std::string::npos && dash > 0;
       dash = stem.rfind('-', dash - 1)) {
    owners.push_back(stem.substr(0, dash + 1) + suffix);
  }
  owners.emplace_back(suffix_of(name));
  return owners;
}

}  // namespace

const std::vector<std::string>& UnitStore::folders() {
  static const std::vector<std::string> kFolders = {"/etc/systemd/system", "/run/systemd/system",
                                                    "/usr/local/lib/systemd/system",
                                                    "/usr/lib/systemd/system"};
  return kFolders;
}

// An empty file masks as a link to /dev/null does.
bool UnitStore::is_masked(const std::string& path) const {
  if (auto target = link_target(root_ + path)) return *target == "/dev/null";
  struct stat status{};
  return stat((root_ + path).c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
}

// Where a file really lies; absolute links begin at the root of the store.
std::string UnitStore::linked_path(std::string path) const {
  for (int i = 0; i < kAliasesMax; ++i) {
    const auto target = link_target(root_ + path);
    if (!target) break;
    path = target->starts_with('/') ? *target : std::string(folder_of(path)) + "/" + *target;
  }
  return root_ + path;
}

std::string UnitStore::find_file(const std::string& name) const {
  for (const std::string& folder : folders()) {
    const std::string path = folder + "/" + name;
    if (link_target(root_ + path) || path_exists(root_ + path)) return path;
  }
  const std::string from = template_of(name);
  return from.empty() ? "" : find_file(from);
}

// Follows links whose target has another name: those are aliases.
std::string UnitStore::real_name(const std::string& name) const {
  std::string current = name;
  for (int i = 0; i < kAliasesMax; ++i) {
    const std::string path = find_file(current);
    const auto target = path.empty() ? std::nullopt : link_target(root_ + path);
    if (!target || *target == "/dev/null") return current;
    std::string next(base_name(*target));
    if (!is_unit_name(next) || next == base_name(path)) return current;
    if (is_template(next)) {
      if (instance_of(current).empty()) return current;
      next = instantiate(next, instance_of(current));
    }
    if (next == current) return current;
    current = next;
  }
  return current;
}

// By file name over all folders, the stronger folder's file hiding the weaker's; applied in the order of
// names.
std::vector<std::string> UnitStore::drop_ins(const std::string& name) const {
  std::map<std::string, std::string> found;
  for (const std::string& owner : drop_in_owners(name)) {
    for (const std::string& folder : folders()) {
      const std::string place = folder + "/" + owner + ".d";
      for (const std::string& file : names_in(root_ + place)) {
        if (file.ends_with(".conf") && found.size() < kDropInsMax) found.emplace(file, place + "/" + file);
      }
    }
  }
  std::vector<std::string> paths;
  for (const auto& [file, path] : found) {
    if (!is_masked(path)) paths.push_back(path);
  }
  return paths;
}

void UnitStore::add_wanted(Unit& unit) const {
  std::vector<std::string> owners{unit.name};
  if (const std::string from = template_of(unit.name); !from.empty()) owners.push_back(from);
  for (const char* folder : kEnabledFolders) {
    for (const std::string& owner : owners) {
      const std::string place = root_ + folder + "/" + owner;
      for (const std::string& name : names_in(place + ".wants")) {
        if (is_unit_name(name)) unit.wants.push_back(name);
      }
      for (const std::string& name : names_in(place + ".requires")) {
        if (is_unit_name(name)) unit.requires_units.push_back(name);
      }
    }
  }
}

Specifiers UnitStore::specifiers_for(const Unit& unit) const {
  return
      [name = unit.name, file = unit.fragment_path, root = root_](char letter) -> std::optional<std::string> {
        const std::string instance(instance_of(name));
        const std::string prefix(prefix_of(name));
        switch (letter) {
          case 'n': return name;
          case 'N': return std::string(stem_of(name));
          case 'p': return prefix;
          case 'P': return unescape_name(prefix);
          case 'i': return instance;
          case 'I': return unescape_name(instance);
          case 'j': return prefix.substr(prefix.rfind('-') + 1);
          case 'J': return unescape_name(prefix.substr(prefix.rfind('-') + 1));
          case 'f': return "/" + unescape_name(instance.empty() ? prefix : instance);
          case 'y': return file;
          case 'Y': return std::string(folder_of(file));
          case 't': return "/run";
          case 'S': return "/var/lib";
          case 'C': return "/var/cache";
          case 'L': return "/var/log";
          case 'E': return "/etc";
          case 'T': return "/tmp";
          case 'V': return "/var/tmp";
          // Of whom init runs as, not of User=.
          case 'h': return "/root";
          case 's': return "/bin/sh";
          case 'u':
          case 'g': return "root";
          case 'U':
          case 'G': return "0";
          case 'H': return host_name();
          case 'l': return host_name().substr(0, host_name().find('.'));
          case 'v': return kernel_release();
          case 'm': return first_line(root + "/etc/machine-id");
          case 'b': return replace_all(first_line("/proc/sys/kernel/random/boot_id"), "-", "");
          default: return std::nullopt;
        }
      };
}

Unit UnitStore::load(const std::string& name) const {
  Unit unit;
  unit.name = real_name(name);
  unit.names = {unit.name};
  if (unit.name != name) unit.names.push_back(name);
  unit.fragment_path = find_file(unit.name);
  const auto& built_in = built_in_units();
  auto own = std::ranges::find(built_in, unit.name, &BuiltInUnit::name);
  // Only the administrator replaces the targets of a boot: a distribution's lead to devices and consoles.
  if (own != built_in.end() && !unit.fragment_path.starts_with("/etc/")) unit.fragment_path.clear();
  const bool is_found = !unit.fragment_path.empty() || own != built_in.end();
  if (!unit.fragment_path.empty() && is_masked(unit.fragment_path)) {
    unit.load_state = LoadState::Masked;
    unit.load_error = "it is masked";
  } else if (!is_found) {
    unit.load_state = LoadState::NotFound;
    unit.load_error = "there is no such unit";
  } else if (is_template(unit.name)) {
    unit.load_state = LoadState::BadSetting;
    unit.load_error = "a template needs an instance: " + std::string(prefix_of(unit.name)) + "@NAME." +
                      std::string(suffix_of(unit.name));
  }
  const Specifiers specifiers = specifiers_for(unit);
  std::optional<std::string> text;
  const bool has_file = unit.load_state != LoadState::Masked && !unit.fragment_path.empty();
  if (has_file) text = read_text(linked_path(unit.fragment_path));
  else if (own != built_in.end()) text = own->text;
  if (text)
    apply_assignments(unit, parse_unit_file(*text, unit.fragment_path), unit.fragment_path, specifiers);
  else if (unit.load_state == LoadState::Loaded) {
    unit.load_state = LoadState::NotFound;
    unit.load_error = unit.fragment_path + " cannot be read";
  }
  unit.drop_in_paths = drop_ins(unit.name);
  for (const std::string& path : unit.drop_in_paths) {
    if (auto more = read_text(root_ + path))
      apply_assignments(unit, parse_unit_file(*more, path), path, specifiers);
  }
  add_wanted(unit);
  check_unit(unit);
  return unit;
}

std::vector<std::string> UnitStore::names() const {
  std::set<std::string> found;
  for (const BuiltInUnit& unit : built_in_units()) found.emplace(unit.name);
  for (const std::string& folder : folders()) {
    for (const std::string& name : names_in(root_ + folder)) {
      if (is_unit_name(name)) found.insert(name);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace holm::init

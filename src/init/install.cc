// Links that enable and mask units.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#%5BInstall%5D%20Section%20Options

#include "init/install.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "init/files.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

constexpr size_t kAlsoMax = 64;

const char* folder_of_lifetime(Lifetime lifetime) {
  return lifetime == Lifetime::Persistent ? "/etc/systemd/system" : "/run/systemd/system";
}

bool is_standard_folder(std::string_view folder) {
  return std::ranges::find(UnitStore::folders(), folder) != UnitStore::folders().end();
}

Result<void> make_link(const UnitStore& store, const std::string& path, const std::string& target,
                       const InstallOptions& options, std::vector<LinkChange>& changes) {
  const std::string place = store.root() + path;
  if (auto made = make_folders(std::string(folder_of(place))); !made) return made;
  if (const auto known = link_target(place)) {
    if (*known == target) return {};
    // A link that leads to the same unit by another path counts as made.
    const bool is_same = base_name(*known) == base_name(target) && path_exists(place);
    if (is_same && options.existing == InstallOptions::Existing::Keep) return {};
    if (options.existing == InstallOptions::Existing::Keep && *known != "/dev/null" && path_exists(place)) {
      return failure("File '" + path + "' already exists and is a symlink to " + *known);
    }
    unlink(place.c_str());
  } else if (path_exists(place)) {
    if (options.existing == InstallOptions::Existing::Keep)
      return failure("File " + path + " already exists.");
    unlink(place.c_str());
  }
  if (symlink(target.c_str(), place.c_str()) != 0) return std::unexpected(system_failure(path));
  changes.push_back({.kind = LinkChange::Kind::Made, .path = path, .target = target});
  return {};
}

void remove_link(const UnitStore& store, const std::string& path, std::vector<LinkChange>& changes) {
  if (!link_target(store.root() + path)) return;
  if (unlink((store.root() + path).c_str()) != 0) return;
  changes.push_back({.kind = LinkChange::Kind::Removed, .path = path, .target = {}});
}

// The instance that a template's links are made for.
Result<std::string> name_to_link(const std::string& name, const Unit& unit) {
  if (!is_template(name)) return name;
  if (unit.install.default_instance.empty()) {
    return failure("Unit file " + name + " is a template: name an instance, as in " +
                   std::string(prefix_of(name)) + "@NAME." + std::string(suffix_of(name)));
  }
  return instantiate(name, unit.install.default_instance);
}

// What `name` wants to be linked as, relative to the folder of links.
std::vector<std::string> links_of(const std::string& name, const Install& install) {
  std::vector<std::string> links;
  for (const std::string& owner : install.wanted_by) links.push_back(owner + ".wants/" + name);
  for (const std::string& owner : install.required_by) links.push_back(owner + ".requires/" + name);
  for (std::string alias : install.aliases) {
    if (is_template(alias)) alias = instance_of(name).empty() ? alias : instantiate(alias, instance_of(name));
    if (alias != name) links.push_back(alias);
  }
  return links;
}

Result<void> enable_one(const UnitStore& store, const std::string& name, const InstallOptions& options,
                        std::set<std::string>& done, Installed& result) {
  if (done.size() == kAlsoMax || !done.insert(name).second) return {};
  const std::string file = store.find_file(name);
  if (file.empty()) return failure("Unit file " + name + " does not exist.");
  const Unit unit = store.load(name);
  if (unit.load_state == LoadState::Masked) return failure("Unit file " + file + " is masked.");
  const Install& install = unit.install;
  auto linked_name = name_to_link(name, unit);
  if (!linked_name) return std::unexpected(linked_name.error());
  const std::vector<std::string> links = links_of(*linked_name, install);
  if (!links.empty() || !install.also.empty()) result.has_nothing_to_install = false;
  for (const std::string& link : links) {
    const std::string path = std::string(folder_of_lifetime(options.lifetime)) + "/" + link;
    if (auto made = make_link(store, path, file, options, result.changes); !made) return made;
  }
  for (const std::string& other : install.also) {
    if (auto made = enable_one(store, other, options, done, result); !made) return made;
  }
  return {};
}

// Every link of a folder's .wants and .requires to `name`, and aliases that lead to its file.
void remove_links_to(const UnitStore& store, const std::string& folder, const std::string& name,
                     const Unit& unit, std::vector<LinkChange>& changes) {
  for (const std::string& entry : names_in(store.root() + folder)) {
    const std::string path = folder + "/" + entry;
    if (entry.ends_with(".wants") || entry.ends_with(".requires")) {
      for (const std::string& link : names_in(store.root() + path)) {
        const bool is_instance = is_template(name) && template_of(link) == name;
        if (link == name || is_instance) remove_link(store, path + "/" + link, changes);
      }
      rmdir((store.root() + path).c_str());  // Only when nothing is left in it.
      continue;
    }
    const auto target = link_target(store.root() + path);
    if (!target || *target == "/dev/null") continue;
    const bool is_alias = std::ranges::find(unit.install.aliases, entry) != unit.install.aliases.end();
    const bool is_linked = entry == name && !is_standard_folder(folder_of(*target));
    if ((is_alias && base_name(*target) == name) || is_linked) remove_link(store, path, changes);
  }
}

bool has_link(const UnitStore& store, const std::string& folder, const std::string& name) {
  for (const std::string& entry : names_in(store.root() + folder)) {
    if (!entry.ends_with(".wants") && !entry.ends_with(".requires")) continue;
    for (const std::string& link : names_in(store.root() + folder + "/" + entry)) {
      if (link == name || (is_template(name) && template_of(link) == name)) return true;
    }
  }
  return false;
}

bool has_alias(const UnitStore& store, const std::string& folder, const std::string& name, const Unit& unit) {
  return std::ranges::any_of(unit.install.aliases, [&](const std::string& alias) {
    const auto target = link_target(store.root() + folder + "/" + alias);
    return target && base_name(*target) == name;
  });
}

}  // namespace

Result<Installed> enable_unit(const UnitStore& store, const std::string& given,
                              const InstallOptions& options) {
  Installed result{.changes = {}, .has_nothing_to_install = true};
  std::string name = given;
  if (given.find('/') != std::string::npos) {
    name = base_name(given);
    if (!is_unit_name(name)) return failure("Not a unit's name: " + name);
    if (!path_exists(store.root() + given)) return failure("Unit file " + given + " does not exist.");
    if (!is_standard_folder(folder_of(given))) {
      const std::string path = std::string(folder_of_lifetime(options.lifetime)) + "/" + name;
      if (auto made = make_link(store, path, given, options, result.changes); !made) {
        return std::unexpected(made.error());
      }
    }
  }
  std::set<std::string> done;
  if (auto made = enable_one(store, name, options, done, result); !made) return std::unexpected(made.error());
  return result;
}

Result<Installed> disable_unit(const UnitStore& store, const std::string& name,
                               const InstallOptions& options) {
  Installed result;
  const bool has_file = !store.find_file(name).empty();
  const Unit unit = store.load(name);
  const Install& install = unit.install;
  result.has_nothing_to_install = has_file && links_of(name, install).empty() && install.also.empty();
  std::vector<std::string> names{name};
  names.insert(names.end(), install.also.begin(), install.also.end());
  for (const std::string& each : names) {
    const Unit other = each == name ? unit : store.load(each);
    remove_links_to(store, folder_of_lifetime(options.lifetime), each, other, result.changes);
  }
  if (!has_file && result.changes.empty()) return failure("Unit file " + name + " does not exist.");
  return result;
}

Result<Installed> mask_unit(const UnitStore& store, const std::string& name, const InstallOptions& options) {
  Installed result;
  const std::string path = std::string(folder_of_lifetime(options.lifetime)) + "/" + name;
  if (auto made = make_link(store, path, "/dev/null", options, result.changes); !made) {
    return std::unexpected(made.error());
  }
  return result;
}

Result<Installed> unmask_unit(const UnitStore& store, const std::string& name,
                              const InstallOptions& options) {
  Installed result;
  const std::string path = std::string(folder_of_lifetime(options.lifetime)) + "/" + name;
  if (link_target(store.root() + path) == std::optional<std::string>("/dev/null")) {
    remove_link(store, path, result.changes);
  }
  return result;
}

std::string enabled_state(const UnitStore& store, const std::string& name) {
  const std::string file = store.find_file(name);
  if (file.empty()) {
    const auto& built_in = built_in_units();
    return std::ranges::find(built_in, name, &BuiltInUnit::name) == built_in.end() ? "" : "static";
  }
  const Unit unit = store.load(name);
  if (unit.load_state == LoadState::Masked) return file.starts_with("/run/") ? "masked-runtime" : "masked";
  if (unit.name != name && !is_template(name)) return "alias";
  for (const char* folder : {"/etc/systemd/system", "/run/systemd/system"}) {
    if (!has_link(store, folder, name) && !has_alias(store, folder, name, unit)) continue;
    return folder[1] == 'e' ? "enabled" : "enabled-runtime";
  }
  const auto target = link_target(store.root() + file);
  if (target && target->starts_with('/') && !is_standard_folder(folder_of(*target))) return "linked";
  const Install& install = unit.install;
  if (!install.wanted_by.empty() || !install.required_by.empty() || !install.aliases.empty())
    return "disabled";
  return install.also.empty() ? "static" : "indirect";
}

bool counts_as_enabled(const std::string& state) {
  for (const char* each : {"enabled", "enabled-runtime", "static", "alias", "indirect", "generated"}) {
    if (state == each) return true;
  }
  return false;
}

}  // namespace holm::init

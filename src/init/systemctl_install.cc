// systemctl: the verbs about unit files.

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "init/client.h"
#include "init/files.h"
#include "init/install.h"
#include "init/presets.h"
#include "init/systemctl.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

constexpr char kDefaultTarget[] = "/etc/systemd/system/default.target";

void complain(const std::string& text) { fputs((text + "\n").c_str(), stderr); }

void tell(const Installed& result, bool is_quiet) {
  if (is_quiet) return;
  for (const LinkChange& each : result.changes) {
    if (each.kind == LinkChange::Kind::Made)
      complain("Created symlink " + each.path + " → " + each.target + ".");
    else complain("Removed \"" + each.path + "\".");
  }
}

constexpr char kNothingToInstall[] =
    "The unit files have no installation config (WantedBy=, RequiredBy=, Also=,\n"
    "Alias= settings in the [Install] section, and DefaultInstance= for template\n"
    "units). This means they are not meant to be enabled or disabled using systemctl.";

Result<Installed> change(const UnitStore& store, const std::string& verb, const std::string& name,
                         const InstallOptions& options) {
  if (verb == "enable") return enable_unit(store, name, options);
  if (verb == "disable") return disable_unit(store, name, options);
  if (verb == "mask") return mask_unit(store, name, options);
  if (verb == "unmask") return unmask_unit(store, name, options);
  auto removed = disable_unit(store, name, options);
  if (!removed) return removed;
  auto made = enable_unit(store, name, options);
  if (made) made->changes.insert(made->changes.begin(), removed->changes.begin(), removed->changes.end());
  return made;
}

// What packages do when they are installed.
Result<Installed> follow_preset(const UnitStore& store, const std::string& mode, const std::string& name,
                                const InstallOptions& options) {
  const Preset preset = preset_of(store.root(), std::string(base_name(name)));
  if (preset == Preset::Enable && mode != "disable-only") return enable_unit(store, name, options);
  if (preset == Preset::Disable && mode != "enable-only") return disable_unit(store, name, options);
  return Installed{};
}

}  // namespace

int change_installation(const SystemctlOptions& options) {
  if (geteuid() != 0) {
    complain("Failed to " + options.verb + " unit: Access denied");
    return kExitFailed;
  }
  if (options.verb == "preset" && options.preset_mode != "full" && options.preset_mode != "enable-only" &&
      options.preset_mode != "disable-only") {
    complain("Failed to parse preset mode: " + options.preset_mode);
    return kExitFailed;
  }
  const UnitStore store("");
  InstallOptions how;
  if (options.is_runtime) how.lifetime = Lifetime::Runtime;
  if (options.is_forced) how.existing = InstallOptions::Existing::Replace;
  bool has_nothing = true;
  std::vector<std::string> names;
  for (const std::string& name : unit_names(options)) {
    auto result = options.verb == "preset" ? follow_preset(store, options.preset_mode, name, how)
                                           : change(store, options.verb, name, how);
    if (!result) {
      complain("Failed to " + options.verb + " unit: " + result.error().message);
      return kExitFailed;
    }
    tell(*result, options.is_quiet);
    has_nothing = has_nothing && result->has_nothing_to_install;
    names.emplace_back(base_name(name));
  }
  if (has_nothing && !options.is_quiet) complain(kNothingToInstall);
  // Where no first process answers (an image being built) the links are all there is to do.
  const bool is_told = ask_init({"daemon-reload"}).has_value();
  if (!options.is_now) return kExitGood;
  if (!is_told) {
    complain("The first process does not answer, so nothing is started or stopped.");
    return kExitFailed;
  }
  const bool starts = options.verb == "enable" || options.verb == "reenable";
  if (options.verb == "unmask") return kExitGood;
  return run_jobs(options, starts ? "start" : "stop", names);
}

int show_enabled(const SystemctlOptions& options) {
  const UnitStore store("");
  int code = kExitFailed;
  for (const std::string& name : unit_names(options)) {
    const std::string state = enabled_state(store, name);
    if (state.empty()) {
      if (!options.is_quiet)
        complain("Failed to get unit file state for " + name + ": No such file or directory");
      continue;
    }
    if (!options.is_quiet) puts(state.c_str());
    if (counts_as_enabled(state)) code = kExitGood;
  }
  return code;
}

int list_unit_files(const SystemctlOptions& options) {
  const UnitStore store("");
  const std::vector<std::string> patterns = unit_names(options);
  size_t count = 0;
  if (options.shows_legend) puts("UNIT FILE                                STATE");
  for (const std::string& name : store.names()) {
    const bool matches = patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
                           return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
                         });
    const bool has_type =
        options.types.empty() || std::ranges::find(options.types, suffix_of(name)) != options.types.end();
    if (!matches || !has_type) continue;
    const std::string state = enabled_state(store, name);
    if (!options.states.empty() && std::ranges::find(options.states, state) == options.states.end()) continue;
    printf("%-40s %s\n", name.c_str(), state.c_str());
    ++count;
  }
  if (options.shows_legend) printf("\n%zu unit files listed.\n", count);
  return count > 0 || patterns.empty() ? kExitGood : kExitFailed;
}

int show_files(const SystemctlOptions& options) {
  const UnitStore store("");
  int code = kExitGood;
  for (const std::string& name : unit_names(options)) {
    const Unit unit = store.load(name);
    if (unit.load_state == LoadState::NotFound) {
      complain("No files found for " + name + ".");
      code = kExitFailed;
      continue;
    }
    std::vector<std::string> paths = unit.drop_in_paths;
    if (!unit.fragment_path.empty()) paths.insert(paths.begin(), unit.fragment_path);
    else puts(("# " + unit.name + " is part of holm's init").c_str());
    for (const std::string& path : paths) {
      fputs(("# " + path + "\n" + read_text(path).value_or("") + "\n").c_str(), stdout);
    }
  }
  return code;
}

int default_target(const SystemctlOptions& options) {
  if (options.verb == "get-default") {
    const auto target = link_target(kDefaultTarget);
    puts(target ? std::string(base_name(*target)).c_str() : "multi-user.target");
    return kExitGood;
  }
  const UnitStore store("");
  const std::string name = options.names.front();
  if (suffix_of(name) != "target" || store.load(name).load_state != LoadState::Loaded) {
    complain("Failed to set default target: there is no target " + name);
    return kExitFailed;
  }
  unlink(kDefaultTarget);
  const std::string path = "/usr/lib/systemd/system/" + name;
  const bool made =
      make_folders(std::string(folder_of(kDefaultTarget))) && symlink(path.c_str(), kDefaultTarget) == 0;
  if (!made) complain("Failed to set default target: " + system_failure(kDefaultTarget).message);
  else complain("Created symlink " + std::string(kDefaultTarget) + " → " + path + ".");
  return made ? kExitGood : kExitFailed;
}

}  // namespace holm::init

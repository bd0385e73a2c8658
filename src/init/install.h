// Enabling and masking: links in /etc/systemd/system that [Install] sections ask for. Works on files only, so
// the clients do it themselves and tell the first process to read again.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "init/unit_store.h"

namespace holm::init {

struct LinkChange {
  enum class Kind { Made, Removed };
  Kind kind = Kind::Made;
  std::string path;
  std::string target;  // Of links that were made.
};

enum class Lifetime { Persistent, Runtime };  // In /etc, or in /run until the next boot.

struct InstallOptions {
  Lifetime lifetime = Lifetime::Persistent;
  enum class Existing { Keep, Replace };
  Existing existing = Existing::Keep;  // What to do with a link of that name that leads elsewhere.
};

struct Installed {
  std::vector<LinkChange> changes;
  // None of the units has an [Install] section that asks for links.
  bool has_nothing_to_install = false;
};

// `name` may be a path outside of the unit folders; the file is then linked into them first.
Result<Installed> enable_unit(const UnitStore& store, const std::string& name, const InstallOptions& options);
Result<Installed> disable_unit(const UnitStore& store, const std::string& name,
                               const InstallOptions& options);
Result<Installed> mask_unit(const UnitStore& store, const std::string& name, const InstallOptions& options);
Result<Installed> unmask_unit(const UnitStore& store, const std::string& name, const InstallOptions& options);

// "enabled", "enabled-runtime", "disabled", "static", "masked", "masked-runtime", "alias", "indirect",
// "linked", "bad"; empty when there is no such unit file.
std::string enabled_state(const UnitStore& store, const std::string& name);
// Whether `systemctl is-enabled` succeeds on that state.
bool counts_as_enabled(const std::string& state);

}  // namespace holm::init

// Where units come from: files in /etc, /run and /usr, with their drop-ins and .wants folders, and the few
// that are part of this program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "init/unit.h"

namespace holm::init {

struct BuiltInUnit {
  std::string_view name;
  std::string_view text;
};

// The targets of a boot and the first boot's user data.
const std::vector<BuiltInUnit>& built_in_units();

// Reads the file system at every call and keeps nothing. `root` is "" in an instance; tests have a folder.
class UnitStore final {
 public:
  explicit UnitStore(std::string root) : root_(std::move(root)) {}

  // Never fails: one that is not there, is masked or makes no sense says so in its load state. The name of an
  // alias gives the unit it stands for.
  Unit load(const std::string& name) const;

  // Path of the file that `name` is read from ("/etc/…", without the root); empty when there is none.
  std::string find_file(const std::string& name) const;
  // Every name of a unit file, sorted; of templates the template's.
  std::vector<std::string> names() const;

  // Folders of unit files, the strongest first.
  static const std::vector<std::string>& folders();
  const std::string& root() const { return root_; }

 private:
  bool is_masked(const std::string& path) const;
  std::string linked_path(std::string path) const;
  std::string real_name(const std::string& name) const;
  std::vector<std::string> drop_ins(const std::string& name) const;
  void add_wanted(Unit& unit) const;
  Specifiers specifiers_for(const Unit& unit) const;

  std::string root_;
};

}  // namespace holm::init

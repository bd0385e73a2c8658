// The pieces of the systemctl command.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "init/control_message.h"
#include "init/unit_store.h"

namespace holm::init {

// systemd's exit codes, which follow the Linux Standard Base.
// https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#Exit%20status
enum SystemctlExit : int {
  kExitGood = 0,
  kExitFailed = 1,
  kExitNotRunning = 3,
  kExitNoSuchUnit = 4,
  kExitNotInstalled = 5,
};

struct SystemctlOptions {
  std::string verb;
  std::vector<std::string> names;  // As given.
  std::vector<std::string> properties, types, states;
  std::string signal = "TERM";
  std::string whom = "all";
  std::string output;
  std::string preset_mode = "full";
  int lines = 10;
  bool is_quiet = false;
  bool is_now = false;
  bool is_forced = false;
  bool is_runtime = false;
  bool shows_all = false;
  bool shows_values = false;
  bool shows_legend = true;
  bool waits = true;
  bool waits_for_boot = false;
};

// Prints to standard error what cannot be understood; the exit code then.
std::optional<int> parse_systemctl(const std::vector<std::string>& words, SystemctlOptions& options);
// Names with suffixes; those with a path stay.
std::vector<std::string> unit_names(const SystemctlOptions& options);

// Of one reply to `show`: by name, in the order of the text.
class Properties final {
 public:
  explicit Properties(const std::string& text);
  const std::string& operator[](std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

// Prints why there is none.
std::optional<Fields> ask_or_complain(const Fields& request);
std::optional<std::vector<Properties>> ask_properties(const Fields& request);

int show_status(const SystemctlOptions& options);
int show_properties(const SystemctlOptions& options);
int show_active(const SystemctlOptions& options);
int show_failed(const SystemctlOptions& options);
int list_units(const SystemctlOptions& options);

int change_installation(const SystemctlOptions& options);
int show_enabled(const SystemctlOptions& options);
int list_unit_files(const SystemctlOptions& options);
int show_files(const SystemctlOptions& options);
int default_target(const SystemctlOptions& options);

int run_jobs(const SystemctlOptions& options, const std::string& verb, const std::vector<std::string>& names);

// "Fri 2025-11-21 07:06:00 UTC" of "@MICROSECONDS"; empty of "@0".
std::string date_text(const std::string& stamp);

}  // namespace holm::init

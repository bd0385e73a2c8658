// Turns a service's settings into processes: identity, folders, environment, limits, streams, then the
// program.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "init/accounts.h"
#include "init/unit.h"

namespace holm::init {

// systemd's exit codes for what fails before the program is reached.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Process%20Exit%20Codes
enum class Step {
  Directory = 200,
  Nice = 201,
  Program = 203,
  Limits = 205,
  Input = 208,
  Output = 209,
  Group = 216,
  User = 217,
  Capabilities = 218,
  ErrorOutput = 222,
  Folders = 233,
};

struct Launched {
  pid_t pid = 0;
  UniqueFd
      started;  // Its other end closes when the program runs, or something is read that says it does not.
};

// Used by one unit's runner. `journal` is what the output goes to unless the unit says otherwise.
class Launcher final {
 public:
  Launcher(const Unit& unit, int journal, std::string notify_path);

  // Makes the unit's folders. To be called once before the first program of a start.
  Result<void> prepare();
  // `more` are variables known only now (MAINPID …).
  Result<Launched> launch(const Command& command, const std::vector<std::string>& more);
  // Gives /run's folders of the unit back.
  void remove_folders() const;

 private:
  Result<void> make_unit_folders(const FolderSetting& setting, const Identity& owner) const;
  Result<Environment> environment_for(const Identity& identity) const;
  [[noreturn]] void become(const Command& command, const Identity& identity, const Environment& environment,
                           const std::vector<std::string>& arguments, int started) const;

  const Unit& unit_;
  int journal_;
  std::string notify_path_;
  std::string invocation_id_;
};

}  // namespace holm::init

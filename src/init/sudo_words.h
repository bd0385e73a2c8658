// What sudo is told on its command line.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace holm::init {

struct SudoWords {
  enum class Shell { None, Plain, Login };
  std::string user = "root";
  std::string group;  // Empty: the user's own.
  Shell shell = Shell::None;
  bool keeps_environment = false;      // All of it.
  std::vector<std::string> kept;       // Names of variables that are kept besides.
  std::vector<std::string> variables;  // "A=b" before the command.
  std::vector<std::string> command;
  bool does_nothing = false;  // -v, -k and -K: there are no passwords to remember.
};

// https://www.sudo.ws/docs/man/sudo.man/: those options that say as whom and how a command is run.
Result<SudoWords> parse_sudo(const std::vector<std::string>& words);

}  // namespace holm::init

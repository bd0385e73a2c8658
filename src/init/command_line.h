// Lines of commands as units have them: words with quotes and escapes, prefixes, specifiers and variables.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "init/environment.h"

namespace holm::init {

// What stands for a %letter, or nothing when there is no such specifier.
using Specifiers = std::function<std::optional<std::string>(char letter)>;

// Replaces %letters; "%%" is a percent sign.
Result<std::string> expand_specifiers(std::string_view text, const Specifiers& specifiers);

// Quotes removed, C escapes taken.
Result<std::vector<std::string>> split_words(std::string_view text);

struct Command {
  std::vector<std::string> words;  // The program first.
  std::string shown_name;          // argv[0] where it is not the program ("@").
  bool ignores_failure = false;    // "-"
  bool keeps_variables = false;    // ":": $NAME stays as it is.
  bool is_privileged = false;      // "+", "!": as root whatever User= says.
};

// One Exec line; several commands of it are separated by ";". An empty line has none.
Result<std::vector<Command>> parse_commands(std::string_view line, const Specifiers& specifiers);

// The arguments with variables put in: "$NAME" alone becomes as many words as its value has, "${NAME}"
// anywhere becomes its value, "$$" a dollar sign.
std::vector<std::string> expand_variables(const Command& command, const Environment& environment);

}  // namespace holm::init

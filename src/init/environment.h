// Environments of processes, and the files they are read from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holm::init {

// Variables in the order in which they were first set.
class Environment final {
 public:
  void set(std::string_view name, std::string_view value);
  // "NAME=value".
  void set(std::string_view assignment);
  void unset(std::string_view name);
  // Borrowed until the next change; null when it is not set.
  const std::string* find(std::string_view name) const;
  // "NAME=value" each.
  std::vector<std::string> assignments() const;

 private:
  std::vector<std::pair<std::string, std::string>> variables_;
};

// [A-Za-z_][A-Za-z0-9_]*
bool is_variable_name(std::string_view name);

// An EnvironmentFile: NAME=VALUE lines with shell-like quotes, comments, and lines continued by a backslash.
// What is none of these is left out.
std::vector<std::string> parse_environment_file(std::string_view text);

}  // namespace holm::init

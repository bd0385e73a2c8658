// Reading sudo's command line.

#include "init/sudo_words.h"

#include <optional>

#include "base/characters.h"
#include "base/strings.h"

namespace holm::init {

namespace {

bool is_assignment(std::string_view word) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  return is_alphanumeric(word.substr(0, equals), "_");
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& words) : words_(words) {}

  Result<SudoWords> parse() {
    while (at_ < words_.size() && words_[at_].starts_with('-') && words_[at_].size() > 1) {
      const std::string word = words_[at_++];
      if (word == "--") break;
      const bool is_understood = word.starts_with("--") ? take_long(word) : take_short(word);
      if (!is_understood) return failure("the option " + word + " is not understood in an instance");
    }
    while (at_ < words_.size() && is_assignment(words_[at_])) made_.variables.push_back(words_[at_++]);
    made_.command.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
    if (made_.command.empty() && made_.shell == SudoWords::Shell::None && !made_.does_nothing) {
      return failure("usage: sudo [-u user] [-g group] [-E] [-i | -s] [VAR=value] command");
    }
    return made_;
  }

 private:
  // "--user=a", "--user a".
  bool take_long(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto value = equals == std::string::npos ? std::nullopt : std::optional(word.substr(equals + 1));
    if (name == "--user") return take_value(value, made_.user);
    if (name == "--group") return take_value(value, made_.group);
    if (name == "--preserve-env" && value) {
      for (const std::string_view each : split(*value, ',')) made_.kept.emplace_back(each);
      return true;
    }
    if (name == "--preserve-env") return take_letter('E');
    if (name == "--login") return take_letter('i');
    if (name == "--shell") return take_letter('s');
    if (name == "--non-interactive") return take_letter('n');
    if (name == "--set-home") return take_letter('H');
    if (name == "--stdin") return take_letter('S');
    if (name == "--validate") return take_letter('v');
    return false;
  }

  // "-nEu", "root" or "-uroot".
  bool take_short(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      if (word[i] != 'u' && word[i] != 'g') {
        if (!take_letter(word[i])) return false;
        continue;
      }
      const auto value = i + 1 < word.size() ? std::optional(word.substr(i + 1)) : std::nullopt;
      return take_value(value, word[i] == 'u' ? made_.user : made_.group);
    }
    return true;
  }

  bool take_letter(char letter) {
    switch (letter) {
      case 'E': made_.keeps_environment = true; return true;
      case 'i': made_.shell = SudoWords::Shell::Login; return true;
      case 's': made_.shell = SudoWords::Shell::Plain; return true;
      case 'k':
      case 'K':
      case 'v': made_.does_nothing = true; return true;
      // Nobody is asked for a password, and the home is the other user's anyway.
      case 'n':
      case 'S':
      case 'H': return true;
      default: return false;
    }
  }

  bool take_value(const std::optional<std::string>& value, std::string& to) {
    if (!value && at_ == words_.size()) return false;
    to = value ? *value : words_[at_++];
    return !to.empty();
  }

  const std::vector<std::string>& words_;
  size_t at_ = 0;
  SudoWords made_;
};

}  // namespace

Result<SudoWords> parse_sudo(const std::vector<std::string>& words) { return Parser(words).parse(); }

}  // namespace holm::init

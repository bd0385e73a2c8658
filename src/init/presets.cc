// Reads the preset files.

#include "init/presets.h"

#include <fnmatch.h>

#include <map>
#include <optional>
#include <string_view>

#include "base/strings.h"
#include "init/files.h"

namespace holm::init {

namespace {

constexpr const char* kFolders[] = {"/etc/systemd/system-preset", "/run/systemd/system-preset",
                                    "/usr/local/lib/systemd/system-preset", "/usr/lib/systemd/system-preset"};

std::string_view next_word(std::string_view& line) {
  line = trim(line);
  const size_t end = line.find_first_of(" \t");
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(word.size());
  return word;
}

std::optional<Preset> read_line(std::string_view line, const std::string& unit) {
  const std::string_view action = next_word(line);
  const std::string pattern(next_word(line));
  if (pattern.empty() || fnmatch(pattern.c_str(), unit.c_str(), FNM_NOESCAPE) != 0) return std::nullopt;
  if (action == "enable") return Preset::Enable;
  if (action == "disable") return Preset::Disable;
  if (action == "ignore") return Preset::Ignore;
  return std::nullopt;
}

}  // namespace

Preset preset_of(const std::string& root, const std::string& unit) {
  std::map<std::string, std::string> paths;  // By the file's name; the strongest folder came first.
  for (const char* folder : kFolders) {
    for (const std::string& name : names_in(root + folder)) {
      if (name.ends_with(".preset")) paths.emplace(name, root + folder + "/" + name);
    }
  }
  for (const auto& [name, path] : paths) {
    const std::string text = read_text(path).value_or("");
    for (std::string_view line : split(text, '\n')) {
      if (auto found = read_line(line, unit)) return *found;
    }
  }
  return Preset::Enable;
}

}  // namespace holm::init

// Keeps made-up parameters.

#include "cli/up/secrets.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "base/files.h"
#include "base/strings.h"

namespace holm::cli {

namespace {

std::map<std::string, std::string> parse(std::string_view text) {
  std::map<std::string, std::string> values;
  for (std::string_view line : split(text, '\n')) {
    const size_t equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    values.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return values;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> keep_secrets(
    const std::string& path, const std::vector<SecretParameter>& wanted, Random& random) {
  std::vector<std::pair<std::string, std::string>> values;
  if (wanted.empty()) return values;
  std::map<std::string, std::string> kept;
  // A file that is there and cannot be read must not be written over: a database would be locked for ever.
  if (::access(path.c_str(), F_OK) == 0) {
    auto text = read_file(path);
    if (!text) return std::unexpected(text.error());
    kept = parse(*text);
  }
  const size_t known = kept.size();
  for (const SecretParameter& each : wanted) {
    auto found = kept.find(each.name);
    if (found == kept.end()) found = kept.emplace(each.name, random.alphanumeric(each.length)).first;
    values.emplace_back(*found);
  }
  if (kept.size() == known) return values;
  std::string text;
  for (const auto& [name, value] : kept) text += fmt::format("{}={}\n", name, value);
  if (auto made = make_directories(std::filesystem::path(path).parent_path()); !made)
    return std::unexpected(made.error());
  if (auto written = write_file_durably(path, text, 0600); !written) return std::unexpected(written.error());
  return values;
}

}  // namespace holm::cli

// From a #cloud-config to a script. Everything a document says is quoted: only runcmd's own lines are
// commands.

#include "services/ec2/cloud_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/strings.h"
#include "formats/yaml.h"

namespace holm::ec2 {

namespace {

using formats::Array;
using formats::Object;
using formats::Value;
using Kind = CloudConfigProblem::Kind;

constexpr std::string_view kHeader = "#cloud-config";
constexpr formats::Limits kLimits{.depth = 16, .bytes = 16384, .values = 4096};

std::unexpected<CloudConfigProblem> wrong(std::string message) {
  return std::unexpected(CloudConfigProblem{Kind::Wrong, std::move(message)});
}
std::unexpected<CloudConfigProblem> not_built(std::string message) {
  return std::unexpected(CloudConfigProblem{Kind::NotBuilt, std::move(message)});
}

std::string quoted(std::string_view text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

// A scalar as it was written.
std::optional<std::string> text_of(const Value& value) {
  if (const std::string* text = value.as_string()) return *text;
  if (const bool* flag = value.as_boolean()) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<Value::Number>(&value.data)) return number->text;
  if (auto number = value.as_integer()) return std::to_string(*number);
  return std::nullopt;
}

Result<std::string, CloudConfigProblem> member(const Value& of, std::string_view name,
                                               std::string otherwise) {
  const Value* found = of.find(name);
  if (!found) return otherwise;
  auto text = text_of(*found);
  if (!text || text->find('\0') != std::string::npos) return wrong(fmt::format("{} is no text", name));
  return std::move(*text);
}

Result<bool, CloudConfigProblem> flag(const Value& of, std::string_view name) {
  const Value* found = of.find(name);
  if (!found) return false;
  if (const bool* value = found->as_boolean()) return *value;
  return wrong(fmt::format("{} is neither true nor false", name));
}

// Octal digits with or without the letters and zeros that people write before them.
bool is_mode(std::string_view text) {
  if (text.starts_with("0o")) text.remove_prefix(2);
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("01234567") == std::string_view::npos;
}

struct WrittenFile {
  std::string commands;
  bool is_deferred = false;
};

Result<std::string, CloudConfigProblem> content_of(const Value& file) {
  auto content = member(file, "content", "");
  auto encoding = member(file, "encoding", "text/plain");
  if (!content) return content;
  if (!encoding) return encoding;
  if (*encoding == "text/plain") return content;
  if (*encoding != "b64" && *encoding != "base64") return not_built("write_files: encoding " + *encoding);
  std::string digits;
  for (char c : *content) {
    if (c != '\n' && c != '\r' && c != ' ') digits += c;
  }
  auto decoded = base64_decode(digits);
  if (!decoded) return wrong("write_files: content is no base64");
  return std::move(*decoded);
}

Result<WrittenFile, CloudConfigProblem> file_of(const Value& file) {
  if (!file.as_object()) return wrong("write_files is a list of files");
  constexpr std::string_view kKnown[] = {"path",        "content", "encoding", "owner",
                                         "permissions", "append",  "defer"};
  for (const auto& [name, value] : *file.as_object()) {
    if (std::ranges::find(kKnown, name) == std::end(kKnown)) return not_built("write_files: " + name);
  }
  auto path = member(file, "path", ""), owner = member(file, "owner", "root:root"),
       mode = member(file, "permissions", "0644"), content = content_of(file);
  for (const auto* each : {&path, &owner, &mode, &content}) {
    if (!*each) return std::unexpected(each->error());
  }
  auto appends = flag(file, "append"), defers = flag(file, "defer");
  if (!appends) return std::unexpected(appends.error());
  if (!defers) return std::unexpected(defers.error());
  if (!path->starts_with('/')) return wrong("write_files: path is absolute");
  if (!is_mode(*mode)) return wrong("write_files: permissions are octal digits");
  const std::string digits = mode->starts_with("0o") ? mode->substr(2) : *mode;
  const std::string folder = path->substr(0, path->rfind('/') + 1);
  return WrittenFile{
      fmt::format("mkdir -p -- {0} && printf %s {1} | base64 -d {2} {3} && chmod {4} -- {3} && "
                  "chown {5} -- {3}\n",
                  quoted(folder), quoted(base64_encode(*content)), *appends ? ">>" : ">", quoted(*path),
                  digits, quoted(*owner)),
      *defers};
}

// "nginx", or a name and a version.
Result<std::string, CloudConfigProblem> package_of(const Value& package) {
  std::vector<std::string> words;
  if (const Array* list = package.as_array()) {
    for (const Value& each : *list) words.push_back(text_of(each).value_or(""));
  } else {
    words.push_back(text_of(package).value_or(""));
  }
  const bool is_right =
      (words.size() == 1 || words.size() == 2) && std::ranges::none_of(words, [](const std::string& each) {
        return each.empty() || each.starts_with('-') || each.find('\0') != std::string::npos;
      });
  if (!is_right) return wrong("packages is a list of names, or of names with versions");
  return quoted(join(words, "="));
}

Result<std::string, CloudConfigProblem> command_of(const Value& command) {
  if (auto line = text_of(command); line && line->find('\0') == std::string::npos) return *line + "\n";
  const Array* words = command.as_array();
  if (!words || words->empty()) return wrong("runcmd is a list of lines, or of lists of words");
  std::vector<std::string> all;
  for (const Value& each : *words) {
    auto word = text_of(each);
    if (!word || word->find('\0') != std::string::npos) {
      return wrong("runcmd is a list of lines, or of lists of words");
    }
    all.push_back(quoted(*word));
  }
  return join(all, " ") + "\n";
}

// The list called `name`; without it an empty one.
Result<Array, CloudConfigProblem> list_of(const Value& document, std::string_view name) {
  const Value* found = document.find(name);
  if (!found || found->is_null()) return Array();
  if (const Array* list = found->as_array()) return *list;
  return wrong(fmt::format("{} is a list", name));
}

Result<std::string, CloudConfigProblem> package_commands(const Value& document) {
  auto updates = flag(document, "package_update"), upgrades = flag(document, "package_upgrade");
  auto packages = list_of(document, "packages");
  if (!updates) return std::unexpected(updates.error());
  if (!upgrades) return std::unexpected(upgrades.error());
  if (!packages) return std::unexpected(packages.error());
  std::string out;
  if (*updates || *upgrades || !packages->empty())
    out += "export DEBIAN_FRONTEND=noninteractive\napt-get -q update\n";
  if (*upgrades) out += "apt-get -q -y dist-upgrade\n";
  if (packages->empty()) return out;
  out += "apt-get -q -y install --";
  for (const Value& each : *packages) {
    auto package = package_of(each);
    if (!package) return package;
    out += " " + *package;
  }
  return out + "\n";
}

bool says_nothing(std::string_view yaml) {
  for (std::string_view line : split(yaml, '\n')) {
    line = trim(line);
    if (!line.empty() && !line.starts_with('#')) return false;
  }
  return true;
}

}  // namespace

bool is_cloud_config(std::string_view user_data) {
  return trim(user_data.substr(0, user_data.find('\n'))) == kHeader;
}

Result<std::string, CloudConfigProblem> script_of(std::string_view cloud_config) {
  // With nothing below its first line it is a comment, which is no document.
  if (says_nothing(cloud_config)) return std::string("#!/bin/sh\n");
  auto document = formats::parse_yaml(cloud_config, kLimits);
  if (!document) return wrong(document.error().describe());
  if (!document->is_null() && !document->as_object()) return wrong("a cloud-config is a map of keys");
  constexpr std::string_view kKnown[] = {"write_files", "package_update", "package_upgrade", "packages",
                                         "runcmd"};
  if (document->as_object()) {
    for (const auto& [name, value] : *document->as_object()) {
      if (std::ranges::find(kKnown, name) == std::end(kKnown)) return not_built(name);
    }
  }
  auto files = list_of(*document, "write_files"), commands = list_of(*document, "runcmd");
  if (!files) return std::unexpected(files.error());
  if (!commands) return std::unexpected(commands.error());
  std::string script = "#!/bin/sh\n", deferred;
  for (const Value& each : *files) {
    auto file = file_of(each);
    if (!file) return std::unexpected(file.error());
    (file->is_deferred ? deferred : script) += file->commands;
  }
  auto packages = package_commands(*document);
  if (!packages) return packages;
  script += *packages + deferred;
  for (const Value& each : *commands) {
    auto command = command_of(each);
    if (!command) return command;
    script += *command;
  }
  return script;
}

}  // namespace holm::ec2

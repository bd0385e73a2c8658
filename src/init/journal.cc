// Lines in files.

#include "init/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "init/files.h"

namespace holm::init {

namespace {

constexpr off_t kFileBytesMax = 512 << 10;
constexpr std::string_view kOlder = ".older";
constexpr std::string_view kEnding = ".log";

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(descriptor, text.data(), text.size());
    if (count <= 0) return;  // A full disk does not stop the instance.
    text.remove_prefix(static_cast<size_t>(count));
  }
}

std::string without_line_ends(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\0') c = ' ';
  }
  return text;
}

}  // namespace

std::string encode_entry(const JournalEntry& entry) {
  std::string identifier = without_line_ends(entry.identifier);
  std::ranges::replace(identifier, ' ', '_');
  if (identifier.empty()) identifier = "-";
  return std::to_string(entry.time.count()) + " " + std::to_string(entry.priority) + " " +
         std::to_string(entry.process) + " " + identifier + " " + without_line_ends(entry.message) + "\n";
}

std::optional<JournalEntry> parse_entry(std::string_view line) {
  JournalEntry entry;
  std::optional<long long> numbers[3];
  for (auto& number : numbers) {
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    number = parse_integer(line.substr(0, blank));
    if (!number || *number < 0) return std::nullopt;
    line.remove_prefix(blank + 1);
  }
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || *numbers[1] > 7 || *numbers[2] > (1 << 22)) return std::nullopt;
  entry.time = Calendar(*numbers[0]);
  entry.priority = static_cast<int>(*numbers[1]);
  entry.process = static_cast<pid_t>(*numbers[2]);
  entry.identifier = line.substr(0, blank);
  entry.message = line.substr(blank + 1);
  return entry;
}

int take_priority(std::string_view& line) {
  const bool has = line.size() >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>';
  if (!has) return 6;
  const int priority = line[1] - '0';
  line.remove_prefix(3);
  return priority;
}

void Journal::add(const std::string& unit, const std::vector<JournalEntry>& entries) {
  if (entries.empty()) return;
  std::string text;
  std::string shown;
  for (const JournalEntry& entry : entries) {
    text += encode_entry(entry);
    shown += entry.identifier + "[" + std::to_string(entry.process) + "]: " + entry.message + "\n";
  }
  write_all(console_, shown);
  const std::string path = folder_ + "/" + unit + std::string(kEnding);
  UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file && make_folders(folder_)) {
    file.reset(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  }
  if (!file) return;
  write_all(file.get(), text);
  struct stat status{};
  if (fstat(file.get(), &status) == 0 && status.st_size > kFileBytesMax) {
    rename(path.c_str(), (path + std::string(kOlder)).c_str());
  }
}

std::vector<UnitEntry> read_journal(const std::string& folder, const std::vector<std::string>& units) {
  std::vector<UnitEntry> found;
  std::vector<std::string> files = names_in(folder);
  std::ranges::reverse(files);  // So that "x.log.older" comes before "x.log".
  for (const std::string& name : files) {
    std::string_view unit = name;
    if (unit.ends_with(kOlder)) unit.remove_suffix(kOlder.size());
    if (!unit.ends_with(kEnding)) continue;
    unit.remove_suffix(kEnding.size());
    if (!units.empty() && std::ranges::find(units, unit) == units.end()) continue;
    const auto text = read_text(folder + "/" + name, 8 << 20);
    if (!text) continue;
    for (std::string_view line : split(*text, '\n')) {
      if (auto entry = parse_entry(line))
        found.push_back({std::string(unit), std::move(*entry), found.size()});
    }
  }
  std::ranges::sort(found, {}, [](const UnitEntry& each) { return std::pair(each.entry.time, each.place); });
  return found;
}

}  // namespace holm::init

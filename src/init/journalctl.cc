// journalctl: reads what the first process wrote down.

#include <fnmatch.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "init/commands.h"
#include "init/entry_text.h"
#include "init/files.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

constexpr char kBootedFile[] = "/run/holm/booted";

struct JournalQuery {
  std::vector<std::string> units, identifiers;
  EntryFormat format = EntryFormat::Short;
  std::optional<size_t> lines;
  std::optional<Calendar> since, until;
  int priority_max = 7;
  bool follows = false;
  bool reverses = false;
  bool is_quiet = false;
  bool only_kernel = false;
};

void complain(const std::string& text) { fputs((text + "\n").c_str(), stderr); }

std::optional<int> parse_priority(std::string_view text) {
  constexpr const char* kNames[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
  for (int i = 0; i < 8; ++i) {
    if (text == kNames[i] || text == std::to_string(i)) return i;
  }
  return std::nullopt;
}

Calendar booted_at() {
  const auto text = read_text(kBootedFile, 64);
  return Calendar(text ? parse_integer(trim(*text)).value_or(0) : 0);
}

// Options with a value, by their long name; false when there is no such option or value.
bool take_value(JournalQuery& query, std::string_view name, const std::string& value) {
  if (name == "--unit") {
    query.units.push_back(with_suffix(value));
  } else if (name == "--identifier") {
    query.identifiers.push_back(value);
  } else if (name == "--output") {
    const auto format = parse_entry_format(value);
    if (!format) return false;
    query.format = *format;
  } else if (name == "--lines") {
    const auto count = parse_integer(value);
    if (value == "all") query.lines.reset();
    else if (count && *count >= 0) query.lines = static_cast<size_t>(*count);
    else return false;
  } else if (name == "--priority") {
    const auto priority = parse_priority(value.substr(value.rfind('.') + 1));
    if (!priority) return false;
    query.priority_max = *priority;
  } else if (name == "--since" || name == "--until") {
    const auto moment = parse_moment(value, calendar_now());
    if (!moment) return false;
    (name == "--since" ? query.since : query.until) = moment;
  } else {
    return false;
  }
  return true;
}

bool take_flag(JournalQuery& query, std::string_view name) {
  if (name == "--follow") query.follows = true;
  else if (name == "--reverse") query.reverses = true;
  else if (name == "--quiet") query.is_quiet = true;
  else if (name == "--dmesg") query.only_kernel = true;
  else if (name == "--boot") query.since = booted_at();
  else if (name == "--pager-end") query.lines = query.lines.value_or(1000);
  else
    return name == "--no-pager" || name == "--catalog" || name == "--full" || name == "--all" ||
           name == "--no-hostname" || name == "--no-tail" || name == "--utc" || name == "--system";
  return true;
}

struct Letter {
  char letter;
  const char* long_name;
  bool has_value;
};
constexpr Letter kLetters[] = {
    {'u', "--unit", true},       {'t', "--identifier", true}, {'o', "--output", true},
    {'n', "--lines", true},      {'p', "--priority", true},   {'S', "--since", true},
    {'U', "--until", true},      {'f', "--follow", false},    {'r', "--reverse", false},
    {'q', "--quiet", false},     {'k', "--dmesg", false},     {'b', "--boot", false},
    {'e', "--pager-end", false}, {'x', "--catalog", false},   {'a', "--all", false},
    {'l', "--full", false}};

bool is_count(std::string_view text) { return text == "all" || parse_integer(text).has_value(); }

bool take_letters(JournalQuery& query, const std::vector<std::string>& words, size_t& at) {
  const std::string letters = words[at].substr(1);
  for (size_t i = 0; i < letters.size(); ++i) {
    auto found = std::ranges::find(kLetters, letters[i], &Letter::letter);
    if (found == std::end(kLetters)) return false;
    if (!found->has_value) {
      if (!take_flag(query, found->long_name)) return false;
      continue;
    }
    std::string value = letters.substr(i + 1);
    // The count of -n may be left out.
    const bool has_next =
        value.empty() && at + 1 < words.size() && (found->letter != 'n' || is_count(words[at + 1]));
    if (has_next) value = words[++at];
    if (value.empty() && found->letter == 'n') value = "10";
    return take_value(query, found->long_name, value);
  }
  return true;
}

bool take_word(JournalQuery& query, const std::vector<std::string>& words, size_t& at) {
  const std::string& word = words[at];
  if (!word.starts_with('-') || word == "-") return false;
  if (!word.starts_with("--")) return take_letters(query, words, at);
  const size_t equals = word.find('=');
  if (equals != std::string::npos) return take_value(query, word.substr(0, equals), word.substr(equals + 1));
  if (take_flag(query, word)) return true;
  if (word == "--lines" && (at + 1 == words.size() || !is_count(words[at + 1])))
    return take_value(query, word, "10");
  if (++at == words.size()) return false;
  return take_value(query, word, words[at]);
}

// Patterns become the names there are.
std::vector<std::string> matching_units(const std::vector<std::string>& patterns) {
  std::vector<std::string> units;
  for (const std::string& pattern : patterns) {
    if (pattern.find_first_of("*?[") == std::string::npos) {
      units.push_back(pattern);
      continue;
    }
    for (const std::string& name : names_in(kJournalFolder)) {
      const std::string unit(name.substr(0, name.rfind(".log")));
      if (fnmatch(pattern.c_str(), unit.c_str(), 0) == 0) units.push_back(unit);
    }
    if (units.empty()) units.push_back(pattern);  // None, which is not the same as all.
  }
  return units;
}

std::vector<UnitEntry> find_entries(const JournalQuery& query) {
  if (query.only_kernel) return {};
  std::vector<UnitEntry> entries = read_journal(kJournalFolder, matching_units(query.units));
  std::erase_if(entries, [&](const UnitEntry& each) {
    const JournalEntry& entry = each.entry;
    if (entry.priority > query.priority_max) return true;
    if (query.since && entry.time < *query.since) return true;
    if (query.until && entry.time > *query.until) return true;
    return !query.identifiers.empty() &&
           std::ranges::find(query.identifiers, entry.identifier) == query.identifiers.end();
  });
  return entries;
}

void print(const JournalQuery& query, const UnitEntry& each) {
  puts(entry_text(each.entry, query.format, each.unit).c_str());
}

// Whatever is newer than the last one shown. Entries of one moment are told apart by how many there were.
int follow(const JournalQuery& query, std::vector<UnitEntry> shown) {
  const UniqueFd notifications(inotify_init1(IN_CLOEXEC));
  (void)make_folders(kJournalFolder);
  inotify_add_watch(notifications.get(), kJournalFolder, IN_MODIFY | IN_CREATE | IN_MOVED_TO);
  Calendar last = shown.empty() ? Calendar(0) : shown.back().entry.time;
  size_t of_last = static_cast<size_t>(
      std::ranges::count_if(shown, [&](const UnitEntry& each) { return each.entry.time == last; }));
  while (true) {
    for (const UnitEntry& each : find_entries(query)) {
      if (each.entry.time < last) continue;
      if (each.entry.time == last && of_last > 0) {
        --of_last;
        continue;
      }
      print(query, each);
      shown.push_back(each);
    }
    if (fflush(stdout) != 0) return 1;
    if (!shown.empty()) last = std::max(last, shown.back().entry.time);
    shown.clear();
    of_last = 0;
    for (const UnitEntry& each : find_entries(query)) of_last += each.entry.time == last ? 1 : 0;
    std::array<char, 4096> events;
    if (read(notifications.get(), events.data(), events.size()) <= 0) return 1;
  }
}

}  // namespace

int run_journalctl(const std::vector<std::string>& words) {
  JournalQuery query;
  for (size_t at = 0; at < words.size(); ++at) {
    const std::string word = words[at];
    if (take_word(query, words, at)) continue;
    complain("journalctl: " + word + " is not understood, or not built in holm's init.");
    return 1;
  }
  if (access(kJournalFolder, R_OK | X_OK) != 0 && geteuid() != 0) {
    complain("No journal files were opened due to insufficient permissions.");
    return 1;
  }
  const std::vector<UnitEntry> all = find_entries(query);
  std::vector<UnitEntry> entries = all;
  if (query.follows && !query.lines) query.lines = 10;
  if (query.lines && entries.size() > *query.lines) {
    entries.erase(entries.begin(), entries.end() - static_cast<ptrdiff_t>(*query.lines));
  }
  if (query.reverses) std::ranges::reverse(entries);
  for (const UnitEntry& each : entries) print(query, each);
  if (query.follows) return follow(query, all);
  if (entries.empty() && !query.is_quiet) puts("-- No entries --");
  return 0;
}

}  // namespace holm::init

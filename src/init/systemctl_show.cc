// systemctl: the verbs that show.

#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/strings.h"
#include "init/entry_text.h"
#include "init/files.h"
#include "init/processes.h"
#include "init/restart.h"
#include "init/systemctl.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

constexpr size_t kProcessesShownMax = 50;

void print(const std::string& text) { fputs(text.c_str(), stdout); }

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

long long microseconds_of(const std::string& stamp) {
  return stamp.starts_with('@') ? parse_integer(std::string_view(stamp).substr(1)).value_or(0) : 0;
}

// "5min 3s ago", to two units.
std::string ago_text(const std::string& stamp) {
  const Duration passed = calendar_now() - Calendar(microseconds_of(stamp));
  if (passed < Duration(1'000'000))
    return std::to_string(std::max<int64_t>(passed.count() / 1000, 0)) + "ms ago";
  const std::string text = time_span_text(Duration(passed.count() / 1'000'000 * 1'000'000));
  const auto parts = split(text, ' ');
  return std::string(parts[0]) + (parts.size() > 1 ? " " + std::string(parts[1]) : "") + " ago";
}

std::string command_of(pid_t process) {
  std::string text = read_text("/proc/" + std::to_string(process) + "/cmdline", 64 << 10).value_or("");
  while (text.ends_with('\0')) text.pop_back();
  std::ranges::replace(text, '\0', ' ');
  return text.empty() ? "[" + process_name(process) + "]" : text.substr(0, 200);
}

void print_processes(const Properties& unit) {
  const auto runner = static_cast<pid_t>(parse_integer(unit["RunnerPID"]).value_or(0));
  if (runner <= 1) return;
  const std::vector<pid_t> processes = descendants_of(runner);
  if (processes.empty()) return;
  print("      Tasks: " + std::to_string(processes.size()) + "\n  Processes:");
  for (size_t i = 0; i < processes.size() && i < kProcessesShownMax; ++i) {
    const bool is_last = i + 1 == processes.size();
    print((i == 0 ? " " : "             ") + std::string(is_last ? "└─" : "├─") +
          std::to_string(processes[i]) + " " + command_of(processes[i]) + "\n");
  }
}

ProcessEnd last_end(const Properties& unit) {
  const auto code = parse_integer(unit["ExecMainCode"]).value_or(0);
  return {.is_signal = code > 1,
          .dumped_core = code == 3,
          .number = static_cast<int>(parse_integer(unit["ExecMainStatus"]).value_or(0))};
}

void print_activity(const Properties& unit) {
  const std::string& state = unit["ActiveState"];
  const std::string& result = unit["Result"];
  const bool has_result = !result.empty() && result != "success";
  std::string line = "     Active: " + state + " (" + unit["SubState"] + ")";
  if (has_result)
    line = "     Active: " + state + (state == "failed" ? "" : " (" + unit["SubState"] + ")") +
           " (Result: " + result + ")";
  const bool is_up = state == "active" || state == "reloading";
  const std::string& stamp = is_up ? unit["ActiveEnterTimestamp"] : unit["StateChangeTimestamp"];
  if (microseconds_of(stamp) > 0) line += " since " + date_text(stamp) + "; " + ago_text(stamp);
  print(line + "\n");
  if (!unit["UnmetCondition"].empty()) print("  Condition: unmet: " + unit["UnmetCondition"] + "\n");
}

void print_main(const Properties& unit) {
  const auto main = static_cast<pid_t>(parse_integer(unit["MainPID"]).value_or(0));
  const std::string& last = unit["ExecMainPID"];
  if (main > 0) {
    print("   Main PID: " + std::to_string(main) + " (" + process_name(main) + ")\n");
  } else if (!last.empty() && last != "0" && unit["ExecMainCode"] != "0") {
    print("   Main PID: " + last + " (" + describe(last_end(unit)) + ")\n");
  }
  if (!unit["StatusText"].empty()) print("     Status: \"" + unit["StatusText"] + "\"\n");
}

void print_journal(const std::string& unit, int lines) {
  if (lines == 0) return;
  const std::vector<UnitEntry> entries = read_journal(kJournalFolder, {unit});
  const size_t first =
      entries.size() > static_cast<size_t>(lines) ? entries.size() - static_cast<size_t>(lines) : 0;
  if (first < entries.size()) print("\n");
  for (size_t i = first; i < entries.size(); ++i)
    print(entry_text(entries[i].entry, EntryFormat::Short) + "\n");
}

void print_status(const Properties& unit, int lines) {
  const std::string& state = unit["ActiveState"];
  const char* dot = state == "failed" ? "×" : state == "active" || state == "reloading" ? "●" : "○";
  print(std::string(dot) + " " + unit["Id"] + " - " + unit["Description"] + "\n");
  std::string loaded = "     Loaded: " + unit["LoadState"];
  const std::string& path = unit["FragmentPath"];
  if (unit["LoadState"] == "loaded")
    loaded += " (" + (path.empty() ? "part of holm's init" : path) + "; " + unit["UnitFileState"] + ")";
  else loaded += " (Reason: " + unit["LoadError"] + ")";
  print(loaded + "\n");
  if (!unit["DropInPaths"].empty()) print("    Drop-In: " + unit["DropInPaths"] + "\n");
  print_activity(unit);
  print_main(unit);
  print_processes(unit);
  print_journal(unit["Id"], lines);
}

int print_system() {
  const auto state = ask_or_complain({"system-state"});
  const auto units = ask_properties({"list"});
  if (!state || !units) return kExitFailed;
  const auto failed =
      std::ranges::count_if(*units, [](const Properties& each) { return each["ActiveState"] == "failed"; });
  const auto jobs =
      std::ranges::count_if(*units, [](const Properties& each) { return !each["Job"].empty(); });
  print("    State: " + (*state)[1] + "\n    Units: " + std::to_string(units->size()) +
        " loaded\n     Jobs: " + std::to_string(jobs) + " queued\n   Failed: " + std::to_string(failed) +
        " units\n");
  return kExitGood;
}

bool is_timestamp(std::string_view name) { return name.ends_with("Timestamp"); }

}  // namespace

Properties::Properties(const std::string& text) {
  for (std::string_view line : split(text, '\n')) {
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos) all_.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
}

const std::string& Properties::operator[](std::string_view name) const {
  static const std::string kNone;
  auto found = std::ranges::find_if(all_, [&](const auto& each) { return each.first == name; });
  return found == all_.end() ? kNone : found->second;
}

std::optional<std::vector<Properties>> ask_properties(const Fields& request) {
  const auto reply = ask_or_complain(request);
  if (!reply) return std::nullopt;
  std::vector<Properties> units;
  for (size_t i = 1; i < reply->size(); ++i) units.emplace_back((*reply)[i]);
  return units;
}

std::string date_text(const std::string& stamp) {
  const auto seconds = static_cast<time_t>(microseconds_of(stamp) / 1'000'000);
  if (seconds == 0) return "";
  tm local{};
  localtime_r(&seconds, &local);
  char text[64];
  strftime(text, sizeof text, "%a %Y-%m-%d %H:%M:%S %Z", &local);
  return text;
}

int show_status(const SystemctlOptions& options) {
  if (options.names.empty()) return print_system();
  int code = kExitGood;
  bool is_first = true;
  for (const std::string& name : unit_names(options)) {
    const auto units = ask_properties({"show", name});
    if (!units || units->empty()) return kExitFailed;
    const Properties& unit = units->front();
    const std::string& state = unit["ActiveState"];
    if (unit["LoadState"] == "not-found" && state == "inactive") {
      fputs(("Unit " + name + " could not be found.\n").c_str(), stderr);
      code = kExitNoSuchUnit;
      continue;
    }
    if (!is_first) print("\n");
    is_first = false;
    print_status(unit, options.lines);
    if (code == kExitGood && (state == "inactive" || state == "failed")) code = kExitNotRunning;
  }
  return code;
}

int show_properties(const SystemctlOptions& options) {
  Fields request{"show"};
  for (const std::string& name : unit_names(options)) request.push_back(name);
  if (request.size() == 1) {
    fputs(
        "systemctl show wants the name of a unit: properties of the manager are not built in holm's init.\n",
        stderr);
    return kExitFailed;
  }
  const auto units = ask_properties(request);
  if (!units) return kExitFailed;
  for (size_t i = 0; i < units->size(); ++i) {
    if (i > 0) print("\n");
    auto show = [&](const std::string& name, const std::string& value) {
      const std::string shown = is_timestamp(name) ? date_text(value) : value;
      print(options.shows_values ? shown + "\n" : name + "=" + shown + "\n");
    };
    for (const auto& [name, value] : (*units)[i].all()) {
      const bool is_wanted = options.properties.empty() ||
                             std::ranges::find(options.properties, name) != options.properties.end();
      if (is_wanted) show(name, value);
    }
  }
  return kExitGood;
}

int show_active(const SystemctlOptions& options) {
  Fields request{"show"};
  for (const std::string& name : unit_names(options)) request.push_back(name);
  const auto units = ask_properties(request);
  if (!units) return kExitFailed;
  int code = kExitNotRunning;
  for (const Properties& unit : *units) {
    const std::string& state = unit["ActiveState"];
    if (!options.is_quiet) print(state + "\n");
    if (state == "active" || state == "reloading") code = kExitGood;
  }
  return code;
}

int show_failed(const SystemctlOptions& options) {
  Fields request{"show"};
  for (const std::string& name : unit_names(options)) request.push_back(name);
  const auto units = ask_properties(request);
  if (!units) return kExitFailed;
  int code = kExitFailed;
  for (const Properties& unit : *units) {
    if (!options.is_quiet) print(unit["ActiveState"] + "\n");
    if (unit["ActiveState"] == "failed") code = kExitGood;
  }
  return code;
}

int list_units(const SystemctlOptions& options) {
  const auto units = ask_properties({"list"});
  if (!units) return kExitFailed;
  const std::vector<std::string> patterns = unit_names(options);
  auto is_shown = [&](const Properties& unit) {
    const std::string& name = unit["Id"];
    auto holds = [](const std::vector<std::string>& list, const std::string& value) {
      return list.empty() || std::ranges::find(list, value) != list.end();
    };
    const bool has_state = holds(options.states, unit["ActiveState"]) ||
                           holds(options.states, unit["SubState"]) ||
                           holds(options.states, unit["LoadState"]);
    const bool matches = patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
                           return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
                         });
    const bool is_idle = unit["ActiveState"] == "inactive" && unit["Job"].empty();
    const bool is_asked_for = options.shows_all || !options.states.empty() || !patterns.empty();
    return matches && has_state && holds(options.types, std::string(suffix_of(name))) &&
           (!is_idle || is_asked_for);
  };
  std::vector<Properties> shown;
  std::ranges::copy_if(*units, std::back_inserter(shown), is_shown);
  size_t width = 4;
  for (const Properties& unit : shown) width = std::max(width, unit["Id"].size());
  if (options.shows_legend && !shown.empty()) {
    print("  " + padded("UNIT", width) + " LOAD      ACTIVE       SUB          DESCRIPTION\n");
  }
  for (const Properties& unit : shown) {
    print(std::string(unit["ActiveState"] == "failed" ? "● " : "  ") + padded(unit["Id"], width) + " " +
          padded(unit["LoadState"], 9) + " " + padded(unit["ActiveState"], 12) + " " +
          padded(unit["SubState"], 12) + " " + unit["Description"] + "\n");
  }
  if (options.shows_legend) print("\n" + std::to_string(shown.size()) + " loaded units listed.\n");
  return kExitGood;
}

}  // namespace holm::init

// systemctl: options and verbs, and those that start and stop.

#include "init/systemctl.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "init/client.h"
#include "init/commands.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

struct Flag {
  const char* long_name;
  char letter;
  bool SystemctlOptions::* member;
  bool value;
};

constexpr Flag kFlags[] = {
    {"--quiet", 'q', &SystemctlOptions::is_quiet, true},
    {"--now", 0, &SystemctlOptions::is_now, true},
    {"--force", 'f', &SystemctlOptions::is_forced, true},
    {"--runtime", 0, &SystemctlOptions::is_runtime, true},
    {"--all", 'a', &SystemctlOptions::shows_all, true},
    {"--value", 0, &SystemctlOptions::shows_values, true},
    {"--no-legend", 0, &SystemctlOptions::shows_legend, false},
    {"--legend=false", 0, &SystemctlOptions::shows_legend, false},
    {"--no-block", 0, &SystemctlOptions::waits, false},
    {"--wait", 0, &SystemctlOptions::waits_for_boot, true},
};

// About looks and pagers, of which there are none here.
constexpr const char* kWithoutEffect[] = {
    "--no-pager",        "--full",      "-l", "--plain",   "--system",     "--no-wall",
    "--no-ask-password", "--no-reload", "-i", "--no-warn", "--show-types", "--recursive"};

struct Option {
  const char* long_name;
  char letter;
};
constexpr Option kOptions[] = {
    {"--property", 'p'}, {"--type", 't'},    {"--state", 0},    {"--lines", 'n'}, {"--output", 'o'},
    {"--signal", 's'},   {"--kill-whom", 0}, {"--kill-who", 0}, {"--root", 0},    {"--preset-mode", 0}};

void complain(const std::string& text) { fputs((text + "\n").c_str(), stderr); }

void append_list(std::vector<std::string>& list, const std::string& text) {
  for (std::string_view part : split(text, ',')) list.emplace_back(part);
}

bool take_option(SystemctlOptions& options, std::string_view name, const std::string& value) {
  if (name == "--property") append_list(options.properties, value);
  else if (name == "--type") append_list(options.types, value);
  else if (name == "--state") append_list(options.states, value);
  else if (name == "--output") options.output = value;
  else if (name == "--signal") options.signal = value;
  else if (name == "--kill-whom" || name == "--kill-who") options.whom = value;
  else if (name == "--preset-mode") options.preset_mode = value;
  // Of another root than the instance's own nothing is known here.
  else if (name == "--root" && value.find_first_not_of('/') == std::string::npos) return true;
  else if (name == "--lines")
    options.lines = static_cast<int>(std::clamp(parse_integer(value).value_or(10), 0LL, 100'000LL));
  else return false;
  return true;
}

// Letters may stand together, the value of the last one behind it: "-qp MainPID", "-pMainPID".
bool take_letters(SystemctlOptions& options, const std::vector<std::string>& words, size_t& at) {
  const std::string letters = words[at].substr(1);
  for (size_t i = 0; i < letters.size(); ++i) {
    if (letters[i] == 'l' || letters[i] == 'i') continue;
    auto flag = std::ranges::find(kFlags, letters[i], &Flag::letter);
    if (flag != std::end(kFlags)) {
      options.*(flag->member) = flag->value;
      continue;
    }
    auto option = std::ranges::find(kOptions, letters[i], &Option::letter);
    if (option == std::end(kOptions)) return false;
    std::string value = letters.substr(i + 1);
    if (value.empty() && ++at < words.size()) value = words[at];
    return take_option(options, option->long_name, value);
  }
  return true;
}

bool take_word(SystemctlOptions& options, const std::vector<std::string>& words, size_t& at) {
  const std::string& word = words[at];
  if (std::ranges::any_of(kWithoutEffect, [&](const char* each) { return word == each; })) return true;
  if (word == "--failed") {
    options.states.emplace_back("failed");
    return true;
  }
  for (const Flag& flag : kFlags) {
    if (word != flag.long_name) continue;
    options.*(flag.member) = flag.value;
    return true;
  }
  if (!word.starts_with("--")) return take_letters(options, words, at);
  const size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  if (std::ranges::none_of(kOptions, [&](const Option& each) { return name == each.long_name; }))
    return false;
  if (equals != std::string::npos) return take_option(options, name, word.substr(equals + 1));
  if (++at == words.size()) return false;
  return take_option(options, name, words[at]);
}

// Results of jobs, told as systemctl tells them.
int explain(const std::string& verb, const std::string& unit, const std::string& result,
            const std::string& why) {
  const std::string details =
      "\nSee \"systemctl status " + unit + "\" and \"journalctl -xeu " + unit + "\" for details.";
  if (result == "done" || result == "skipped") return kExitGood;
  if (result == "not-found") {
    complain("Failed to " + verb + " " + unit + ": Unit " + unit + " not found.");
    return kExitNotInstalled;
  }
  if (result == "not-loaded") {
    complain("Failed to " + verb + " " + unit + ": Unit " + unit + " not loaded.");
    return kExitNotInstalled;
  }
  if (result == "masked") {
    complain("Failed to " + verb + " " + unit + ": Unit " + unit + " is masked.");
  } else if (result == "bad-setting") {
    complain("Failed to " + verb + " " + unit + ": Unit " + unit + " has a bad unit file setting: " + why +
             ".");
  } else if (result == "refused" || result == "no-reload") {
    complain("Failed to " + verb + " " + unit + ": " + why);
    return why.ends_with("not found.") ? kExitNotInstalled : kExitFailed;
  } else if (result == "timeout") {
    complain("Job for " + unit + " failed because a timeout was exceeded." + details);
  } else if (result == "dependency") {
    complain("A dependency job for " + unit + " failed. See 'journalctl -xe' for details.");
  } else if (result == "canceled") {
    complain("Job for " + unit + " canceled.");
  } else if (why == "signal" || why == "core-dump") {
    complain("Job for " + unit + " failed because a fatal signal was delivered to the control process." +
             details);
  } else if (why == "exit-code") {
    complain("Job for " + unit + " failed because the control process exited with error code." + details);
  } else {
    complain("Job for " + unit + " failed (" + why + ")." + details);
  }
  return kExitFailed;
}

int reset_or_kill(const SystemctlOptions& options) {
  Fields request{options.verb};
  if (options.verb == "kill") request = {"kill", options.signal, options.whom};
  for (const std::string& name : unit_names(options)) request.push_back(name);
  return ask_or_complain(request) ? kExitGood : kExitFailed;
}

int show_system_state(const SystemctlOptions& options) {
  while (true) {
    const auto reply = ask_or_complain({"system-state"});
    if (!reply || reply->size() < 2) return kExitFailed;
    const std::string& state = (*reply)[1];
    if (state == "starting" && options.waits_for_boot) {
      pause_briefly();
      continue;
    }
    if (!options.is_quiet) puts(state.c_str());
    return state == "running" ? kExitGood : kExitFailed;
  }
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

int run_verb(SystemctlOptions& options) {
  const std::string& verb = options.verb;
  if (verb == "condrestart") options.verb = "try-restart";
  if (verb == "force-reload") options.verb = "reload-or-restart";
  const bool wants_names =
      !is_one_of(verb, {"status", "show", "list-units", "list-unit-files", "daemon-reload", "daemon-reexec",
                        "is-system-running", "reset-failed", "poweroff", "reboot", "halt", "get-default"});
  if (wants_names && options.names.empty()) {
    complain("systemctl " + verb + " wants the name of a unit.");
    return kExitFailed;
  }
  if (is_one_of(verb, {"start", "stop", "restart", "try-restart", "reload", "reload-or-restart",
                       "try-reload-or-restart"})) {
    return run_jobs(options, verb, unit_names(options));
  }
  if (verb == "status") return show_status(options);
  if (verb == "show") return show_properties(options);
  if (verb == "is-active") return show_active(options);
  if (verb == "is-failed") return show_failed(options);
  if (verb == "list-units") return list_units(options);
  if (is_one_of(verb, {"enable", "disable", "reenable", "preset", "mask", "unmask"}))
    return change_installation(options);
  if (verb == "is-enabled") return show_enabled(options);
  if (verb == "list-unit-files") return list_unit_files(options);
  if (verb == "cat") return show_files(options);
  if (verb == "get-default" || verb == "set-default") return default_target(options);
  if (verb == "reset-failed" || verb == "kill") return reset_or_kill(options);
  if (verb == "daemon-reload" || verb == "daemon-reexec") {
    return ask_or_complain({"daemon-reload"}) ? kExitGood : kExitFailed;
  }
  if (verb == "is-system-running") return show_system_state(options);
  if (verb == "poweroff" || verb == "halt")
    return ask_or_complain({"shutdown", "off", "0"}) ? kExitGood : kExitFailed;
  if (verb == "reboot") return ask_or_complain({"shutdown", "reboot", "0"}) ? kExitGood : kExitFailed;
  complain("systemctl " + verb + " is not built in holm's init.");
  return kExitFailed;
}

}  // namespace

std::optional<int> parse_systemctl(const std::vector<std::string>& words, SystemctlOptions& options) {
  bool only_names = false;
  for (size_t at = 0; at < words.size(); ++at) {
    const std::string word = words[at];
    if (word == "--" && !only_names) {
      only_names = true;
    } else if (word == "--version") {
      puts("holm's init: the common part of systemd 252");
      return kExitGood;
    } else if (word == "--user" || word == "--global") {
      complain("Failed to connect to bus: there are no user units in a holm instance");
      return kExitFailed;
    } else if (word.size() > 1 && word.starts_with('-') && !only_names) {
      if (take_word(options, words, at)) continue;
      complain("systemctl: the option " + word + " is not built in holm's init.");
      return kExitFailed;
    } else if (options.verb.empty()) {
      options.verb = word;
    } else {
      options.names.push_back(word);
    }
  }
  if (options.verb.empty()) options.verb = "list-units";
  return std::nullopt;
}

std::vector<std::string> unit_names(const SystemctlOptions& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.names) {
    names.push_back(name.find('/') == std::string::npos ? with_suffix(name) : name);
  }
  return names;
}

std::optional<Fields> ask_or_complain(const Fields& request) {
  auto reply = ask_init(request);
  if (!reply) {
    complain("System has not been booted with holm's init, or it cannot be reached: " +
             reply.error().message);
    return std::nullopt;
  }
  if (!reply->empty() && reply->front() == "ok") return std::move(*reply);
  complain(reply->size() > 1 ? (*reply)[1] : "The first process refused.");
  return std::nullopt;
}

int run_jobs(const SystemctlOptions& options, const std::string& verb,
             const std::vector<std::string>& names) {
  Fields request{verb, options.waits ? "wait" : "no-block"};
  request.insert(request.end(), names.begin(), names.end());
  for (const std::string& name : names) {
    const auto known = ask_properties({"show", name});
    if (known && !known->empty() && known->front()["NeedDaemonReload"] == "yes" &&
        known->front()["ActiveState"] != "inactive" && !options.is_quiet) {
      complain("Warning: The unit file, source configuration file or drop-ins of " + name +
               " changed on disk. Run 'systemctl daemon-reload' to reload units.");
    }
  }
  const auto reply = ask_or_complain(request);
  if (!reply) return kExitFailed;
  int code = kExitGood;
  for (size_t i = 1; i + 2 < reply->size(); i += 3) {
    const int each = explain(verb, (*reply)[i], (*reply)[i + 1], (*reply)[i + 2]);
    if (code == kExitGood) code = each;
  }
  return code;
}

int run_systemctl(const std::vector<std::string>& words) {
  SystemctlOptions options;
  if (auto code = parse_systemctl(words, options)) return *code;
  return run_verb(options);
}

}  // namespace holm::init

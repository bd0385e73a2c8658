// shutdown, poweroff, reboot, halt: words for one request.

#include <cstdio>

#include "base/strings.h"
#include "init/client.h"
#include "init/commands.h"

namespace holm::init {

namespace {

int ask(const std::string& what, long long minutes) {
  const auto reply = ask_init({"shutdown", what, std::to_string(minutes)});
  if (reply && !reply->empty() && reply->front() == "ok") return 0;
  const std::string why = !reply ? reply.error().message : reply->size() > 1 ? (*reply)[1] : "refused";
  fputs(("Failed to shut down: " + why + "\n").c_str(), stderr);
  return 1;
}

// "now", "+5", "5"; without a time it is one minute.
std::optional<long long> parse_minutes(std::string_view text) {
  if (text == "now") return 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto minutes = parse_integer(text);
  return minutes && *minutes >= 0 ? minutes : std::nullopt;
}

}  // namespace

int run_shutdown(const std::string& name, const std::vector<std::string>& words) {
  std::string what = name == "reboot" ? "reboot" : "off";
  long long minutes = name == "shutdown" ? 1 : 0;
  bool has_time = false;
  for (const std::string& word : words) {
    if (word == "-r" || word == "--reboot") {
      what = "reboot";
    } else if (word == "-c") {
      what = "cancel";
    } else if (word == "-h" || word == "-H" || word == "-P" || word == "--halt" || word == "--poweroff" ||
               word == "-p") {
      what = "off";
    } else if (word.starts_with('-')) {
      // -f, --no-wall and the like are about things that are not here.
      continue;
    } else if (name == "shutdown" && !has_time) {
      const auto given = parse_minutes(word);
      if (!given) {
        fputs(
            ("Failed to parse time specification: " + word + ": now and +MINUTES are built in holm's init\n")
                .c_str(),
            stderr);
        return 1;
      }
      minutes = *given;
      has_time = true;
    }
  }
  return ask(what, minutes);
}

}  // namespace holm::init

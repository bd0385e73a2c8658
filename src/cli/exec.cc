// `holm exec INSTANCE -- CMD`: a command inside an instance, with this terminal.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cli/commands.h"
#include "sandbox/anchor.h"
#include "sandbox/runtime.h"

namespace holm::cli {

int exec(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.words;
  if (words.size() < 2 || words[1] != "--" || words.size() == 2) {
    fmt::print(stderr, "holm: usage: holm exec i-0123456789abcdef0 -- COMMAND …\n");
    return 2;
  }
  auto anchor = sandbox::Anchor::open({.data_directory = arguments.options.data_directory, .command = {}});
  if (!anchor) {
    fmt::print(stderr, "holm: no region runs on {}\n", arguments.options.data_directory);
    return 1;
  }
  const bool has_terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  const char* terminal_kind = std::getenv("TERM");
  sandbox::ExecSpec spec{
      .args = {words.begin() + 2, words.end()},
      .env = {fmt::format("TERM={}", terminal_kind != nullptr ? terminal_kind : "dumb")},
      .working_directory = "/root",
      .input = STDIN_FILENO,
      .output = STDOUT_FILENO,
      .error = STDERR_FILENO,
      .terminal = has_terminal ? sandbox::ExecSpec::Terminal::Yes : sandbox::ExecSpec::Terminal::No};
  auto ended = sandbox::exec_in(arguments.options.data_directory, **anchor, words[0], spec);
  if (!ended) {
    fmt::print(stderr, "holm: {}\n", ended.error().message);
    return 1;
  }
  return ended->signal != 0 ? 128 + ended->signal : ended->code;
}

}  // namespace holm::cli

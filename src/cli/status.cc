// `holm status` and `holm logs`: what runs, and what the daemon says.

#include <fmt/format.h>

#include <cstdio>

#include "base/files.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/graph.h"
#include "region/addresses.h"
#include "region/credentials_file.h"
#include "sandbox/anchor.h"

namespace holm::cli {

namespace {

constexpr size_t kLogLines = 50;

void print_sandboxes(const region::Options& options) {
  auto anchor = sandbox::Anchor::open({.data_directory = options.data_directory, .command = {}});
  if (!anchor) return;
  auto processes = (*anchor)->processes();
  if (!processes) return;
  for (const sandbox::AnchorProcess& each : *processes) {
    fmt::print("{:<28} {} (process {})\n", each.name, each.ended ? "ended" : "running", each.pid);
  }
}

}  // namespace

int status(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.words;
  if (!words.empty() && words[0] == "--graph" && words.size() <= 2) {
    return graph(arguments.options, words.size() == 2 ? words[1] : "");
  }
  if (!words.empty()) {
    fmt::print(stderr, "holm: usage: holm status [--graph [DASHBOARD] > picture.svg]\n");
    return 2;
  }
  const int id = daemon_process_id(arguments.options);
  if (id == 0) {
    fmt::print("The region on {} is not running.\n", arguments.options.data_directory);
    return 1;
  }
  auto key = region::read_credentials(region::credentials_path(arguments.options));
  fmt::print("The region on {} is running (process {}, account {}).\n", arguments.options.data_directory, id,
             key ? key->account : "unknown");
  if (auto api = region::api_address(arguments.options))
    fmt::print("API:   http://localhost:{}\n", api->port());
  if (auto edge = region::edge_address(arguments.options)) fmt::print("Sites: port {}\n", edge->port());
  print_sandboxes(arguments.options);
  return 0;
}

int logs(const Arguments& arguments) {
  if (!arguments.words.empty()) {
    fmt::print(stderr, "holm: aws logs tail {} prints the events of a log group\n", arguments.words.front());
    return 2;
  }
  auto text = read_file(arguments.options.data_directory + "/logs/daemon.log");
  if (!text) {
    fmt::print(stderr, "holm: {}\n", text.error().message);
    return 1;
  }
  auto lines = split(trim(*text), '\n');
  for (size_t i = lines.size() > kLogLines ? lines.size() - kLogLines : 0; i < lines.size(); ++i) {
    fmt::print("{}\n", lines[i]);
  }
  return 0;
}

}  // namespace holm::cli

// `holm down`: everything stops; what is stored stays.

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/unique_fd.h"
#include "cli/commands.h"
#include "sandbox/anchor.h"
#include "sandbox/network.h"
#include "sandbox/runtime.h"

namespace holm::cli {

namespace {

// What it does last, writing out its indexes, takes a while on a busy machine; a kill would leave that to the next
// start.
constexpr int kDaemonMilliseconds = 30'000;

// Sandboxes first, while their network is still there, then the network, then what held both.
Result<void> stop_sandboxes(const region::Options& options) {
  const std::string& directory = options.data_directory;
  auto anchor = sandbox::Anchor::open({.data_directory = directory, .command = {}});
  // None answers: nothing runs, unless it was killed and what it held lives on. A new one can end that.
  if (!anchor && sandbox::leftovers(directory).empty()) return {};
  if (!anchor) {
    anchor = sandbox::Anchor::open(
        {.data_directory = directory, .command = {"/proc/self/exe", "anchor", "--data", directory}});
  }
  if (!anchor) return std::unexpected(anchor.error());
  sandbox::Network network({.data_directory = directory}, **anchor);
  {
    auto runtime = sandbox::Runtime::open({.data_directory = directory}, **anchor, &network,
                                          [](const std::string&, const sandbox::ExitStatus&) {});
    if (!runtime) return std::unexpected(runtime.error());
    if (auto removed = (*runtime)->remove_all(sandbox::Runtime::Layer::Keep); !removed) return removed;
  }
  if (auto removed = network.remove_all(); !removed) return removed;
  return (*anchor)->quit();
}

}  // namespace

void stop_daemon(const region::Options& options) {
  const int id = daemon_process_id(options);
  if (id == 0) return;
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
  ::kill(id, SIGTERM);
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ended, 1, kDaemonMilliseconds) == 0) ::kill(id, SIGKILL);
  ::poll(&ended, 1, kDaemonMilliseconds);
}

int down(const Arguments& arguments) {
  if (!require_root()) return 1;
  stop_daemon(arguments.options);
  if (auto stopped = stop_sandboxes(arguments.options); !stopped) {
    fmt::print(stderr, "holm: {}\n", stopped.error().message);
    return 1;
  }
  const std::vector<std::string> left = sandbox::leftovers(arguments.options.data_directory);
  for (const std::string& sentence : left) fmt::print(stderr, "holm: {}\n", sentence);
  return left.empty() ? 0 : 1;
}

}  // namespace holm::cli

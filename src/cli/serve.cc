// `holm serve`: the daemon, and starting it in the background for other verbs.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "region/region.h"
#include "sandbox/anchor.h"

namespace holm::cli {

namespace {

// Where a parent that waits for the daemon reads "ready" or the sentence that says why not.
constexpr char kReadyVariable[] = "HOLM_READY_DESCRIPTOR";

class ReadyPipe {
 public:
  ReadyPipe() {
    const char* given = std::getenv(kReadyVariable);
    if (given != nullptr) pipe_.reset(std::atoi(given));
    if (pipe_) ::fcntl(pipe_.get(), F_SETFD, FD_CLOEXEC);
    ::unsetenv(kReadyVariable);
  }
  void tell(std::string_view text) {
    if (pipe_) [[maybe_unused]]
      ssize_t written = ::write(pipe_.get(), text.data(), text.size());
    pipe_.reset();
  }

 private:
  UniqueFd pipe_;
};

// Held as long as the daemon lives: two daemons on one data directory would destroy each other's work.
Result<UniqueFd> lock_data_directory(const region::Options& options) {
  if (auto made = make_directories(options.data_directory + "/run"); !made)
    return std::unexpected(made.error());
  UniqueFd file(::open(region::process_id_path(options).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file)
    return failure(fmt::format("cannot open {}: {}", region::process_id_path(options), std::strerror(errno)));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return failure(fmt::format("a region runs already on {}; `holm down` stops it", options.data_directory));
  }
  const std::string id = std::to_string(::getpid());
  if (::ftruncate(file.get(), 0) != 0 || ::write(file.get(), id.data(), id.size()) < 0) {
    return failure(fmt::format("cannot write to {}: {}", options.data_directory, std::strerror(errno)));
  }
  return file;
}

int fail(ReadyPipe& ready, const std::string& message) {
  fmt::print(stderr, "holm: {}\n", message);
  ready.tell(message);
  return 1;
}

[[noreturn]] void become_daemon(const region::Options& options, int ready_write, int log) {
  ::setsid();
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  UniqueFd nothing(::open("/dev/null", O_RDONLY));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::setenv(kReadyVariable, std::to_string(ready_write).c_str(), 1);
  std::vector<std::string> words = {"holm",     "serve",
                                    "--data",   options.data_directory,
                                    "--listen", options.api_address,
                                    "--region", options.default_region};
  if (options.edge_fallback_address.empty()) {
    words.insert(words.end(), {"--edge", options.edge_address});
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

}  // namespace

int daemon_process_id(const region::Options& options) {
  UniqueFd file(::open(region::process_id_path(options).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return 0;
  auto text = read_file(region::process_id_path(options));
  return text ? static_cast<int>(parse_integer(trim(*text)).value_or(0)) : 0;
}

int ensure_daemon(const region::Options& options) {
  if (daemon_process_id(options) != 0) return 0;
  if (auto made = make_directories(options.data_directory + "/logs"); !made) {
    fmt::print(stderr, "holm: {}\n", made.error().message);
    return 1;
  }
  UniqueFd log(::open((options.data_directory + "/logs/daemon.log").c_str(),
                      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  std::array<int, 2> ends{};
  if (!log || ::pipe(ends.data()) != 0) {
    fmt::print(stderr, "holm: cannot start the daemon: {}\n", std::strerror(errno));
    return 1;
  }
  UniqueFd ready_read(ends[0]), ready_write(ends[1]);
  ::fcntl(ready_read.get(), F_SETFD, FD_CLOEXEC);
  const pid_t child = ::fork();
  if (child == 0) become_daemon(options, ready_write.get(), log.get());
  ready_write.reset();
  std::string told;
  std::array<char, 1024> buffer{};
  ssize_t got = 0;
  while ((got = ::read(ready_read.get(), buffer.data(), buffer.size())) > 0) {
    told.append(buffer.data(), static_cast<size_t>(got));
  }
  if (told == "ready") return 0;
  // It ends now, and nothing of it is to be met by whoever reads why.
  ::waitpid(child, nullptr, 0);
  fmt::print(stderr, "holm: {}\n",
             told.empty()
                 ? "the daemon ended while starting; see " + options.data_directory + "/logs/daemon.log"
                 : told);
  return 1;
}

int serve(const Arguments& arguments) {
  ReadyPipe ready;
  // Before any thread exists, so that all inherit it: signals are waited for below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto lock = lock_data_directory(arguments.options);
  if (!lock) return fail(ready, lock.error().message);
  auto region = region::Region::start(arguments.options);
  if (!region) return fail(ready, region.error().message);
  fmt::print(stderr, "holm is ready at {} (account {}); eval \"$(holm env)\" points AWS clients to it\n",
             (*region)->endpoint(), (*region)->account());
  ready.tell("ready");
  int signal = 0;
  ::sigwait(&signals, &signal);
  return 0;
}

int anchor(const Arguments& arguments) {
  return sandbox::run_anchor({.data_directory = arguments.options.data_directory});
}

}  // namespace holm::cli

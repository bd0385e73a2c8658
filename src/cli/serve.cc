// `holm serve`: the daemon, and starting it in the background for other verbs.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>

#include "base/files.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "cli/commands.h"
#include "region/machine.h"
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

// Of the open file, so that who asks about it does not have to take it for a moment.
struct flock whole_file(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Held as long as the daemon lives: two daemons on one data directory would destroy each other's work.
Result<UniqueFd> lock_data_directory(const region::Options& options) {
  if (auto made = make_directories(options.data_directory + "/run"); !made)
    return std::unexpected(made.error());
  UniqueFd file(::open(region::process_id_path(options).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file)
    return failure(fmt::format("cannot open {}: {}", region::process_id_path(options), std::strerror(errno)));
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
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
  // Not among the words, which others can read.
  if (!options.mail_relay.empty()) ::setenv("HOLM_MAIL_RELAY", options.mail_relay.c_str(), 1);
  ::setenv("HOLM_MAIL_FROM", options.mail_sender.c_str(), 1);
  std::vector<std::string> words = {"holm",          "serve",
                                    "--data",        options.data_directory,
                                    "--listen",      options.api_address,
                                    "--region",      options.default_region,
                                    "--new-buckets", options.new_buckets,
                                    "--lifecycle-day", options.lifecycle_day};
  if (options.edge_fallback_address.empty()) {
    words.insert(words.end(), {"--edge", options.edge_address});
  }
  if (options.secure_edge_fallback_address.empty()) {
    words.insert(words.end(), {"--secure-edge", options.secure_edge_address});
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

// A file that was replaced since is another one.
bool is_this_program(int process) {
  struct stat theirs{};
  struct stat mine{};
  return ::stat(fmt::format("/proc/{}/exe", process).c_str(), &theirs) == 0 &&
         ::stat("/proc/self/exe", &mine) == 0 && theirs.st_dev == mine.st_dev && theirs.st_ino == mine.st_ino;
}

int start_daemon(const region::Options& options) {
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
  int ended = 0;
  ::waitpid(child, &ended, 0);
  if (told.empty()) {
    told = fmt::format("the daemon ended while starting ({} {}); see {}/logs/daemon.log",
                       WIFSIGNALED(ended) ? "signal" : "code",
                       WIFSIGNALED(ended) ? WTERMSIG(ended) : WEXITSTATUS(ended), options.data_directory);
  }
  fmt::print(stderr, "holm: {}\n", told);
  return 1;
}

}  // namespace

int daemon_process_id(const region::Options& options) {
  UniqueFd file(::open(region::process_id_path(options).c_str(), O_RDONLY | O_CLOEXEC));
  struct flock lock = whole_file(F_RDLCK);
  const bool is_held = file && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  if (!is_held) return 0;
  auto text = read_file(region::process_id_path(options));
  return text ? static_cast<int>(parse_integer(trim(*text)).value_or(0)) : 0;
}

bool require_root() {
  if (::geteuid() == 0) return true;
  fmt::print(stderr, "holm: root is needed, for namespaces, mounts and control groups; sudo gives it\n");
  return false;
}

int ensure_daemon(const region::Options& options) {
  if (!require_root()) return 1;
  const int running = daemon_process_id(options);
  if (running == 0) return start_daemon(options);
  if (is_this_program(running)) return 0;
  region::Options same = options;
  if (auto api = read_file(region::api_address_path(options))) same.api_address = trim(*api);
  if (auto edge = read_file(region::edge_address_path(options))) same.edge_address = trim(*edge);
  same.edge_fallback_address.clear();
  if (auto edge = read_file(region::secure_edge_address_path(options))) {
    same.secure_edge_address = trim(*edge);
  }
  same.secure_edge_fallback_address.clear();
  fmt::print("The region runs another build of holm; this one takes over.\n");
  stop_daemon(options);
  return start_daemon(same);
}

namespace {

Result<std::unique_ptr<region::Region>> start_region(const region::Options& options) {
  try {
    return region::Region::start(options);
  } catch (const std::exception& error) {
    return failure(fmt::format("cannot use what is stored in {}: {}", options.data_directory, error.what()));
  }
}

}  // namespace

int serve(const Arguments& arguments) {
  if (!require_root()) return 1;
  ReadyPipe ready;
  // Before any thread exists, so that all inherit it: signals are waited for below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  if (auto able = region::check_machine(); !able) return fail(ready, able.error().message);
  auto lock = lock_data_directory(arguments.options);
  if (!lock) return fail(ready, lock.error().message);
  auto region = start_region(arguments.options);
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

// The anchor process: it starts what it is told, keeps descriptors, and remembers how processes
// ended.

#include "sandbox/anchor.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/system_clock.h"
#include "base/time_format.h"
#include "sandbox/anchor_message.h"
#include "sandbox/control_groups.h"

namespace holm::sandbox {

namespace {

// A client that does not read its answer for so long is dropped.
constexpr timeval kSendTimeout{2, 0};
constexpr int kLockAttemptsMax = 400;
constexpr int kLockAttemptMilliseconds = 5;
constexpr int kSpareDescriptor = 200;
constexpr size_t kUnclaimedExitsMax = 4096;

struct Child {
  enum class Kind {
    Process,   // Its client waits for its end.
    Launcher,  // Its client waits for what it launches.
    Launched,  // Known by name until its exit is acknowledged.
  };
  Kind kind = Kind::Process;
  std::string name;
  std::string pid_file;
  pid_t pid = 0;
  int client = -1;
  bool ended = false;
  ExitStatus exit;
};

std::vector<std::string> exit_fields(const ExitStatus& exit) {
  return {std::to_string(exit.code), std::to_string(exit.signal),
          std::to_string(to_milliseconds(exit.time))};
}

ExitStatus exit_status(int wait_status, Time time) {
  ExitStatus exit;
  exit.time = time;
  if (WIFEXITED(wait_status)) exit.code = WEXITSTATUS(wait_status);
  if (WIFSIGNALED(wait_status)) exit.signal = WTERMSIG(wait_status);
  return exit;
}

UniqueFd open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

struct Request {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string directory;
  int mount_namespace = -1;
  std::vector<int> descriptors;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// In the new process; only returns when something failed.
void become(const Request& request) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setsid();
  int count = std::max<int>(3, static_cast<int>(request.descriptors.size()));
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  // First out of the way, then into place: source and target numbers may overlap.
  std::vector<int> spare;
  for (int i = 0; i < count; ++i) {
    size_t index = static_cast<size_t>(i);
    int fd = index < request.descriptors.size() ? request.descriptors[index] : null.get();
    spare.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, kSpareDescriptor));
  }
  if (request.mount_namespace >= 0 && ::setns(request.mount_namespace, CLONE_NEWNS) != 0) return;
  for (int i = 0; i < count; ++i) {
    if (::dup2(spare[static_cast<size_t>(i)], i) < 0) return;
  }
  ::close_range(static_cast<unsigned>(count), ~0U, 0);
  if (::chdir(request.directory.c_str()) != 0) return;
  ::execvpe(request.args[0].c_str(), pointers(request.args).data(), pointers(request.env).data());
}

class Server {
 public:
  explicit Server(const AnchorOptions& options) : options_(options) {}
  Result<void> prepare();
  void serve();

 private:
  void accept_client();
  void read_client(int client);
  void answer(int client, AnchorMessage& message);
  void start(int client, const AnchorMessage& message, Child::Kind kind);
  void send_list(int client);
  void send_processes(int client);
  void reap();
  void ended(pid_t pid, const ExitStatus& exit);
  void launched(Child launcher, const ExitStatus& exit);
  void announce(const Child& child);
  void reply(int client, const std::vector<std::string>& fields,
             const std::vector<int>& descriptors = {});
  void kill_all();

  const AnchorOptions& options_;
  SystemClock clock_;
  UniqueFd lock_;
  UniqueFd signals_;
  UniqueFd listener_;
  std::map<int, UniqueFd> clients_;
  std::vector<int> watchers_;
  std::map<std::string, UniqueFd> kept_;
  std::vector<Child> children_;
  // Exits of processes nobody has named yet: what a launcher left running may end before the
  // launcher.
  std::map<pid_t, ExitStatus> unclaimed_;
  bool quit_ = false;
};

Result<void> Server::prepare() {
  if (auto made = make_directories(options_.data_directory + "/run"); !made) return made;
  std::string lock = options_.data_directory + "/run/anchor.lock";
  lock_.reset(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  // One that was just killed holds it for a moment.
  for (int attempt = 0; ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (attempt == kLockAttemptsMax) return failure("another anchor is running");
    ::poll(nullptr, 0, kLockAttemptMilliseconds);
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "holm-anchor");
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) {
    return failure(std::string("a private mount namespace: ") + std::strerror(errno));
  }
  if (auto view = make_control_group_view(options_.data_directory + "/run"); !view) {
    // Sandboxes then run without limits, which the probe has told already.
    log::warning(view.error().message);
  }
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) ::signal(signal, SIG_IGN);
  signals_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  std::string path = anchor_socket_path(options_.data_directory);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return failure("the data directory's path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  listener_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::unlink(path.c_str());
  ::umask(0177);
  int bound = ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  ::umask(022);
  if (bound != 0 || ::listen(listener_.get(), 256) != 0) {
    return failure(path + ": " + std::strerror(errno));
  }
  return {};
}

void Server::serve() {
  while (!quit_) {
    std::vector<pollfd> polled{{signals_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& [fd, owner] : clients_) polled.push_back({fd, POLLIN, 0});
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents) reap();
    if (polled[1].revents) accept_client();
    for (size_t i = 2; i < polled.size() && !quit_; ++i) {
      if (polled[i].revents) read_client(polled[i].fd);
    }
  }
  kill_all();
  ::unlink(anchor_socket_path(options_.data_directory).c_str());
}

void Server::accept_client() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) return;
  ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof(kSendTimeout));
  int fd = client.get();
  clients_[fd] = std::move(client);
}

void Server::read_client(int client) {
  auto message = receive_message(client);
  if (!message || !*message) {
    clients_.erase(client);
    std::erase(watchers_, client);
    for (Child& child : children_) {
      if (child.client == client) child.client = -1;
    }
    return;
  }
  answer(client, **message);
}

void Server::answer(int client, AnchorMessage& message) {
  std::string_view verb = message.field(0);
  std::string name(message.field(1));
  if (verb == "keep" && message.descriptors.size() == 1) {
    kept_[name] = std::move(message.descriptors[0]);
    return reply(client, {"ok"});
  }
  if (verb == "hello") return reply(client, {"ok"});
  if (verb == "drop") {
    kept_.erase(name);
    return reply(client, {"ok"});
  }
  if (verb == "find") {
    auto found = kept_.find(name);
    if (found == kept_.end()) return reply(client, {"none"});
    return reply(client, {"found"}, {found->second.get()});
  }
  if (verb == "acknowledge") {
    std::erase_if(children_, [&](const Child& child) { return child.ended && child.name == name; });
    return reply(client, {"ok"});
  }
  if (verb == "namespace") {
    UniqueFd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    return reply(client, {"found"}, {own.get()});
  }
  if (verb == "watch") {
    watchers_.push_back(client);
    reply(client, {"ok"});
    for (const Child& child : children_) {
      if (child.ended) announce(child);
    }
    return;
  }
  if (verb == "list") return send_list(client);
  if (verb == "processes") return send_processes(client);
  if (verb == "run") return start(client, message, Child::Kind::Process);
  if (verb == "launch") return start(client, message, Child::Kind::Launcher);
  if (verb == "quit") {
    quit_ = true;
    return;
  }
  reply(client, {"error", "unknown request"});
}

// run|launch, name, pid file, directory, has a mount namespace, number of arguments, arguments,
// environment.
void Server::start(int client, const AnchorMessage& message, Child::Kind kind) {
  Request request;
  request.directory = message.field(3);
  size_t count = static_cast<size_t>(message.number(5));
  if (count == 0 || message.fields.size() < 6 + count)
    return reply(client, {"error", "no command"});
  auto args = message.fields.begin() + 6;
  request.args.assign(args, args + static_cast<ptrdiff_t>(count));
  request.env.assign(args + static_cast<ptrdiff_t>(count), message.fields.end());
  for (const UniqueFd& fd : message.descriptors) request.descriptors.push_back(fd.get());
  if (message.field(4) == "1" && !request.descriptors.empty()) {
    request.mount_namespace = request.descriptors.front();
    request.descriptors.erase(request.descriptors.begin());
  }
  std::string name(message.field(1));
  for (const Child& child : children_) {
    if (kind == Child::Kind::Launcher && child.name == name) {
      return reply(client, {"error", name + " exists already"});
    }
  }
  pid_t pid = ::fork();
  if (pid < 0) return reply(client, {"error", std::string("fork: ") + std::strerror(errno)});
  if (pid == 0) {
    become(request);
    ::_exit(127);
  }
  Child child{.kind = kind, .name = kind == Child::Kind::Launcher ? name : std::string()};
  child.pid_file = message.field(2);
  child.pid = pid;
  child.client = client;
  children_.push_back(child);
}

void Server::send_list(int client) {
  for (const auto& [name, descriptor] : kept_) reply(client, {"kept", name}, {descriptor.get()});
  reply(client, {"end"});
}

void Server::send_processes(int client) {
  for (const Child& child : children_) {
    if (child.kind != Child::Kind::Launched) continue;
    std::vector<std::string> fields{"process", child.name, std::to_string(child.pid),
                                    child.ended ? "1" : "0"};
    for (std::string& field : exit_fields(child.exit)) fields.push_back(std::move(field));
    UniqueFd pidfd = child.ended ? UniqueFd() : open_pidfd(child.pid);
    if (pidfd) {
      reply(client, fields, {pidfd.get()});
    } else {
      reply(client, fields);
    }
  }
  reply(client, {"end"});
}

void Server::reap() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof(info)) > 0) {
  }
  while (true) {
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) break;
    ended(pid, exit_status(status, clock_.now()));
  }
  bool launching = std::ranges::any_of(
      children_, [](const Child& child) { return child.kind == Child::Kind::Launcher; });
  if (!launching) unclaimed_.clear();
}

void Server::ended(pid_t pid, const ExitStatus& exit) {
  auto found = std::ranges::find_if(
      children_, [&](const Child& child) { return child.pid == pid && !child.ended; });
  if (found == children_.end()) {
    if (unclaimed_.size() < kUnclaimedExitsMax) unclaimed_[pid] = exit;
    return;
  }
  if (found->kind == Child::Kind::Launched) {
    found->ended = true;
    found->exit = exit;
    return announce(*found);
  }
  Child child = *found;
  children_.erase(found);
  if (child.kind == Child::Kind::Launcher) return launched(child, exit);
  std::vector<std::string> fields{"ended"};
  for (std::string& field : exit_fields(exit)) fields.push_back(std::move(field));
  reply(child.client, fields);
}

void Server::launched(Child launcher, const ExitStatus& exit) {
  std::vector<std::string> fields{"launched"};
  for (std::string& field : exit_fields(exit)) fields.push_back(std::move(field));
  auto text = exit.succeeded() ? read_file(launcher.pid_file) : Result<std::string>("");
  auto pid = text ? parse_integer(trim(*text)) : std::nullopt;
  if (!pid || *pid <= 1) {
    fields.push_back("0");
    return reply(launcher.client, fields);
  }
  Child child{.kind = Child::Kind::Launched, .name = launcher.name};
  child.pid = static_cast<pid_t>(*pid);
  fields.push_back(std::to_string(child.pid));
  if (auto early = unclaimed_.find(child.pid); early != unclaimed_.end()) {
    child.ended = true;
    child.exit = early->second;
    unclaimed_.erase(early);
  }
  children_.push_back(child);
  UniqueFd pidfd = child.ended ? UniqueFd() : open_pidfd(child.pid);
  reply(launcher.client, fields, pidfd ? std::vector<int>{pidfd.get()} : std::vector<int>{});
  if (child.ended) announce(child);
}

void Server::announce(const Child& child) {
  std::vector<std::string> fields{"exit", child.name, std::to_string(child.pid)};
  for (std::string& field : exit_fields(child.exit)) fields.push_back(std::move(field));
  for (int watcher : watchers_) reply(watcher, fields);
}

void Server::reply(int client, const std::vector<std::string>& fields,
                   const std::vector<int>& descriptors) {
  if (client < 0) return;
  // A client that is gone is noticed when its connection is read.
  (void)send_message(client, fields, descriptors);
}

void Server::kill_all() {
  for (const Child& child : children_) {
    if (!child.ended) ::kill(child.pid, SIGKILL);
  }
  for (const Child& child : children_) {
    if (!child.ended) ::waitpid(child.pid, nullptr, 0);
  }
}

}  // namespace

int run_anchor(const AnchorOptions& options) {
  // Before anything else is opened, so that it is the starter's. Closing it tells that this one listens or has
  // ended.
  UniqueFd told(::fcntl(kToldDescriptor, F_GETFD) >= 0 ? kToldDescriptor : -1);
  if (told) ::fcntl(told.get(), F_SETFD, FD_CLOEXEC);
  Server server(options);
  if (auto prepared = server.prepare(); !prepared) {
    log::error(prepared.error().message);
    return 1;
  }
  told.reset();
  server.serve();
  return 0;
}

}  // namespace holm::sandbox

// The daemon's side of the anchor.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "sandbox/anchor.h"
#include "sandbox/anchor_message.h"
#include "sandbox/names.h"

namespace holm::sandbox {

struct Anchor::State {
  std::string data_directory;
  bool is_new = false;
  pid_t pid = 0;
  Watcher watcher;
  UniqueFd stop;
  UniqueFd events;
  std::thread thread;
};

namespace {

constexpr int kStartMilliseconds = 20'000;

Result<UniqueFd> connect_to_anchor(const std::string& data_directory) {
  std::string path = anchor_socket_path(data_directory);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return failure("the data directory's path is too long for a socket: " + data_directory);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return failure("connecting to the anchor: " + std::string(std::strerror(errno)));
  }
  return socket;
}

// In a child of a child, so that the daemon is neither its parent nor its session's leader. Makes only calls that
// are safe while other threads were running.
[[noreturn]] void become_anchor(int log, int told, char* const* argv) {
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  // First out of the way of the numbers that they get.
  log = ::fcntl(log, F_DUPFD, kToldDescriptor + 1);
  told = ::fcntl(told, F_DUPFD, kToldDescriptor + 1);
  int null = ::fcntl(::open("/dev/null", O_RDWR), F_DUPFD, kToldDescriptor + 1);
  ::dup2(null, 0);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::dup2(told, kToldDescriptor);
  ::close_range(kToldDescriptor + 1, ~0U, 0);
  // A guest's file system is made relative to the root, and nothing shall keep a folder in use.
  if (::chdir("/") == 0) ::execv(argv[0], argv);
  ::_exit(127);
}

std::string log_path(const AnchorClientOptions& options) { return options.data_directory + "/run/anchor.log"; }

// Why an anchor that was started does not answer: its last words.
std::string reason_in_log(const AnchorClientOptions& options) {
  auto text = read_file(log_path(options));
  const std::string_view words = text ? trim(*text) : std::string_view();
  if (words.empty()) return "the anchor did not start, and says nothing in " + log_path(options);
  return "the anchor did not start: " + std::string(words.substr(words.rfind('\n') + 1));
}

// Returns when it listens, or has ended.
Result<void> start_anchor(const AnchorClientOptions& options) {
  if (options.command.empty()) return failure("no command to start the anchor with");
  if (anchor_socket_path(options.data_directory).size() >= sizeof(sockaddr_un::sun_path)) {
    return failure("the data directory's path is too long for a socket in it: " + options.data_directory);
  }
  if (auto made = make_directories(options.data_directory + "/run"); !made) return made;
  std::vector<char*> argv;
  for (const std::string& text : options.command) argv.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  UniqueFd log(::open(log_path(options).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  std::array<int, 2> ends{};
  if (!log || ::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(system_error(log_path(options)));
  UniqueFd listening(ends[0]);
  UniqueFd told(ends[1]);
  // What /proc/self/exe means is read before the fork: it stays the daemon's own program.
  pid_t child = ::fork();
  if (child < 0) return failure(std::string("fork: ") + std::strerror(errno));
  if (child == 0) become_anchor(log.get(), told.get(), argv.data());
  ::waitpid(child, nullptr, 0);
  told.reset();
  pollfd polled{listening.get(), POLLIN, 0};
  while (::poll(&polled, 1, kStartMilliseconds) < 0 && errno == EINTR) {
  }
  return {};
}

pid_t peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer.pid;
}

ExitStatus read_exit(const AnchorMessage& message, size_t first) {
  ExitStatus exit;
  exit.code = static_cast<int>(message.number(first));
  exit.signal = static_cast<int>(message.number(first + 1));
  exit.time = from_milliseconds(message.number(first + 2));
  return exit;
}

Result<AnchorMessage> receive_answer(int socket) {
  auto answer = receive_message(socket);
  if (!answer) return std::unexpected(answer.error());
  if (!*answer) return failure("the anchor is gone");
  if ((*answer)->field(0) == "error") return failure(std::string((*answer)->field(1)));
  return std::move(**answer);
}

// An answer tells more than a connection: that of a dying anchor may still be accepted by its
// queue.
std::optional<pid_t> greet(const std::string& data_directory) {
  auto socket = connect_to_anchor(data_directory);
  if (!socket || !send_message(socket->get(), {"hello"})) return std::nullopt;
  if (!receive_answer(socket->get())) return std::nullopt;
  return peer_of(socket->get());
}

// One question, one answer, on a connection of its own.
Result<AnchorMessage> ask(const std::string& data_directory, const std::vector<std::string>& fields,
                          const std::vector<int>& descriptors = {}) {
  auto socket = connect_to_anchor(data_directory);
  if (!socket) return std::unexpected(socket.error());
  if (auto sent = send_message(socket->get(), fields, descriptors); !sent) {
    return std::unexpected(sent.error());
  }
  return receive_answer(socket->get());
}

// One question, answers until "end".
Result<std::vector<AnchorMessage>> ask_list(const std::string& data_directory,
                                            const std::string& verb) {
  auto socket = connect_to_anchor(data_directory);
  if (!socket) return std::unexpected(socket.error());
  if (auto sent = send_message(socket->get(), {verb}); !sent) return std::unexpected(sent.error());
  std::vector<AnchorMessage> answers;
  while (true) {
    auto answer = receive_answer(socket->get());
    if (!answer) return std::unexpected(answer.error());
    if (answer->field(0) == "end") return answers;
    answers.push_back(std::move(*answer));
  }
}

Result<void> expect_done(const Result<AnchorMessage>& answer) {
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Result<AnchorMessage> ask_to_start(const std::string& data_directory, const char* verb,
                                   const ProcessSpec& spec, const std::string& pid_file) {
  bool has_namespace = spec.mount_namespace >= 0;
  std::vector<std::string> fields{verb,
                                  spec.name,
                                  pid_file,
                                  spec.directory,
                                  has_namespace ? "1" : "0",
                                  std::to_string(spec.args.size())};
  fields.insert(fields.end(), spec.args.begin(), spec.args.end());
  fields.insert(fields.end(), spec.env.begin(), spec.env.end());
  std::vector<int> descriptors;
  if (has_namespace) descriptors.push_back(spec.mount_namespace);
  descriptors.insert(descriptors.end(), spec.descriptors.begin(), spec.descriptors.end());
  return ask(data_directory, fields, descriptors);
}

}  // namespace

Anchor::Anchor(std::unique_ptr<State> state) : state_(std::move(state)) {}

Anchor::~Anchor() { stop_watching(); }

void Anchor::stop_watching() {
  if (!state_->thread.joinable()) return;
  uint64_t one = 1;
  (void)!::write(state_->stop.get(), &one, sizeof(one));
  state_->thread.join();
}

Result<std::unique_ptr<Anchor>> Anchor::open(const AnchorClientOptions& options) {
  auto state = std::make_unique<State>();
  state->data_directory = options.data_directory;
  auto pid = greet(options.data_directory);
  if (!pid) {
    if (auto started = start_anchor(options); !started) return std::unexpected(started.error());
    state->is_new = true;
    pid = greet(options.data_directory);
    if (!pid) return failure(reason_in_log(options));
  }
  state->pid = *pid;
  return std::make_unique<Anchor>(std::move(state));
}

bool Anchor::is_new() const { return state_->is_new; }
pid_t Anchor::pid() const { return state_->pid; }
const std::string& Anchor::data_directory() const { return state_->data_directory; }

Result<void> Anchor::keep(const std::string& name, int descriptor) {
  return expect_done(ask(state_->data_directory, {"keep", name}, {descriptor}));
}

Result<void> Anchor::drop(const std::string& name) {
  return expect_done(ask(state_->data_directory, {"drop", name}));
}

Result<UniqueFd> Anchor::find(const std::string& name) {
  auto answer = ask(state_->data_directory, {"find", name});
  if (!answer) return std::unexpected(answer.error());
  if (answer->descriptors.empty()) return UniqueFd();
  return std::move(answer->descriptors[0]);
}

Result<std::vector<KeptDescriptor>> Anchor::list() {
  auto answers = ask_list(state_->data_directory, "list");
  if (!answers) return std::unexpected(answers.error());
  std::vector<KeptDescriptor> kept;
  for (AnchorMessage& answer : *answers) {
    if (answer.descriptors.empty()) continue;
    kept.push_back({std::string(answer.field(1)), std::move(answer.descriptors[0])});
  }
  return kept;
}

Result<ExitStatus> Anchor::run(const ProcessSpec& spec) {
  auto answer = ask_to_start(state_->data_directory, "run", spec, "");
  if (!answer) return std::unexpected(answer.error());
  return read_exit(*answer, 1);
}

Result<Anchor::Launched> Anchor::launch(const ProcessSpec& spec, const std::string& pid_file) {
  auto answer = ask_to_start(state_->data_directory, "launch", spec, pid_file);
  if (!answer) return std::unexpected(answer.error());
  Launched launched;
  launched.launcher = read_exit(*answer, 1);
  launched.pid = static_cast<pid_t>(answer->number(4));
  if (!answer->descriptors.empty()) launched.descriptor = std::move(answer->descriptors[0]);
  return launched;
}

Result<std::vector<AnchorProcess>> Anchor::processes() {
  auto answers = ask_list(state_->data_directory, "processes");
  if (!answers) return std::unexpected(answers.error());
  std::vector<AnchorProcess> processes;
  for (AnchorMessage& answer : *answers) {
    AnchorProcess process;
    process.name = answer.field(1);
    process.pid = static_cast<pid_t>(answer.number(2));
    process.ended = answer.number(3) != 0;
    process.exit = read_exit(answer, 4);
    if (!answer.descriptors.empty()) process.descriptor = std::move(answer.descriptors[0]);
    processes.push_back(std::move(process));
  }
  return processes;
}

Result<void> Anchor::acknowledge(const std::string& name) {
  return expect_done(ask(state_->data_directory, {"acknowledge", name}));
}

Result<UniqueFd> Anchor::mount_namespace() {
  auto answer = ask(state_->data_directory, {"namespace"});
  if (!answer) return std::unexpected(answer.error());
  if (answer->descriptors.empty()) return failure("the anchor has no mount namespace");
  return std::move(answer->descriptors[0]);
}

Result<void> Anchor::watch(Watcher watcher) {
  auto socket = connect_to_anchor(state_->data_directory);
  if (!socket) return std::unexpected(socket.error());
  if (auto sent = send_message(socket->get(), {"watch"}); !sent) return sent;
  if (auto answer = receive_answer(socket->get()); !answer) {
    return std::unexpected(answer.error());
  }
  state_->watcher = std::move(watcher);
  state_->events = std::move(*socket);
  state_->stop.reset(::eventfd(0, EFD_CLOEXEC));
  state_->thread = std::thread([state = state_.get()] {
    pollfd polled[] = {{state->events.get(), POLLIN, 0}, {state->stop.get(), POLLIN, 0}};
    while (true) {
      if (::poll(polled, 2, -1) < 0) continue;
      if (polled[1].revents) return;
      auto message = receive_message(state->events.get());
      if (!message || !*message) return state->watcher.lost();
      state->watcher.ended(std::string((*message)->field(1)),
                           static_cast<pid_t>((*message)->number(2)), read_exit(**message, 3));
    }
  });
  return {};
}

Result<void> Anchor::quit() {
  auto socket = connect_to_anchor(state_->data_directory);
  // One that does not answer is gone already.
  if (!socket) return {};
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, peer_of(socket->get()), 0)));
  if (auto sent = send_message(socket->get(), {"quit"}); !sent) return sent;
  pollfd polled{pidfd.get(), POLLIN, 0};
  while (pidfd && ::poll(&polled, 1, -1) < 0 && errno == EINTR) {
  }
  return {};
}

}  // namespace holm::sandbox

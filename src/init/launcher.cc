// Processes of services.

#include "init/launcher.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/strings.h"
#include "init/files.h"

extern char** environ;

namespace holm::init {

namespace {

constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

std::string random_id() {
  std::array<char, 16> bytes{};
  [[maybe_unused]] const ssize_t count = getrandom(bytes.data(), bytes.size(), GRND_NONBLOCK);
  return hex_encode({bytes.data(), bytes.size()});
}

void complain(const std::string& text) {
  const std::string line = text + "\n";
  [[maybe_unused]] const ssize_t count = write(STDERR_FILENO, line.data(), line.size());
}

// In a child: where it says that the program will not run.
int failure_pipe = -1;

[[noreturn]] void fail(Step step, const std::string& about) {
  complain("init: " + about + ": " + std::strerror(errno));
  [[maybe_unused]] const ssize_t told = write(failure_pipe, "!", 1);
  _exit(static_cast<int>(step));
}

std::string find_program(const std::string& name, const Environment& environment) {
  if (name.find('/') != std::string::npos) return name;
  const std::string* path = environment.find("PATH");
  for (std::string_view folder : split(path != nullptr ? *path : kPath, ':')) {
    const std::string candidate = std::string(folder) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "/usr/bin/" + name;  // Says that it is not there.
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

void reset_signals(bool ignores_pipe_signal) {
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
  if (ignores_pipe_signal) signal(SIGPIPE, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int open_target(const StreamTarget& target, int journal, int inherited) {
  using Kind = StreamTarget::Kind;
  switch (target.kind) {
    case Kind::Journal: return journal;
    case Kind::Inherit: return inherited;
    case Kind::Null: return open("/dev/null", O_WRONLY | O_CLOEXEC);
    case Kind::Overwrite: return open(target.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    case Kind::Truncate: return open(target.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    case Kind::Append: return open(target.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  return -1;
}

void connect_streams(const Service& service, int journal) {
  dup2(journal, STDERR_FILENO);  // For complaints about the rest.
  const std::string in = service.input_path.empty() ? "/dev/null" : service.input_path;
  const int input = open(in.c_str(), O_RDONLY | O_CLOEXEC);
  if (input < 0) fail(Step::Input, in);
  const int output = open_target(service.output, journal, journal);
  if (output < 0) fail(Step::Output, service.output.path);
  const int error = open_target(service.error, journal, output);
  if (error < 0) fail(Step::ErrorOutput, service.error.path);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
}

// What an instance may not raise is set to what it may, as systemd does in a container.
void set_limits(const Service& service) {
  for (const ResourceLimit& limit : service.limits) {
    const auto resource = static_cast<__rlimit_resource>(limit.resource);
    const rlimit wanted{.rlim_cur = limit.soft, .rlim_max = limit.hard};
    if (setrlimit(resource, &wanted) == 0) continue;
    rlimit known{};
    getrlimit(resource, &known);
    const rlimit closest{.rlim_cur = std::min(limit.soft, known.rlim_max),
                         .rlim_max = std::min(limit.hard, known.rlim_max)};
    if (setrlimit(resource, &closest) != 0) fail(Step::Limits, "a resource limit");
    complain("init: a resource limit is lowered to what an instance may have: " +
             std::to_string(closest.rlim_max));
  }
  if (service.nice && setpriority(PRIO_PROCESS, 0, *service.nice) != 0) {
    complain("init: Nice=" + std::to_string(*service.nice) +
             " is more than an instance may take; left as it is");
  }
}

void keep_capabilities(const std::vector<int>& numbers) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  for (const int number : numbers) {
    const uint32_t bit = 1U << (number % 32);
    __user_cap_data_struct& word = data[number / 32];
    word.effective |= bit;
    word.permitted |= bit;
    word.inheritable |= bit;
  }
  if (syscall(SYS_capset, &header, data) != 0) fail(Step::Capabilities, "AmbientCapabilities=");
  for (const int number : numbers) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0) {
      fail(Step::Capabilities, "AmbientCapabilities=");
    }
  }
}

void change_identity(const Service& service, const Identity& identity) {
  if (setgroups(identity.additional_groups.size(), identity.additional_groups.data()) != 0 ||
      setgid(identity.group) != 0) {
    fail(Step::Group, "the group of " + identity.name);
  }
  const bool keeps = !service.ambient_capabilities.empty();
  if (keeps) prctl(PR_SET_KEEPCAPS, 1);
  if (setuid(identity.user) != 0) fail(Step::User, "the user " + identity.name);
  if (keeps) keep_capabilities(service.ambient_capabilities);
}

void enter_directory(const Service& service, const Identity& identity) {
  std::string path = service.working_directory;
  if (path.empty()) path = "/";
  if (path == "~") path = identity.home;
  if (chdir(path.c_str()) == 0) return;
  if (!service.working_directory_may_miss) fail(Step::Directory, path);
  if (chdir("/") != 0) fail(Step::Directory, "/");
}

}  // namespace

Launcher::Launcher(const Unit& unit, int journal, std::string notify_path)
    : unit_(unit), journal_(journal), notify_path_(std::move(notify_path)), invocation_id_(random_id()) {}

Result<void> Launcher::prepare() {
  const Service& service = unit_.service;
  auto owner = find_identity(read_account_files(), service.user, service.group, service.additional_groups);
  if (!owner) return {};  // The first process says so, with the exit code for it.
  for (const FolderSetting* setting :
       {&service.runtime, &service.state, &service.cache, &service.logs, &service.configuration}) {
    if (auto made = make_unit_folders(*setting, *owner); !made) return made;
  }
  return {};
}

Result<void> Launcher::make_unit_folders(const FolderSetting& setting, const Identity& owner) const {
  for (const std::string& name : setting.names) {
    const std::string path = std::string(setting.root) + "/" + name;
    if (auto made = make_folders(path); !made) return made;
    // Opened, so that a link that somebody put there does not give away what it leads to.
    const UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return std::unexpected(system_failure(path));
    if (fchmod(folder.get(), setting.mode) != 0) return std::unexpected(system_failure(path));
    const bool is_configuration = &setting == &unit_.service.configuration;
    if (!is_configuration && fchown(folder.get(), owner.user, owner.group) != 0) {
      return std::unexpected(system_failure(path));
    }
  }
  return {};
}

void Launcher::remove_folders() const {
  if (unit_.service.keeps_runtime_directory) return;
  for (const std::string& name : unit_.service.runtime.names) remove_tree("/run/" + name);
}

Result<Environment> Launcher::environment_for(const Identity& identity) const {
  const Service& service = unit_.service;
  Environment environment;
  environment.set("PATH", kPath);
  environment.set("LANG", "C.UTF-8");
  if (!service.user.empty()) {
    environment.set("USER", identity.name);
    environment.set("LOGNAME", identity.name);
    environment.set("HOME", identity.home);
    environment.set("SHELL", identity.shell);
  }
  environment.set("INVOCATION_ID", invocation_id_);
  if (!notify_path_.empty()) environment.set("NOTIFY_SOCKET", notify_path_);
  if (service.watchdog > Duration(0))
    environment.set("WATCHDOG_USEC", std::to_string(service.watchdog.count()));
  for (const FolderSetting* setting :
       {&service.runtime, &service.state, &service.cache, &service.logs, &service.configuration}) {
    std::vector<std::string> paths;
    for (const std::string& name : setting->names) paths.push_back(std::string(setting->root) + "/" + name);
    if (!paths.empty()) environment.set(setting->variable, join(paths, ":"));
  }
  for (const std::string& name : service.passed_variables) {
    if (const char* value = getenv(name.c_str())) environment.set(name, value);
  }
  for (const std::string& each : service.environment) environment.set(each);
  for (const EnvironmentFile& file : service.environment_files) {
    const auto text = read_text(file.path);
    if (!text && !file.may_miss) return std::unexpected(system_failure("EnvironmentFile=" + file.path));
    for (const std::string& each : parse_environment_file(text.value_or(""))) environment.set(each);
  }
  for (const std::string& name : service.unset_variables) environment.unset(name);
  return environment;
}

void Launcher::become(const Command& command, const Identity& identity, const Environment& environment,
                      const std::vector<std::string>& arguments, int started) const {
  const Service& service = unit_.service;
  failure_pipe = started;
  setsid();
  reset_signals(service.ignores_pipe_signal);
  connect_streams(service, journal_);
  umask(service.umask);
  set_limits(service);
  if (!command.is_privileged) change_identity(service, identity);
  enter_directory(service, identity);
  const std::string program = find_program(command.words.front(), environment);
  std::vector<std::string> variables = environment.assignments();
  variables.push_back("SYSTEMD_EXEC_PID=" + std::to_string(getpid()));
  execve(program.c_str(), pointers(arguments).data(), pointers(variables).data());
  fail(Step::Program, program);
}

Result<Launched> Launcher::launch(const Command& command, const std::vector<std::string>& more) {
  const Service& service = unit_.service;
  auto found = find_identity(read_account_files(), service.user, service.group, service.additional_groups);
  const Identity identity = found.value_or(Identity());
  auto environment = environment_for(identity);
  if (!environment) return std::unexpected(environment.error());
  for (const std::string& each : more) environment->set(each);
  const std::vector<std::string> arguments = expand_variables(command, *environment);
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(system_failure("a pipe"));
  UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(system_failure("a process for " + command.words.front()));
  if (pid == 0) {
    if (found) become(command, identity, *environment, arguments, writing.get());
    dup2(journal_, STDERR_FILENO);
    complain("init: " + found.error().message);
    _exit(static_cast<int>(Step::User));
  }
  return Launched{.pid = pid, .started = std::move(reading)};
}

}  // namespace holm::init

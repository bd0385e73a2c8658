// The first process of an instance: runs the user data once and the scripts of each boot, reaps what is
// orphaned, and shuts down in order. A static program without libraries, because it is copied into every
// instance.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

constexpr char kUserData[] = "/var/lib/cloud/instance/user-data";
constexpr char kPerBoot[] = "/var/lib/cloud/scripts/per-boot";
constexpr char kBootFinished[] = "/var/lib/cloud/instance/boot-finished";
constexpr int kStopSeconds = 8;  // Before what still runs is killed.

void say(const char* text) { [[maybe_unused]] ssize_t written = write(STDOUT_FILENO, text, strlen(text)); }

void say_exit_code(const char* what, int status) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  char digits[4] = {};
  char* digit = digits + sizeof digits - 1;
  do {
    *--digit = static_cast<char>('0' + code % 10);
    code /= 10;
  } while (code > 0);
  say("cloud-init: ");
  say(what);
  say(" ended with code ");
  say(digit);
  say("\n");
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(const char* path) {
  char* arguments[] = {const_cast<char*>(path), nullptr};
  execv(path, arguments);
  say("cloud-init: ");
  say(path);
  say(" cannot be run: ");
  say(strerror(errno));
  say("\n");
  _exit(126);
}

int is_executable(const dirent* entry) {
  char path[sizeof kPerBoot + sizeof entry->d_name + 1];
  stpcpy(stpcpy(stpcpy(path, kPerBoot), "/"), entry->d_name);
  struct stat about{};
  return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0 ? 1 : 0;
}

// One after the other, by their names.
void run_boot_scripts() {
  dirent** scripts = nullptr;
  const int count = scandir(kPerBoot, &scripts, is_executable, alphasort);
  for (int i = 0; i < count; ++i) {
    char path[sizeof kPerBoot + sizeof scripts[i]->d_name + 1];
    stpcpy(stpcpy(stpcpy(path, kPerBoot), "/"), scripts[i]->d_name);
    const pid_t child = fork();
    if (child == 0) become(path);
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child) say_exit_code(path, status);
  }
}

// As cloud-init does: first the scripts of every boot, then, once in the life of an instance, the user data;
// as root, with the console for output. The process that runs it, or -1.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
pid_t start_scripts(bool is_first) {
  const pid_t child = fork();
  if (child != 0) return child;
  setsid();
  unblock_signals();
  run_boot_scripts();
  if (is_first) become(kUserData);
  _exit(0);
}

// Whether the user data is to be run; from now on it has been.
bool take_user_data() {
  if (access(kBootFinished, F_OK) == 0 || access(kUserData, F_OK) != 0) return false;
  const int marker = open(kBootFinished, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (marker >= 0) close(marker);
  return true;
}

// Asks everything to end, waits, and kills the rest.
[[noreturn]] void shut_down(const sigset_t& signals) {
  say("init: shutting down\n");
  kill(-1, SIGTERM);
  const timespec second = {.tv_sec = 1, .tv_nsec = 0};
  for (int i = 0; i < kStopSeconds; ++i) {
    pid_t ended = 0;
    while ((ended = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (ended < 0 && errno == ECHILD) _exit(0);
    sigtimedwait(&signals, nullptr, &second);
  }
  kill(-1, SIGKILL);
  _exit(0);
}

}  // namespace

int main() {
  // Signals are waited for, so none is lost between two of them.
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGCHLD, SIGTERM, SIGINT, SIGPWR}) sigaddset(&signals, number);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  const bool is_first = take_user_data();
  const pid_t scripts = start_scripts(is_first);
  while (true) {
    siginfo_t information{};
    const int number = sigwaitinfo(&signals, &information);
    if (number == SIGTERM || number == SIGINT || number == SIGPWR) shut_down(signals);
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == scripts && is_first) say_exit_code("the user data", status);
    }
  }
}

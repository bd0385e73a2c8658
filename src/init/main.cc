// The first process of an instance: runs the user data once, reaps what is orphaned, and shuts down in order.
// A static program without libraries, because it is copied into every instance.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>

namespace {

constexpr char kUserData[] = "/var/lib/cloud/instance/user-data";
constexpr char kBootFinished[] = "/var/lib/cloud/instance/boot-finished";
constexpr int kStopSeconds = 8;  // Before what still runs is killed.

void say(const char* text) { [[maybe_unused]] ssize_t written = write(STDOUT_FILENO, text, strlen(text)); }

void say_exit_code(int status) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  char digits[4] = {};
  char* digit = digits + sizeof digits - 1;
  do {
    *--digit = static_cast<char>('0' + code % 10);
    code /= 10;
  } while (code > 0);
  say("cloud-init: the user data ended with code ");
  say(digit);
  say("\n");
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// As cloud-init does: once in the life of an instance, as root, output to the console.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
pid_t start_user_data() {
  if (access(kBootFinished, F_OK) == 0 || access(kUserData, F_OK) != 0) return -1;
  const int marker = open(kBootFinished, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (marker >= 0) close(marker);
  const pid_t child = fork();
  if (child != 0) return child;
  setsid();
  unblock_signals();
  char path[] = "/var/lib/cloud/instance/user-data";
  char* arguments[] = {path, nullptr};
  execv(path, arguments);
  say("cloud-init: the user data cannot be run: ");
  say(strerror(errno));
  say("\n");
  _exit(126);
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
  const pid_t user_data = start_user_data();
  while (true) {
    siginfo_t information{};
    const int number = sigwaitinfo(&signals, &information);
    if (number == SIGTERM || number == SIGINT || number == SIGPWR) shut_down(signals);
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == user_data) say_exit_code(status);
    }
  }
}

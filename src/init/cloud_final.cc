// The stage of a boot at which its scripts and the user data run, and the command that tells how far it is.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/strings.h"
#include "init/client.h"
#include "init/commands.h"
#include "init/files.h"

namespace holm::init {

namespace {

constexpr char kPerBoot[] = "/var/lib/cloud/scripts/per-boot";
constexpr char kUserData[] = "/var/lib/cloud/instance/user-data";
constexpr char kInstanceId[] = "/var/lib/cloud/data/instance-id";
// There from before the first run on, so that a script that takes its instance down does not do it for ever.
// It names the instance: what boots from an image finds the mark of the instance that the image was made of.
constexpr char kHasRun[] = "/var/lib/cloud/instance/sem/config_scripts_user";
constexpr char kBootFinished[] = "/var/lib/cloud/instance/boot-finished";

void say(const std::string& text) {
  const std::string line = text + "\n";
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, line.data(), line.size());
}

void mark(const char* path, std::string_view text) {
  (void)make_folders(std::string(folder_of(path)));
  (void)write_text(path, text);
}

// The script's exit code, as a shell has it.
int run_script(const std::string& path) {
  const pid_t child = fork();
  if (child < 0) return 126;
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    char* arguments[] = {const_cast<char*>(path.c_str()), nullptr};
    execv(path.c_str(), arguments);
    say(path + " cannot be run: " + std::strerror(errno));
    _exit(126);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What is executable there, one after the other by name; whether all went well.
bool run_boot_scripts() {
  bool good = true;
  for (const std::string& name : names_in(kPerBoot)) {
    const std::string path = std::string(kPerBoot) + "/" + name;
    if (is_folder(path) || access(path.c_str(), X_OK) != 0) continue;
    const int code = run_script(path);
    say(path + " ended with code " + std::to_string(code));
    good = good && code == 0;
  }
  return good;
}

bool has_content(const char* path) {
  struct stat status{};
  return stat(path, &status) == 0 && status.st_size > 0;
}

}  // namespace

int run_cloud_final() {
  const std::string id = read_text(kInstanceId).value_or("");
  // Instances made before there was a mark have only the other one, and an earlier mark had no text.
  const std::string mark_of = read_text(kHasRun).value_or("");
  const bool is_new = !path_exists(kHasRun) && !path_exists(kBootFinished);
  const bool is_first = is_new || (!mark_of.empty() && mark_of != id);
  if (is_first) mark(kHasRun, id);
  bool good = run_boot_scripts();
  if (is_first && has_content(kUserData)) {
    const int code = run_script(kUserData);
    say("the user data ended with code " + std::to_string(code));
    good = good && code == 0;
  }
  mark(kBootFinished, "");
  return good ? 0 : 1;
}

int run_cloud_init(const std::vector<std::string>& words) {
  const std::string verb = words.empty() ? "" : words.front();
  if (verb != "status") {
    fputs("cloud-init: of its commands only status [--wait] is built in holm's init.\n", stderr);
    return 1;
  }
  const bool waits = words.size() > 1 && (words[1] == "--wait" || words[1] == "-w");
  while (true) {
    const auto reply = ask_init({"show", "cloud-final.service"});
    if (!reply || reply->size() < 2) {
      fputs("cloud-init: the first process does not answer.\n", stderr);
      return 1;
    }
    const std::string& text = (*reply)[1];
    const bool is_running = text.find("\nActiveState=activating\n") != std::string::npos;
    const bool has_failed = text.find("\nActiveState=failed\n") != std::string::npos;
    const bool has_begun = text.find("\nActiveState=inactive\n") == std::string::npos;
    if (waits && (is_running || !has_begun)) {
      pause_briefly();
      continue;
    }
    puts(has_failed   ? "status: error"
         : is_running ? "status: running"
         : has_begun  ? "status: done"
                      : "status: not run");
    return has_failed ? 1 : 0;
  }
}

void pause_briefly() { poll(nullptr, 0, 100); }

}  // namespace holm::init

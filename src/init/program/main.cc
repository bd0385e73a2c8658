// One program with several names: the first process of an instance, and the commands that talk to it. Static
// and without exceptions, because every instance has it and it has to start in no time.

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "init/commands.h"
#include "init/files.h"
#include "init/manager.h"

namespace {

constexpr int kMountAttempts = 2500;
constexpr int kMountMilliseconds = 2;

bool is_mounted(const char* path) {
  struct statx status{};
  return statx(AT_FDCWD, path, 0, 0, &status) == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Disks appear a moment after the first process does, and no unit shall write to the folder below one.
void wait_for_mounts() {
  const char* paths = getenv("HOLM_MOUNTS");
  std::string rest = paths != nullptr ? paths : "";
  while (!rest.empty()) {
    const size_t end = rest.find(':');
    const std::string path = rest.substr(0, end);
    for (int i = 0; i < kMountAttempts && !is_mounted(path.c_str()); ++i) poll(nullptr, 0, kMountMilliseconds);
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
  }
  unsetenv("HOLM_MOUNTS");
}

}  // namespace

int main(int count, char** arguments) {
  const std::string name(holm::init::base_name(count > 0 ? arguments[0] : ""));
  std::vector<std::string> words;
  for (int i = 1; i < count; ++i) words.emplace_back(arguments[i]);
  if (getpid() == 1) wait_for_mounts();
  if (getpid() == 1) return holm::init::Manager("", STDOUT_FILENO).run();
  if (name == "systemctl") return holm::init::run_systemctl(words);
  if (name == "journalctl") return holm::init::run_journalctl(words);
  if (name == "sudo") return holm::init::run_sudo(words);
  if (name == "cloud-init") return holm::init::run_cloud_init(words);
  for (const char* each : {"shutdown", "poweroff", "reboot", "halt"}) {
    if (name == each) return holm::init::run_shutdown(name, words);
  }
  if (!words.empty() && words.front() == "cloud-final") return holm::init::run_cloud_final();
  fputs("holm's init is the first process of an instance; systemctl talks to it.\n", stderr);
  return 1;
}

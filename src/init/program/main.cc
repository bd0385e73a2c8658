// One program with several names: the first process of an instance, and the commands that talk to it. Static
// and without exceptions, because every instance has it and it has to start in no time.

#include <unistd.h>

#include <cstdio>

#include "init/commands.h"
#include "init/files.h"
#include "init/manager.h"

int main(int count, char** arguments) {
  const std::string name(holm::init::base_name(count > 0 ? arguments[0] : ""));
  std::vector<std::string> words;
  for (int i = 1; i < count; ++i) words.emplace_back(arguments[i]);
  if (getpid() == 1) return holm::init::Manager("", STDOUT_FILENO).run();
  if (name == "systemctl") return holm::init::run_systemctl(words);
  if (name == "journalctl") return holm::init::run_journalctl(words);
  if (name == "cloud-init") return holm::init::run_cloud_init(words);
  for (const char* each : {"shutdown", "poweroff", "reboot", "halt"}) {
    if (name == each) return holm::init::run_shutdown(name, words);
  }
  if (!words.empty() && words.front() == "cloud-final") return holm::init::run_cloud_final();
  fputs("holm's init is the first process of an instance; systemctl talks to it.\n", stderr);
  return 1;
}

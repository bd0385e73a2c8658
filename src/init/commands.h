// The commands that this program is besides the first process, by the name it is called by.
#pragma once

#include <string>
#include <vector>

namespace holm::init {

// Each takes the words after its name and gives an exit code.
int run_systemctl(const std::vector<std::string>& words);
int run_journalctl(const std::vector<std::string>& words);
// shutdown, poweroff, reboot, halt.
int run_shutdown(const std::string& name, const std::vector<std::string>& words);
// The last stage of a boot: the user data, once in the life of an instance.
int run_cloud_final();
// sudo, for those who are root already.
int run_sudo(const std::vector<std::string>& words);
// cloud-init: what scripts ask of it.
int run_cloud_init(const std::vector<std::string>& words);

// A tenth of a second, for what has to be asked again.
void pause_briefly();

}  // namespace holm::init

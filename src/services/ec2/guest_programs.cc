// The layer with holm-init, CloudFormation's helpers and their names.

#include "services/ec2/guest_programs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <vector>

#include "base/files.h"
#include "sandbox/names.h"

namespace holm::ec2 {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "init-";

// Relative to the layer, which shows itself at the root's /usr.
struct Link {
  const char* path;
  const char* target;
};
constexpr const char* kInit = "../lib/holm/holm-init";
constexpr const char* kTools = "../../stack-tools";
constexpr auto kLinks = std::to_array<Link>({
    {"usr/bin/systemctl", kInit},
    {"usr/bin/journalctl", kInit},
    {"usr/bin/cloud-init", kInit},
    {"usr/bin/sudo", kInit},
    {"usr/sbin/init", kInit},
    {"usr/sbin/shutdown", kInit},
    {"usr/sbin/poweroff", kInit},
    {"usr/sbin/reboot", kInit},
    {"usr/sbin/halt", kInit},
    // An image's /opt/aws leads here; the commands are in the path as well.
    {"usr/lib/holm/aws/bin/cfn-init", kTools},
    {"usr/lib/holm/aws/bin/cfn-signal", kTools},
    {"usr/lib/holm/aws/bin/cfn-get-metadata", kTools},
    {"usr/lib/holm/aws/bin/cfn-hup", kTools},
    {"usr/bin/cfn-init", "../lib/holm/aws/bin/cfn-init"},
    {"usr/bin/cfn-signal", "../lib/holm/aws/bin/cfn-signal"},
    {"usr/bin/cfn-get-metadata", "../lib/holm/aws/bin/cfn-get-metadata"},
    {"usr/bin/cfn-hup", "../lib/holm/aws/bin/cfn-hup"},
});
constexpr char kHupUnit[] =
    "[Unit]\n"
    "Description=Hooks for changes of a stack\n"
    "After=network.target\n"
    "[Service]\n"
    "ExecStart=/usr/bin/cfn-hup\n"
    "Restart=on-failure\n"
    "RestartSec=5\n"
    "[Install]\n"
    "WantedBy=multi-user.target\n";

Result<void> make_shown_folder(const std::string& path) {
  if (auto made = make_directories(path); !made) return made;
  std::error_code error;
  // A merged folder has the rights of the topmost layer that has it.
  fs::permissions(path, fs::perms(0755), error);
  if (error) return failure(path + ": " + error.message());
  return {};
}

Result<void> fill(const std::string& layer, const GuestPrograms& programs) {
  for (const char* folder :
       {"", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib/holm", "/usr/lib/holm/aws",
        "/usr/lib/holm/aws/bin", "/usr/lib/systemd", "/usr/lib/systemd/system"}) {
    if (auto made = make_shown_folder(layer + folder); !made) return made;
  }
  std::error_code error;
  for (const Link& link : kLinks) {
    fs::create_symlink(link.target, layer + "/" + link.path, error);
    if (error) return failure(layer + "/" + link.path + ": " + error.message());
  }
  const std::string unit = layer + "/usr/lib/systemd/system/cfn-hup.service";
  if (auto written = write_file_volatile(unit, kHupUnit, 0644); !written) return written;
  const std::string tools = layer + "/usr/lib/holm/stack-tools";
  if (auto written = write_file_volatile(tools, programs.stack_tools, 0755); !written) return written;
  return write_file_volatile(layer + kInitPath, programs.init, 0755);
}

// Layers are named after the boot they were made in: one of an earlier boot may have been cut short by a
// power failure, and nothing runs on it any more. So none has to be synced.
Result<std::string> prefix_of_this_boot() {
  auto id = read_file("/proc/sys/kernel/random/boot_id");
  if (!id) return std::unexpected(id.error());
  return fmt::format("{}{:08x}-", kPrefix, sandbox::stable_hash(*id) >> 32);
}

}  // namespace

Result<std::string> make_guest_layer(const std::string& data_directory, const GuestPrograms& programs,
                                     OldLayers old) {
  const std::string folder = data_directory + "/images";
  auto of_this_boot = prefix_of_this_boot();
  if (!of_this_boot) return std::unexpected(of_this_boot.error());
  const std::string name =
      fmt::format("{}{:016x}", *of_this_boot, sandbox::stable_hash(programs.init + programs.stack_tools));
  const std::string layer = folder + "/" + name;
  if (auto made = make_directories(folder); !made) return std::unexpected(made.error());
  std::error_code error;
  std::vector<fs::path> useless;
  for (const auto& each : fs::directory_iterator(folder, error)) {
    const std::string other = each.path().filename().string();
    const bool is_used = other == name || (old == OldLayers::Keep && other.starts_with(*of_this_boot));
    if (other.starts_with(kPrefix) && !is_used) useless.push_back(each.path());
  }
  for (const fs::path& path : useless) fs::remove_all(path, error);
  if (fs::exists(layer, error)) return layer;
  const std::string half = layer + ".half";
  fs::remove_all(half, error);
  if (auto filled = fill(half, programs); !filled) return std::unexpected(filled.error());
  fs::rename(half, layer, error);
  if (error) return failure("renaming " + half + ": " + error.message());
  return layer;
}

}  // namespace holm::ec2

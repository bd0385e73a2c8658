// The layer with holm-init and its names.

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
constexpr std::array kLinks = {"usr/bin/systemctl", "usr/bin/journalctl", "usr/bin/cloud-init",
                               "usr/sbin/init",     "usr/sbin/shutdown",  "usr/sbin/poweroff",
                               "usr/sbin/reboot",   "usr/sbin/halt"};

Result<void> make_shown_folder(const std::string& path) {
  if (auto made = make_directories(path); !made) return made;
  std::error_code error;
  // A merged folder has the rights of the topmost layer that has it.
  fs::permissions(path, fs::perms(0755), error);
  if (error) return failure(path + ": " + error.message());
  return {};
}

Result<void> fill(const std::string& layer, std::string_view program) {
  for (const char* folder : {"", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib/holm"}) {
    if (auto made = make_shown_folder(layer + folder); !made) return made;
  }
  std::error_code error;
  for (const char* link : kLinks) {
    fs::create_symlink("../lib/holm/holm-init", layer + "/" + link, error);
    if (error) return failure(layer + "/" + link + ": " + error.message());
  }
  return write_file_volatile(layer + kInitPath, program, 0755);
}

// Layers are named after the boot they were made in: one of an earlier boot may have been cut short by a
// power failure, and nothing runs on it any more. So none has to be synced.
Result<std::string> prefix_of_this_boot() {
  auto id = read_file("/proc/sys/kernel/random/boot_id");
  if (!id) return std::unexpected(id.error());
  return fmt::format("{}{:08x}-", kPrefix, sandbox::stable_hash(*id) >> 32);
}

}  // namespace

Result<std::string> make_guest_layer(const std::string& data_directory, std::string_view program,
                                     OldLayers old) {
  const std::string folder = data_directory + "/images";
  auto of_this_boot = prefix_of_this_boot();
  if (!of_this_boot) return std::unexpected(of_this_boot.error());
  const std::string name = fmt::format("{}{:016x}", *of_this_boot, sandbox::stable_hash(program));
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
  if (auto filled = fill(half, program); !filled) return std::unexpected(filled.error());
  fs::rename(half, layer, error);
  if (error) return failure("renaming " + half + ": " + error.message());
  return layer;
}

}  // namespace holm::ec2

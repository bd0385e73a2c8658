// The layer with holm-init, CloudFormation's helpers and their names.

#include "services/ec2/guest_programs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/files.h"
#include "sandbox/names.h"

namespace holm::ec2 {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "init-";

// Changes when what is made does, so that an older layer is not used.
constexpr std::string_view kForm = "2";

// Below /usr.
struct Link {
  std::string_view folder, name, target;
};
constexpr std::string_view kInit = "../lib/holm/holm-init";
constexpr std::string_view kTools = "../../stack-tools";
constexpr auto kLinks = std::to_array<Link>({
    {"bin", "systemctl", kInit},
    {"bin", "journalctl", kInit},
    {"bin", "cloud-init", kInit},
    {"bin", "sudo", kInit},
    {"sbin", "init", kInit},
    {"sbin", "shutdown", kInit},
    {"sbin", "poweroff", kInit},
    {"sbin", "reboot", kInit},
    {"sbin", "halt", kInit},
    // An image's /opt/aws leads here; the commands are in the path as well.
    {"lib/holm/aws/bin", "cfn-init", kTools},
    {"lib/holm/aws/bin", "cfn-signal", kTools},
    {"lib/holm/aws/bin", "cfn-get-metadata", kTools},
    {"lib/holm/aws/bin", "cfn-hup", kTools},
    {"bin", "cfn-init", "../lib/holm/aws/bin/cfn-init"},
    {"bin", "cfn-signal", "../lib/holm/aws/bin/cfn-signal"},
    {"bin", "cfn-get-metadata", "../lib/holm/aws/bin/cfn-get-metadata"},
    {"bin", "cfn-hup", "../lib/holm/aws/bin/cfn-hup"},
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

// A host that is itself a container forbids packages to start what they install; instances are machines.
constexpr char kPolicy[] = "#!/bin/sh\nexit 0\n";

Result<void> make_shown_folder(const std::string& path) {
  if (auto made = make_directories(path); !made) return made;
  std::error_code error;
  // A merged folder has the rights of the topmost layer that has it.
  fs::permissions(path, fs::perms(0755), error);
  if (error) return failure(path + ": " + error.message());
  return {};
}

Result<void> copy_program(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (!error) fs::permissions(to, fs::perms(0755), error);
  if (error) return failure(fmt::format("copying {} to {}: {}", from, to, error.message()));
  return {};
}

// Another file, or the same one written anew, is another program. Its bytes would tell as well, but to read a
// megabyte takes long at a start.
Result<std::string> identity_of(const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return failure(fmt::format("{}: {}", file, std::strerror(errno)));
  return fmt::format("{}:{}:{}:{}.{:09}\n", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// A folder that shows itself as /usr, over the machine's own or over that of an image that came whole.
enum class Over { Machine, Whole };

Result<void> make_links(const std::string& usr, Over over) {
  std::error_code error;
  for (const Link& link : kLinks) {
    // In other systems /usr/sbin may be a link to /usr/bin, which a folder here would hide.
    const bool is_moved = over == Over::Whole && link.folder == "sbin";
    const std::string path = fmt::format("{}/{}/{}", usr, is_moved ? "bin" : link.folder, link.name);
    fs::create_symlink(link.target, path, error);
    if (error) return failure(path + ": " + error.message());
  }
  return {};
}

Result<void> fill_usr(const std::string& usr, const GuestPrograms& programs, Over over) {
  for (const char* folder : {"", "/bin", "/lib", "/lib/holm", "/lib/holm/aws", "/lib/holm/aws/bin",
                             "/lib/systemd", "/lib/systemd/system"}) {
    if (auto made = make_shown_folder(usr + folder); !made) return made;
  }
  if (over == Over::Machine) {
    if (auto made = make_shown_folder(usr + "/sbin"); !made) return made;
    if (auto written = write_file_volatile(usr + "/sbin/policy-rc.d", kPolicy, 0755); !written)
      return written;
  }
  if (auto linked = make_links(usr, over); !linked) return linked;
  const std::string unit = usr + "/lib/systemd/system/cfn-hup.service";
  if (auto written = write_file_volatile(unit, kHupUnit, 0644); !written) return written;
  if (auto copied = copy_program(programs.stack_tools, usr + "/lib/holm/stack-tools"); !copied) return copied;
  return copy_program(programs.init, usr + "/lib/holm/holm-init");
}

Result<void> fill(const std::string& layer, const GuestPrograms& programs) {
  if (auto made = make_shown_folder(layer); !made) return made;
  if (auto filled = fill_usr(layer + "/usr", programs, Over::Machine); !filled) return filled;
  const std::string whole = layer_over(layer, sandbox::Image::Base::Empty) + "/root";
  for (const char* folder : {"", "/opt"}) {
    if (auto made = make_shown_folder(whole + folder); !made) return made;
  }
  std::error_code error;
  fs::create_symlink("/usr/lib/holm/aws", whole + "/opt/aws", error);
  if (error) return failure(whole + "/opt/aws: " + error.message());
  return fill_usr(whole + "/usr", programs, Over::Whole);
}

// Layers are named after the boot they were made in: one of an earlier boot may have been cut short by a
// power failure, and nothing runs on it any more. So none has to be synced.
Result<std::string> prefix_of_this_boot() {
  auto id = read_file("/proc/sys/kernel/random/boot_id");
  if (!id) return std::unexpected(id.error());
  return fmt::format("{}{:08x}-", kPrefix, sandbox::stable_hash(*id) >> 32);
}

}  // namespace

Result<std::string> make_guest_layer(const std::string& data_directory, const GuestPrograms& programs) {
  const std::string folder = data_directory + "/images";
  auto of_this_boot = prefix_of_this_boot();
  if (!of_this_boot) return std::unexpected(of_this_boot.error());
  auto init = identity_of(programs.init);
  if (!init) return init;
  auto tools = identity_of(programs.stack_tools);
  if (!tools) return tools;
  const std::string layer = fmt::format("{}/{}{:016x}", folder, *of_this_boot,
                                        sandbox::stable_hash(*init + *tools + std::string(kForm)));
  std::error_code error;
  if (fs::exists(layer, error)) return layer;
  if (auto made = make_directories(folder); !made) return std::unexpected(made.error());
  const std::string half = layer + ".half";
  fs::remove_all(half, error);
  if (auto filled = fill(half, programs); !filled) return std::unexpected(filled.error());
  fs::rename(half, layer, error);
  if (error) return failure("renaming " + half + ": " + error.message());
  return layer;
}

std::string layer_over(const std::string& guest_layer, sandbox::Image::Base base) {
  return base == sandbox::Image::Base::Empty ? guest_layer + "/whole" : guest_layer;
}

sandbox::File package_policy() { return {.path = "/usr/sbin/policy-rc.d", .content = kPolicy, .mode = 0755}; }

void remove_old_guest_layers(const std::string& data_directory, const std::string& layer, OldLayers old) {
  const auto of_this_boot = prefix_of_this_boot();
  std::error_code error;
  std::vector<fs::path> useless;
  for (const auto& each : fs::directory_iterator(data_directory + "/images", error)) {
    const std::string name = each.path().filename().string();
    const bool may_be_used =
        old == OldLayers::OfThisBootStay && of_this_boot && name.starts_with(*of_this_boot);
    if (name.starts_with(kPrefix) && each.path() != layer && !may_be_used) useless.push_back(each.path());
  }
  for (const fs::path& path : useless) fs::remove_all(path, error);
}

}  // namespace holm::ec2

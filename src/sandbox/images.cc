// The host as an image: a skeleton of the root, /usr as it is, and a filtered copy of /etc.

#include "sandbox/images.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "base/files.h"
#include "base/strings.h"
#include "sandbox/names.h"

namespace holm::sandbox {

namespace {

namespace fs = std::filesystem;

// Changes when the filter does, so that an older copy of /etc is not used.
constexpr char kFilterVersion[] = "3";
constexpr int kGuestUserIdsBelow = 1000;
// Whom AWS's own images have for people to log in as.
constexpr char kGuestUser[] = "ec2-user:x:1000:1000:EC2 Default User:/home/ec2-user:/bin/bash\n";
constexpr char kGuestGroup[] = "ec2-user:x:1000:\n";
constexpr int kNobody = 65534;

// Relative to /etc, each with everything below it. Most of what is secret is not readable by
// everybody and already left out; these are, or they say which host this is.
constexpr std::array kHiddenInEtc = {
    "NetworkManager", "apt/auth.conf", "apt/auth.conf.d",  "cloud",         "cron.d",
    "crontab",        "crypttab",      "docker",           "environment",   "environment.d",
    "fstab",          "gitconfig",     "group-",           "gshadow",       "gshadow-",
    "hostname",       "hosts",         "kubernetes",       "letsencrypt",   "machine-id",
    "machine-info",   "mtab",          "mysql/debian.cnf", "netplan",       "network",
    "npmrc",          "openvpn",       "passwd-",          "pip.conf",      "ppp",
    "rancher",        "resolv.conf",   "shadow",           "shadow-",       "ssl/private",
    "subgid",         "subgid-",       "subuid",           "subuid-",       "sudoers",
    "sudoers.d",      "systemd/system", "systemd/user",    "wgetrc",        "wireguard",
    "wpa_supplicant"};

struct Folder {
  const char* path;
  unsigned mode;
};

constexpr std::array kSkeleton = std::to_array<Folder>({
    {"boot", 0755},
    {"dev", 0755},
    {"etc", 0755},
    {"home", 0755},
    {"media", 0755},
    {"mnt", 0755},
    {"opt", 0755},
    {"proc", 0555},
    {"root", 0700},
    {"run", 0755},
    {"srv", 0755},
    {"sys", 0555},
    {"tmp", 01777},
    {"usr", 0755},
    {"var", 0755},
    {"var/backups", 0755},
    {"var/cache", 0755},
    {"var/cache/apt", 0755},
    {"var/cache/apt/archives", 0755},
    {"var/cache/apt/archives/partial", 0755},
    {"var/cache/debconf", 0755},
    {"var/lib", 0755},
    {"var/lib/apt", 0755},
    {"var/lib/dpkg", 0755},
    {"var/lib/misc", 0755},
    {"var/local", 0755},
    {"var/log", 0755},
    {"var/log/apt", 0755},
    {"var/mail", 0775},
    {"var/opt", 0755},
    {"var/spool", 0755},
    {"var/tmp", 01777},
});

constexpr std::array kMergedFolders = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

struct HostPart {
  const char* name;
  const char* path;
};

// What of the host is shown besides the skeleton and /etc. The package manager's records make
// installing packages in a guest work.
constexpr std::array kHostParts = std::to_array<HostPart>({
    {"usr", "/usr"},
    {"var-lib-dpkg", "/var/lib/dpkg"},
    {"var-lib-apt", "/var/lib/apt"},
});

Result<void> make_folder(const std::string& path, unsigned mode) {
  if (auto made = make_directories(path); !made) return made;
  if (::chmod(path.c_str(), mode) != 0) return failure(system_error(path));
  return {};
}

Result<void> make_skeleton(const std::string& skeleton) {
  if (auto made = make_folder(skeleton, 0755); !made) return made;
  for (const Folder& folder : kSkeleton) {
    if (auto made = make_folder(skeleton + "/" + folder.path, folder.mode); !made) return made;
  }
  std::error_code error;
  for (const char* name : kMergedFolders) {
    fs::path host = fs::path("/") / name;
    fs::file_status status = fs::symlink_status(host, error);
    if (!fs::exists(status)) continue;
    if (!fs::is_symlink(status)) {
      return failure(fmt::format("/{} is no link into /usr: this host cannot be an image", name));
    }
    fs::path target = fs::read_symlink(host, error);
    // A link made absolute would point out of the image's own tree in tools that look from outside.
    fs::create_symlink(target.is_absolute() ? target.lexically_relative("/") : target,
                       fs::path(skeleton) / name, error);
  }
  // Where AWS's own tools are looked for.
  fs::create_symlink("/usr/lib/holm/aws", skeleton + "/opt/aws", error);
  fs::create_symlink("/run", skeleton + "/var/run", error);
  fs::create_symlink("/run/lock", skeleton + "/var/lock", error);
  return {};
}

// Hides /usr/local/etc, which belongs to the host's administrator.
Result<void> make_usr_mask(const std::string& mask) {
  std::string hidden = mask + "/local/etc";
  for (const std::string& path : {mask, mask + "/local", hidden}) {
    if (auto made = make_folder(path, 0755); !made) return made;
  }
  if (::setxattr(hidden.c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0) {
    return failure(system_error("hiding /usr/local/etc"));
  }
  return {};
}

struct Shown {
  fs::path path;  // Relative to /etc.
  struct stat status{};
};

std::vector<Shown> shown_in_etc() {
  std::vector<Shown> result;
  std::error_code error;
  auto options = fs::directory_options::skip_permission_denied;
  for (auto it = fs::recursive_directory_iterator("/etc", options, error);
       it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) break;
    Shown shown{it->path().lexically_relative("/etc")};
    bool known = ::lstat(it->path().c_str(), &shown.status) == 0;
    if (!known || !is_shown_to_guests(shown.path.string(), shown.status.st_mode)) {
      it.disable_recursion_pending();
      continue;
    }
    result.push_back(std::move(shown));
  }
  std::ranges::sort(result, {}, &Shown::path);
  return result;
}

// Copies are named after the boot they were made in: those of an earlier one may have been cut short by a power
// failure, and nothing runs on them any more. So none has to be synced.
Result<std::string> copies_of_this_boot() {
  auto id = read_file("/proc/sys/kernel/random/boot_id");
  if (!id) return std::unexpected(id.error());
  return fmt::format("etc-{:08x}-", stable_hash(*id) >> 32);
}

void remove_copies_of_earlier_boots(const std::string& folder, const std::string& of_this_boot) {
  std::error_code ignored;
  std::vector<fs::path> earlier;
  for (const auto& item : fs::directory_iterator(folder, ignored)) {
    const std::string name = item.path().filename().string();
    if (name.starts_with("etc-") && !name.starts_with(of_this_boot)) earlier.push_back(item.path());
  }
  for (const fs::path& path : earlier) fs::remove_all(path, ignored);
}

std::string fingerprint(const std::vector<Shown>& entries) {
  std::string text = kFilterVersion;
  for (const Shown& entry : entries) {
    text += fmt::format("{}\n{} {} {} {}\n", entry.path.string(), entry.status.st_mode,
                        entry.status.st_size, entry.status.st_mtim.tv_sec,
                        entry.status.st_mtim.tv_nsec);
  }
  return fmt::format("{:016x}", stable_hash(text));
}

// Lines of /etc/passwd or /etc/group without the host's people.
std::string system_accounts(std::string_view text) {
  std::string kept;
  for (std::string_view line : split(text, '\n')) {
    auto fields = split(line, ':');
    auto number = fields.size() > 2 ? parse_integer(fields[2]) : std::nullopt;
    if (!number || (*number >= kGuestUserIdsBelow && *number != kNobody)) continue;
    kept += std::string(line) + "\n";
  }
  return kept;
}

// One line an account, none with a password.
std::string locked_passwords(std::string_view accounts, std::string_view rest) {
  std::string result;
  for (std::string_view line : split(accounts, '\n')) {
    if (!line.empty()) result += std::string(split(line, ':')[0]) + ":*" + std::string(rest) + "\n";
  }
  return result;
}

Result<void> write_accounts(const std::string& etc) {
  auto users = read_file("/etc/passwd");
  auto groups = read_file("/etc/group");
  if (!users || !groups) return failure("the host's /etc/passwd or /etc/group cannot be read");
  std::string passwd = system_accounts(*users) + kGuestUser;
  std::string group = system_accounts(*groups) + kGuestGroup;
  const std::map<std::string, std::pair<std::string, unsigned>> files = {
      {"passwd", {passwd, 0644}},
      {"group", {group, 0644}},
      {"shadow", {locked_passwords(passwd, ":19000:0:99999:7:::"), 0600}},
      {"gshadow", {locked_passwords(group, "::"), 0600}},
  };
  for (const auto& [name, file] : files) {
    const std::string path = etc + "/" + name;
    // What was copied has the mode and the content of the host's.
    ::unlink(path.c_str());
    if (auto done = write_volatile_file(path, file.first); !done) return done;
    if (::chmod(path.c_str(), file.second) != 0) return failure(system_error(path));
  }
  return {};
}

Result<void> copy_etc(const std::vector<Shown>& entries, const std::string& target) {
  if (auto made = make_folder(target, 0755); !made) return made;
  std::error_code error;
  for (const Shown& entry : entries) {
    fs::path from = "/etc" / entry.path;
    fs::path to = target / entry.path;
    if (S_ISDIR(entry.status.st_mode)) {
      fs::create_directory(to, error);
    } else if (S_ISLNK(entry.status.st_mode)) {
      fs::copy_symlink(from, to, error);
    } else {
      fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
    }
    // A file that went away meanwhile is no failure.
    if (error && error != std::errc::no_such_file_or_directory) {
      return failure(fmt::format("copying {}: {}", from.string(), error.message()));
    }
    if (!S_ISLNK(entry.status.st_mode)) {
      (void)::chmod(to.c_str(), entry.status.st_mode & 0755);
    }
  }
  return write_accounts(target);
}

}  // namespace

bool is_shown_to_guests(std::string_view path, unsigned mode) {
  if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode)) return false;
  if (!S_ISLNK(mode) && !(mode & S_IROTH)) return false;
  if (path.starts_with("ssh/ssh_host_")) return false;
  return std::ranges::none_of(kHiddenInEtc, [path](std::string_view hidden) {
    return path.starts_with(hidden) && (path.size() == hidden.size() || path[hidden.size()] == '/');
  });
}

Images::Images(std::string skeleton, std::string usr_mask, std::string etc)
    : skeleton_(std::move(skeleton)), usr_mask_(std::move(usr_mask)), etc_(std::move(etc)) {}

Result<Images> Images::open(const std::string& data_directory) {
  std::string folder = data_directory + "/images/host";
  if (auto made = make_directories(folder); !made) return std::unexpected(made.error());
  std::string skeleton = folder + "/skeleton";
  if (auto made = make_skeleton(skeleton); !made) return std::unexpected(made.error());
  std::string mask = folder + "/usr";
  if (auto made = make_usr_mask(mask); !made) return std::unexpected(made.error());
  std::vector<Shown> entries = shown_in_etc();
  auto of_this_boot = copies_of_this_boot();
  if (!of_this_boot) return std::unexpected(of_this_boot.error());
  remove_copies_of_earlier_boots(folder, *of_this_boot);
  std::string etc = folder + "/" + *of_this_boot + fingerprint(entries);
  std::error_code error;
  if (!fs::exists(etc, error)) {
    std::string half = etc + ".half";
    fs::remove_all(half, error);
    if (auto copied = copy_etc(entries, half); !copied) return std::unexpected(copied.error());
    fs::rename(half, etc, error);
    if (error) return failure("renaming " + half + ": " + error.message());
  }
  return Images(skeleton, mask, etc);
}

std::vector<ImagePart> Images::parts_of_host() const {
  std::vector<ImagePart> parts{{"root", "/", {skeleton_}}, {"etc", "/etc", {etc_}}};
  for (const HostPart& host : kHostParts) {
    std::error_code error;
    if (!fs::is_directory(host.path, error)) continue;
    ImagePart part{host.name, host.path, {host.path}};
    if (part.name == "usr") part.lower.insert(part.lower.begin(), usr_mask_);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<ImagePart> Images::parts(const Image& image) const {
  std::vector<ImagePart> parts{{"root", "/", {}}};
  if (image.base == Image::Base::Host) parts = parts_of_host();
  for (ImagePart& part : parts) {
    std::vector<std::string> layers;
    for (const std::string& layer : image.layers) {
      std::error_code error;
      std::string path = layer + "/" + part.name;
      if (fs::is_directory(path, error)) layers.push_back(std::move(path));
    }
    part.lower.insert(part.lower.begin(), layers.begin(), layers.end());
  }
  return parts;
}

}  // namespace holm::sandbox

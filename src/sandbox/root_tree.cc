// Overlays with id-mapped layers, volumes and files, in a private mount namespace.

#include "sandbox/root_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>

#include "base/files.h"
#include "sandbox/disks.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"
#include "sandbox/scratch.h"

namespace holm::sandbox {

namespace {

constexpr char kStaging[] = "/dev/shm";
// fsconfig(2) takes values of up to 255 bytes.
constexpr size_t kOptionBytesMax = 255;

enum class Writable { No, Yes };

// Opens below `root` as the guest would see it: links that a guest made cannot lead out.
UniqueFd open_inside(int root, const std::string& path, uint64_t flags, uint64_t mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how))));
}

}  // namespace

Result<void> act_as_guest_root(uint32_t first_id) {
  ::setfsgid(first_id);
  ::setfsuid(first_id);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, data) != 0) return failure(system_error("capget"));
  for (auto& word : data) word.effective = word.permitted;
  if (::syscall(SYS_capset, &header, data) != 0) return failure(system_error("capset"));
  return {};
}

Result<UniqueFd> make_folder_inside(int root, const std::filesystem::path& path) {
  std::filesystem::path done = "/";
  UniqueFd folder = open_inside(root, done.string(), O_PATH | O_DIRECTORY);
  for (const auto& name : path.relative_path()) {
    if (name.empty()) continue;
    if (name == "." || name == "..") return failure("a path with '..': " + path.string());
    done /= name;
    UniqueFd next = open_inside(root, done.string(), O_PATH | O_DIRECTORY);
    if (!next) {
      ::mkdirat(folder.get(), name.c_str(), 0755);
      next = open_inside(root, done.string(), O_PATH | O_DIRECTORY);
    }
    if (!next) return failure(system_error("making " + done.string() + " in a sandbox"));
    folder = std::move(next);
  }
  return folder;
}

namespace {

Result<UniqueFd> id_mapped(const std::string& source, int user_namespace, Writable writable) {
  UniqueFd tree(::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree) return failure(system_error(source));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NODEV;
  if (writable == Writable::No) attributes.attr_set |= MOUNT_ATTR_RDONLY;
  attributes.userns_fd = static_cast<uint64_t>(user_namespace);
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0) {
    return failure(system_error("mapping the ids of " + source));
  }
  return tree;
}

Result<void> attach_to(int mount, int target) {
  if (::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    return failure(system_error("attaching a mount"));
  }
  return {};
}

// Attaches as `name` in the staging folder, the working directory.
Result<void> stage(const UniqueFd& mount, const std::string& name) {
  ::mkdir(name.c_str(), 0755);
  if (::move_mount(mount.get(), "", AT_FDCWD, name.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return failure(system_error("staging " + name));
  }
  return {};
}

Result<UniqueFd> make_overlay(const std::string& name, const std::string& lower) {
  if (lower.size() > kOptionBytesMax) return failure("an image with too many layers");
  UniqueFd context(::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!context) return failure(system_error("overlay"));
  std::string upper = "own/layer/" + name;
  std::string work = "own/work/" + name;
  const std::pair<const char*, const std::string*> options[] = {
      {"lowerdir", &lower}, {"upperdir", &upper}, {"workdir", &work}};
  for (const auto& [key, value] : options) {
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value->c_str(), 0) != 0) {
      return failure(system_error(fmt::format("overlay {}={}", key, *value)));
    }
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return failure(system_error("making the overlay of " + name));
  }
  UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV));
  if (!mount) return failure(system_error("mounting the overlay of " + name));
  return mount;
}

Result<void> mount_part(const RootTree& tree, const ImagePart& part, size_t index) {
  std::string lower;
  for (size_t i = 0; i < part.lower.size(); ++i) {
    auto layer = id_mapped(part.lower[i], tree.user_namespace, Writable::No);
    if (!layer) return std::unexpected(layer.error());
    std::string name = fmt::format("{}-{}", index, i);
    if (auto staged = stage(*layer, name); !staged) return staged;
    lower += (lower.empty() ? "" : ":") + name;
  }
  auto overlay = make_overlay(part.name, lower);
  if (!overlay) return std::unexpected(overlay.error());
  if (part.path == "/") return stage(*overlay, "root");
  UniqueFd root(::open("root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto target = make_folder_inside(root.get(), part.path);
  if (!target) return std::unexpected(target.error());
  return attach_to(overlay->get(), target->get());
}

Result<void> write_file_inside(int root, const File& file, uint32_t first_id) {
  std::filesystem::path path = file.path;
  auto folder = make_folder_inside(root, path.parent_path());
  if (!folder) return std::unexpected(folder.error());
  std::string name = path.filename().string();
  // A guest's link or older file of that name is replaced, never followed.
  ::unlinkat(folder->get(), name.c_str(), 0);
  UniqueFd out(::openat(folder->get(), name.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out) return failure(system_error("writing " + file.path + " in a sandbox"));
  for (size_t written = 0; written < file.content.size();) {
    ssize_t count =
        ::write(out.get(), file.content.data() + written, file.content.size() - written);
    if (count < 0) return failure(system_error("writing " + file.path + " in a sandbox"));
    written += static_cast<size_t>(count);
  }
  if (::fchown(out.get(), first_id + file.user, first_id + file.group) != 0 ||
      ::fchmod(out.get(), file.mode & 07777) != 0) {
    return failure(system_error("the owner of " + file.path + " in a sandbox"));
  }
  return {};
}

Result<void> mount_volume(int root, const RootTree& tree, const Mount& volume) {
  struct stat status{};
  if (::stat(volume.source.c_str(), &status) != 0) return failure(system_error(volume.source));
  Writable writable = volume.access == Mount::Access::ReadWrite ? Writable::Yes : Writable::No;
  auto source = id_mapped(volume.source, tree.user_namespace, writable);
  if (!source) return std::unexpected(source.error());
  if (S_ISDIR(status.st_mode)) {
    auto target = make_folder_inside(root, volume.destination);
    if (!target) return std::unexpected(target.error());
    return attach_to(source->get(), target->get());
  }
  if (auto made = write_file_inside(root, {.path = volume.destination}, tree.first_id); !made) {
    return made;
  }
  UniqueFd target = open_inside(root, volume.destination, O_PATH);
  return attach_to(source->get(), target.get());
}

Result<void> mount_scratch(int root, const RootTree& tree, size_t index, const Capabilities& capabilities) {
  const Scratch& scratch = tree.scratch[index];
  auto made = make_scratch({.image_path = fmt::format("{}/scratch-{}", tree.folder, index),
                            .bytes_max = scratch.bytes_max,
                            .user_namespace = tree.user_namespace,
                            .first_id = tree.first_id},
                           capabilities);
  if (!made) return std::unexpected(made.error());
  auto target = make_folder_inside(root, scratch.destination);
  if (!target) return std::unexpected(target.error());
  return attach_to(made->get(), target->get());
}

Result<void> make_layer_folder(int where, const std::string& path) {
  const bool is_new = ::mkdirat(where, path.c_str(), 0755) == 0;
  if (!is_new && errno != EEXIST) return failure(system_error("making " + path + " on a disk"));
  // The guest may have changed what its own root shows.
  if (is_new && ::fchmodat(where, path.c_str(), 0755, 0) != 0) return failure(system_error(path));
  return {};
}

Result<void> make_layer_folders(const RootTree& tree, int where) {
  for (const char* kind : {"layer", "work"}) {
    if (auto made = make_layer_folder(where, kind); !made) return made;
    for (const ImagePart& part : tree.parts) {
      if (auto made = make_layer_folder(where, fmt::format("{}/{}", kind, part.name)); !made) return made;
    }
  }
  return {};
}

Result<UniqueFd> own_layer(const RootTree& tree) {
  if (tree.root_disk.empty()) return id_mapped(tree.folder, tree.user_namespace, Writable::Yes);
  return mount_disk({.path = tree.root_disk,
                     .key = tree.root_disk_key,
                     .user_namespace = tree.user_namespace,
                     .prepare = [&tree](int root) { return make_layer_folders(tree, root); }});
}

Result<void> assemble(const RootTree& tree, const Capabilities& capabilities) {
  if (::mount("staging", kStaging, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m") != 0 ||
      ::chdir(kStaging) != 0) {
    return failure(system_error("a place to assemble the root"));
  }
  auto own = own_layer(tree);
  if (!own) return std::unexpected(own.error());
  if (auto staged = stage(*own, "own"); !staged) return staged;
  if (auto acting = act_as_guest_root(tree.first_id); !acting) return acting;
  for (size_t i = 0; i < tree.parts.size(); ++i) {
    if (auto mounted = mount_part(tree, tree.parts[i], i); !mounted) return mounted;
  }
  UniqueFd root(::open("root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const Mount& volume : tree.mounts) {
    if (auto mounted = mount_volume(root.get(), tree, volume); !mounted) return mounted;
  }
  for (size_t i = 0; i < tree.scratch.size(); ++i) {
    if (auto mounted = mount_scratch(root.get(), tree, i, capabilities); !mounted) return mounted;
  }
  for (const File& file : tree.files) {
    if (auto written = write_file_inside(root.get(), file, tree.first_id); !written) return written;
  }
  return {};
}

}  // namespace

Result<UniqueFd> assemble_root(int mount_namespace, const RootTree& tree, const Capabilities& capabilities) {
  for (const ImagePart& part : tree.parts) {
    if (!tree.root_disk.empty()) break;
    for (const char* kind : {"/layer/", "/work/"}) {
      std::string path = tree.folder + kind + part.name;
      if (auto made = make_directories(path); !made) return std::unexpected(made.error());
      // Only a new layer's: the guest may have changed what its own root shows.
      std::error_code error;
      if (std::filesystem::is_empty(path, error)) (void)::chmod(path.c_str(), 0755);
    }
  }
  return in_private_mounts(mount_namespace, [&] { return assemble(tree, capabilities); });
}

}  // namespace holm::sandbox

// Starting a sandbox: ids, namespaces, file system, network, configuration, and the container
// runtime.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/strings.h"
#include "sandbox/anchor.h"
#include "sandbox/container_config.h"
#include "sandbox/names.h"
#include "sandbox/namespaces.h"
#include "sandbox/netlink.h"
#include "sandbox/network.h"
#include "sandbox/root_tree.h"
#include "sandbox/runtime_state.h"
#include "sandbox/seccomp_filter.h"

namespace holm::sandbox {

namespace {

// Ids from 1,048,576 on: beyond those that distributions give to people's own containers is not
// possible everywhere, but files on disk never carry these ids.
constexpr uint32_t kFirstSlot = 16;
constexpr uint32_t kSlotsPerDaemon = 4096;
constexpr uint32_t kDaemonsMax = 15;

constexpr std::chrono::seconds kEndingTimeout{30};

uint32_t first_slot_of(const std::string& data_directory) {
  return kFirstSlot +
         static_cast<uint32_t>(stable_hash(data_directory) % kDaemonsMax) * kSlotsPerDaemon;
}

Result<void> check_spec(const SandboxSpec& spec) {
  if (!is_valid_id(spec.id)) return failure("not a sandbox's id: " + spec.id);
  if (spec.args.empty()) return failure("a sandbox needs a command");
  if (spec.image.base == Image::Base::Empty && spec.image.layers.empty()) {
    return failure("an image without layers");
  }
  for (const Mount& mount : spec.mounts) {
    if (!mount.destination.starts_with('/') || mount.destination == "/") {
      return failure("a mount's destination must be below /: " + mount.destination);
    }
  }
  for (const Disk& disk : spec.disks) {
    if (!disk.destination.starts_with('/') || disk.destination == "/") {
      return failure("a disk's destination must be below /: " + disk.destination);
    }
  }
  for (const Scratch& scratch : spec.scratch) {
    if (!scratch.destination.starts_with('/') || scratch.destination == "/") {
      return failure("a scratch's destination must be below /: " + scratch.destination);
    }
  }
  if (spec.user >= kIdsPerSandbox || spec.group >= kIdsPerSandbox) {
    return failure("user and group ids inside go up to 65535");
  }
  return {};
}

std::vector<File> files_of(const SandboxSpec& spec) {
  std::string name = spec.hostname.empty() ? spec.id : spec.hostname;
  std::string hosts = "127.0.0.1 localhost\n";
  if (!spec.address.empty()) hosts += spec.address + " " + name + "\n";
  if (spec.address.empty()) hosts += "127.0.1.1 " + name + "\n";
  for (const std::string& entry : spec.host_entries) hosts += entry + "\n";
  // Without a server the resolver would ask the own host and wait: fail at once instead.
  std::string resolver;
  if (spec.name_servers.empty()) resolver = "options timeout:1 attempts:1\n";
  for (const std::string& server : spec.name_servers) resolver += "nameserver " + server + "\n";
  if (!spec.search_domains.empty()) resolver += "search " + join(spec.search_domains, " ") + "\n";
  std::vector<File> files{{.path = "/etc/hostname", .content = name + "\n"},
                          {.path = "/etc/hosts", .content = hosts},
                          {.path = "/etc/resolv.conf", .content = resolver}};
  files.insert(files.end(), spec.files.begin(), spec.files.end());
  return files;
}

Result<UniqueFd> open_log(const std::string& path) {
  UniqueFd log;
  if (path.empty()) {
    log.reset(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  } else {
    log.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  if (!log) return failure(system_error(path));
  return log;
}

// What crun wrote last, for the error's message.
std::string last_words(const std::string& log_path) {
  auto text = read_file(log_path);
  if (!text || trim(*text).empty()) return "the container runtime failed without a word";
  return std::string(trim(*text));
}

}  // namespace

Result<const Groundwork*> Runtime::State::ensure_groundwork() {
  std::lock_guard lock(making_groundwork);
  if (groundwork) return &*groundwork;
  auto images = Images::open(data_directory);
  if (!images) return std::unexpected(images.error());
  Groundwork made{.images = std::move(*images), .filters = {}};
  for (auto privileges : {SandboxSpec::Privileges::Instance, SandboxSpec::Privileges::Engine,
                          SandboxSpec::Privileges::Function}) {
    auto filter = compile_seccomp_filter(privileges);
    if (!filter) return std::unexpected(filter.error());
    made.filters[static_cast<size_t>(privileges)] = std::move(*filter);
  }
  groundwork = std::move(made);
  return &*groundwork;
}

Result<uint32_t> Runtime::State::reserve(const SandboxSpec& spec) {
  std::unique_lock lock(mutex);
  // One that has just ended is let go first, so that a restart needs no retry.
  changed.wait_for(lock, kEndingTimeout, [&] {
    auto entry = entries.find(spec.id);
    return entry == entries.end() || entry->second.phase != SandboxEntry::Phase::Ended;
  });
  if (entries.contains(spec.id)) return failure("sandbox " + spec.id + " is running already");
  uint32_t slot = first_slot_of(data_directory);
  while (slots.contains(slot)) ++slot;
  slots.insert(slot);
  SandboxEntry& entry = entries[spec.id];
  entry.record = {slot, spec.privileges, spec.log_path, spec.log_bytes_max};
  return slot;
}

Result<UniqueFd> Runtime::State::prepare_network(const SandboxSpec& spec, int network_namespace) {
  auto prepared = prepare_guest_network(network_namespace);
  if (!prepared) return std::unexpected(prepared.error());
  if (!spec.interface_ids.empty() && !network) return failure("this runtime has no network");
  int index = 0;
  for (const std::string& interface : spec.interface_ids) {
    auto attached = network->attach(interface, network_namespace, index++);
    if (!attached) return std::unexpected(attached.error());
  }
  return UniqueFd();
}

Result<Started> Runtime::State::launch(const SandboxSpec& spec, uint32_t slot) {
  auto prepared = ensure_groundwork();
  if (!prepared) return std::unexpected(prepared.error());
  std::string home = folder(spec.id);
  if (auto made = make_directories(home + "/bundle"); !made) return std::unexpected(made.error());
  SandboxRecord record{slot, spec.privileges, spec.log_path, spec.log_bytes_max};
  if (auto kept = write_volatile_file(home + "/record", encode_record(record)); !kept) {
    return std::unexpected(kept.error());
  }
  uint32_t first_id = slot * kIdsPerSandbox;
  auto guest = make_guest_namespaces(first_id);
  if (!guest) return std::unexpected(guest.error());
  if (auto ready = prepare_network(spec, guest->network.get()); !ready) {
    return std::unexpected(ready.error());
  }
  const RootTree tree{.parts = (*prepared)->images.parts(spec.image),
                      .folder = home,
                      .root_disk = spec.root_disk,
                      .root_disk_key = spec.root_disk_key,
                      .user_namespace = guest->user.get(),
                      .first_id = first_id,
                      .mounts = spec.mounts,
                      .scratch = spec.scratch,
                      .files = files_of(spec)};
  auto mounts = assemble_root(mount_namespace.get(), tree, capabilities);
  if (!mounts) return std::unexpected(mounts.error());
  ContainerConfig config{.root = kAssembledRoot,
                         .user_namespace_path = descriptor_path(guest->user.get()),
                         .network_namespace_path = descriptor_path(guest->network.get()),
                         .seccomp_program = (*prepared)->filters[static_cast<size_t>(spec.privileges)],
                         .first_id = first_id,
                         .open_files_max = open_files_max};
  if (capabilities.control_groups.available) config.control_group_path = groups.path(spec.id);
  std::string config_path = home + "/bundle/config.json";
  auto written = write_volatile_file(config_path, container_config(spec, config));
  if (!written) return std::unexpected(written.error());
  auto log = open_log(spec.log_path);
  if (!log) return std::unexpected(log.error());
  std::string crun_log = home + "/crun.log";
  ::unlink(crun_log.c_str());
  UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ProcessSpec process{.name = spec.id,
                      .args = {capabilities.crun_path, "--root", data_directory + "/run/crun",
                               "--log=file:" + crun_log},
                      .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                      .descriptors = {null.get(), log->get(), log->get()},
                      .mount_namespace = mounts->get()};
  if (!capabilities.control_groups.available) {
    process.args.emplace_back("--cgroup-manager=disabled");
  }
  for (const std::string& arg :
       {std::string("run"), std::string("--detach"), std::string("--no-new-keyring"),
        "--pid-file=" + home + "/pid", "--bundle=" + home + "/bundle", spec.id}) {
    process.args.push_back(arg);
  }
  auto launched = anchor.launch(process, home + "/pid");
  if (!launched) return std::unexpected(launched.error());
  if (launched->pid == 0) return failure("starting " + spec.id + ": " + last_words(crun_log));
  std::lock_guard lock(mutex);
  SandboxEntry& entry = entries[spec.id];
  entry.phase = SandboxEntry::Phase::Running;
  entry.pid = launched->pid;
  entry.process = std::move(launched->descriptor);
  changed.notify_all();
  return Started{.pid = entry.pid, .id = spec.id};
}

// Everything but the writable layer.
void Runtime::State::give_back(const std::string& id) {
  groups.remove(id);
  std::error_code ignored;
  std::filesystem::remove_all(container_state(id), ignored);
  std::filesystem::remove_all(folder(id) + "/bundle", ignored);
  std::filesystem::remove_all(folder(id) + "/work", ignored);
  for (const char* file : {"/pid", "/record", "/crun.log"}) {
    std::filesystem::remove(folder(id) + file, ignored);
  }
}

void Runtime::State::forget(const std::string& id) {
  std::lock_guard lock(mutex);
  auto entry = entries.find(id);
  if (entry == entries.end()) return;
  slots.erase(entry->second.record.slot);
  entries.erase(entry);
  changed.notify_all();
}

Result<Started> Runtime::start(const SandboxSpec& spec) {
  if (auto checked = check_spec(spec); !checked) return std::unexpected(checked.error());
  auto slot = state_->reserve(spec);
  if (!slot) return std::unexpected(slot.error());
  auto started = state_->launch(spec, *slot);
  if (!started) {
    state_->give_back(spec.id);
    state_->forget(spec.id);
    return started;
  }
  // Not before: what is mounted when the guest's namespace is made can never be taken away again.
  for (const Disk& disk : spec.disks) {
    auto attached = attach_disk(spec.id, disk);
    if (attached) continue;
    (void)stop(spec.id, std::chrono::milliseconds(0));
    return std::unexpected(attached.error());
  }
  return started;
}

}  // namespace holm::sandbox

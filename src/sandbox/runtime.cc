// Watching, adopting and ending sandboxes.

#include "sandbox/runtime.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/system_clock.h"
#include "sandbox/anchor.h"
#include "sandbox/container_config.h"
#include "sandbox/names.h"
#include "sandbox/network.h"
#include "sandbox/runtime_state.h"

namespace holm::sandbox {

namespace {

constexpr std::chrono::seconds kLogInterval{2};
constexpr std::chrono::seconds kKillTimeout{30};
constexpr int kPrivilegesCount = 3;
constexpr uint64_t kOpenFilesMax = 65536;

// A process of another user cannot be given a larger limit than ours without a capability.
uint64_t open_files_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return std::min<uint64_t>(kOpenFilesMax, limit.rlim_max);
}

}  // namespace

std::string encode_record(const SandboxRecord& record) {
  return fmt::format("{}\n{}\n{}\n{}\n", record.slot, static_cast<int>(record.privileges),
                     record.log_bytes_max, record.log_path);
}

std::optional<SandboxRecord> decode_record(std::string_view text) {
  auto lines = split(text, '\n');
  if (lines.size() < 4) return std::nullopt;
  auto slot = parse_integer(lines[0]);
  auto privileges = parse_integer(lines[1]);
  auto bytes = parse_integer(lines[2]);
  if (!slot || !privileges || !bytes || *slot < 0 || *bytes < 0) return std::nullopt;
  if (*privileges < 0 || *privileges >= kPrivilegesCount) return std::nullopt;
  return SandboxRecord{.slot = static_cast<uint32_t>(*slot),
                       .privileges = static_cast<SandboxSpec::Privileges>(*privileges),
                       .log_path = std::string(lines[3]),
                       .log_bytes_max = static_cast<uint64_t>(*bytes)};
}

Runtime::State::State(const RuntimeOptions& options, Anchor& the_anchor, Network* the_network)
    : data_directory(options.data_directory),
      groups(options.data_directory),
      anchor(the_anchor),
      network(the_network),
      capabilities(probe()),
      open_files_max(open_files_limit()) {}

Runtime::State::~State() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
    changed.notify_all();
  }
  if (preparer.joinable()) preparer.join();
  if (log_watcher.joinable()) log_watcher.join();
}

std::string Runtime::State::folder(const std::string& id) const {
  return data_directory + "/sandboxes/" + id;
}

std::string Runtime::State::container_state(const std::string& id) const {
  return data_directory + "/run/crun/" + id;
}

Result<void> Runtime::State::adopt() {
  auto processes = anchor.processes();
  if (!processes) return std::unexpected(processes.error());
  for (AnchorProcess& process : *processes) {
    SandboxEntry& entry = entries[process.name];
    entry.phase = SandboxEntry::Phase::Running;
    entry.pid = process.pid;
    entry.process = std::move(process.descriptor);
    auto text = read_file(folder(process.name) + "/record");
    auto record = text ? decode_record(*text) : std::nullopt;
    if (record) entry.record = *record;
    slots.insert(entry.record.slot);
  }
  // What has a record but no process went down with an earlier anchor, or its start was cut off.
  std::vector<std::string> lost;
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator(data_directory + "/sandboxes", error)) {
    std::string id = item.path().filename().string();
    if (entries.contains(id) || !std::filesystem::exists(item.path() / "record", error)) continue;
    lost.push_back(id);
    entries[id].phase = SandboxEntry::Phase::Running;
  }
  for (const std::string& id : lost) {
    process_ended(id, {.lost = true, .time = SystemClock().now()});
  }
  return {};
}

void Runtime::State::process_ended(const std::string& id, ExitStatus exit) {
  {
    std::unique_lock lock(mutex);
    // The start that launched it may not have heard of its success yet.
    changed.wait(lock, [&] {
      auto entry = entries.find(id);
      return entry == entries.end() || entry->second.phase != SandboxEntry::Phase::Starting;
    });
    if (!entries.contains(id)) return;
  }
  exit.out_of_memory = groups.ran_out_of_memory(id);
  give_back(id);
  {
    std::lock_guard lock(mutex);
    entries[id].phase = SandboxEntry::Phase::Ended;
    changed.notify_all();
  }
  on_exit(id, exit);
  if (!exit.lost) {
    if (auto done = anchor.acknowledge(id); !done) log::warning(done.error().message);
  }
  forget(id);
}

void Runtime::State::anchor_lost() {
  log::error("the anchor is gone, and every sandbox with it");
  std::vector<std::string> ids;
  {
    std::lock_guard lock(mutex);
    for (const auto& [id, entry] : entries) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    process_ended(id, {.lost = true, .time = SystemClock().now()});
  }
}

void Runtime::State::watch_logs() {
  std::unique_lock lock(mutex);
  while (!changed.wait_for(lock, kLogInterval, [this] { return stopping; })) {
    std::vector<SandboxRecord> records;
    for (const auto& [id, entry] : entries) {
      if (!entry.record.log_path.empty()) records.push_back(entry.record);
    }
    lock.unlock();
    for (const SandboxRecord& record : records) logs.trim(record.log_path, record.log_bytes_max);
    lock.lock();
  }
}

bool Runtime::State::wait_until_ended(const std::string& id, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, timeout, [&] {
    auto entry = entries.find(id);
    return entry == entries.end() || entry->second.phase == SandboxEntry::Phase::Ended;
  });
}

Runtime::Runtime(std::unique_ptr<State> state) : state_(std::move(state)) {}

Runtime::~Runtime() { state_->anchor.stop_watching(); }

Result<std::unique_ptr<Runtime>> Runtime::open(const RuntimeOptions& options, Anchor& anchor,
                                               Network* network, ExitCallback on_exit) {
  auto state = std::make_unique<State>(options, anchor, network);
  if (!state->capabilities.crun.available) return failure(state->capabilities.crun.reason);
  state->on_exit = std::move(on_exit);
  auto mounts = anchor.mount_namespace();
  if (!mounts) return std::unexpected(mounts.error());
  state->mount_namespace = std::move(*mounts);
  if (auto adopted = state->adopt(); !adopted) return std::unexpected(adopted.error());
  State* known = state.get();
  auto watched = anchor.watch({.ended = [known](const std::string& id, pid_t,
                                                const ExitStatus& exit) { known->process_ended(id, exit); },
                               .lost = [known] { known->anchor_lost(); }});
  if (!watched) return std::unexpected(watched.error());
  state->log_watcher = std::thread([known] { known->watch_logs(); });
  return std::make_unique<Runtime>(std::move(state));
}

void Runtime::prepare() {
  state_->preparer = std::thread([state = state_.get()] {
    if (auto made = state->ensure_groundwork(); !made) {
      log::error("no instance, function or engine can start: " + made.error().message);
    }
  });
}

Result<void> Runtime::kill(const std::string& id, int signal) {
  std::lock_guard lock(state_->mutex);
  auto entry = state_->entries.find(id);
  if (entry == state_->entries.end() || !entry->second.process) return {};
  int descriptor = entry->second.process.get();
  if (::syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, 0) != 0 && errno != ESRCH) {
    return failure(system_error("signalling " + id));
  }
  return {};
}

Result<void> Runtime::stop(const std::string& id, std::chrono::milliseconds grace) {
  if (auto told = kill(id, SIGTERM); !told) return told;
  if (state_->wait_until_ended(id, grace)) return {};
  if (auto told = kill(id, SIGKILL); !told) return told;
  if (!state_->wait_until_ended(id, kKillTimeout)) return failure(id + " does not die");
  return {};
}

Result<void> Runtime::remove(const std::string& id, Layer layer) {
  if (!is_valid_id(id)) return failure("not a sandbox's id: " + id);
  if (auto told = kill(id, SIGKILL); !told) return told;
  if (!state_->wait_until_ended(id, kKillTimeout)) return failure(id + " does not die");
  if (layer == Layer::Keep) return {};
  std::error_code error;
  std::filesystem::remove_all(state_->folder(id), error);
  if (error) return failure("removing " + state_->folder(id) + ": " + error.message());
  return {};
}

Result<void> Runtime::remove_all(Layer layer) {
  std::vector<std::string> ids;
  std::error_code error;
  std::string all = state_->data_directory + "/sandboxes";
  for (const auto& item : std::filesystem::directory_iterator(all, error)) {
    ids.push_back(item.path().filename().string());
  }
  for (const std::string& id : ids) {
    if (auto removed = remove(id, layer); !removed) return removed;
  }
  state_->groups.remove_parent();
  return {};
}

Result<ExitStatus> Runtime::exec(const std::string& id, const ExecSpec& spec) {
  {
    std::lock_guard lock(state_->mutex);
    auto entry = state_->entries.find(id);
    if (entry == state_->entries.end() || entry->second.phase != SandboxEntry::Phase::Running) {
      return failure("sandbox " + id + " is not running");
    }
  }
  return exec_in(state_->data_directory, state_->anchor, id, spec);
}

Result<ExitStatus> exec_in(const std::string& data_directory, Anchor& anchor, const std::string& id,
                           const ExecSpec& spec) {
  if (spec.args.empty()) return failure("no command to run in " + id);
  if (!is_valid_id(id)) return failure("not a sandbox's id: " + id);
  const std::string folder = data_directory + "/sandboxes/" + id;
  auto text = read_file(folder + "/record");
  auto record = text ? decode_record(*text) : std::nullopt;
  if (!record) return failure("there is no sandbox " + id);
  const std::string path = fmt::format("{}/bundle/exec-{}.json", folder, SystemRandom().hex(16));
  std::string description = exec_process(spec, record->privileges, open_files_limit());
  if (auto put = write_volatile_file(path, description); !put) return std::unexpected(put.error());
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  auto or_null = [&null](int descriptor) { return descriptor >= 0 ? descriptor : null.get(); };
  auto exit = anchor.run(
      {.name = id,
       .args = {probe().crun_path, "--root", data_directory + "/run/crun", "exec", "--process=" + path, id},
       .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
       .descriptors = {or_null(spec.input), or_null(spec.output), or_null(spec.error)}});
  ::unlink(path.c_str());
  return exit;
}

Result<void> Runtime::while_paused(const std::string& id, const std::function<Result<void>()>& work) {
  bool runs = false;
  {
    std::lock_guard lock(state_->mutex);
    auto entry = state_->entries.find(id);
    runs = entry != state_->entries.end() && entry->second.phase == SandboxEntry::Phase::Running;
  }
  if (!runs) return work();
  auto guard = state_->groups.freeze(id);
  if (!guard) return std::unexpected(guard.error());
  return work();
}

std::vector<SandboxState> Runtime::list() const {
  std::lock_guard lock(state_->mutex);
  std::vector<SandboxState> result;
  for (const auto& [id, entry] : state_->entries) {
    result.push_back({id, entry.pid, entry.phase == SandboxEntry::Phase::Running});
  }
  return result;
}

std::optional<Usage> Runtime::usage(const std::string& id) const { return state_->groups.usage(id); }

std::optional<Traffic> Runtime::traffic(const std::string& id) const {
  pid_t pid = 0;
  {
    std::lock_guard lock(state_->mutex);
    auto entry = state_->entries.find(id);
    if (entry == state_->entries.end() || entry->second.phase != SandboxEntry::Phase::Running) {
      return std::nullopt;
    }
    pid = entry->second.pid;
  }
  return traffic_of(pid);
}

Result<LogPart> Runtime::read_log(const std::string& path, uint64_t position, size_t bytes_max) const {
  return state_->logs.read(path, position, bytes_max);
}

std::string Runtime::layer_path(const std::string& id) const { return state_->folder(id) + "/layer"; }

}  // namespace holm::sandbox

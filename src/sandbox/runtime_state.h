// What the runtime knows while it lives. Private to this folder.
#pragma once

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "sandbox/control_groups.h"
#include "sandbox/log_files.h"
#include "sandbox/probe.h"
#include "sandbox/runtime.h"

namespace holm::sandbox {

// What has to be known of a sandbox after a restart of the daemon; kept in its folder.
struct SandboxRecord {
  uint32_t slot = 0;
  SandboxSpec::Privileges privileges = SandboxSpec::Privileges::Function;
  std::string log_path;
  uint64_t log_bytes_max = 0;
};

std::string encode_record(const SandboxRecord& record);
std::optional<SandboxRecord> decode_record(std::string_view text);

struct SandboxEntry {
  enum class Phase {
    Starting,
    Running,
    // Its process is gone; what it held is being given back and its owner told.
    Ended,
  };
  Phase phase = Phase::Starting;
  pid_t pid = 0;
  UniqueFd process;
  SandboxRecord record;
};

// What every start needs and what takes tens of milliseconds to make.
struct Groundwork {
  Images images;
  // System call filters, by privileges.
  std::array<std::string, 3> filters;
};

struct Runtime::State {
  State(const RuntimeOptions& options, Anchor& the_anchor, Network* the_network);
  ~State();

  std::string folder(const std::string& id) const;
  std::string container_state(const std::string& id) const;

  Result<void> adopt();
  void watch_logs();
  void process_ended(const std::string& id, ExitStatus exit);
  void anchor_lost();
  // Waits until the sandbox has ended; false after `timeout`.
  bool wait_until_ended(const std::string& id, std::chrono::milliseconds timeout);

  // Made by whoever comes first, others wait for it; after a failure the next one tries again.
  Result<const Groundwork*> ensure_groundwork();

  // The steps of a start, in order; see runtime_start.cc.
  Result<uint32_t> reserve(const SandboxSpec& spec);
  Result<Started> launch(const SandboxSpec& spec, uint32_t slot);
  Result<UniqueFd> prepare_network(const SandboxSpec& spec, int network_namespace);
  void give_back(const std::string& id);
  void forget(const std::string& id);

  const std::string data_directory;
  const ControlGroups groups;
  Anchor& anchor;
  Network* const network;
  const Capabilities capabilities;
  ExitCallback on_exit;
  LogFiles logs;
  UniqueFd mount_namespace;
  uint64_t open_files_max = 0;
  std::mutex making_groundwork;
  std::optional<Groundwork> groundwork;
  std::thread preparer;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, SandboxEntry> entries;
  // User id ranges in use.
  std::set<uint32_t> slots;
  bool stopping = false;
  std::thread log_watcher;
};

}  // namespace holm::sandbox

// Sandboxes: start, stop, watch and adopt untrusted programs, isolated from the host and from each
// other.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/exit_status.h"
#include "sandbox/images.h"
#include "sandbox/log_files.h"
#include "sandbox/traffic.h"

namespace holm {
class Clock;
}

namespace holm::sandbox {

class Anchor;
class Network;
struct Capabilities;

struct Limits {
  // 0 is no limit. Swap counts as memory.
  uint64_t memory_bytes = 0;
  // 100 is one processor.
  unsigned cpu_percent = 0;
  unsigned pids = 0;
};

// A folder of the host shown in the sandbox. Ownership is mapped: what guest root (or guest user n)
// writes belongs to root (or user n) on the host's disk, whichever ids the sandbox runs with.
struct Mount {
  std::string source;
  std::string destination;
  enum class Access { ReadOnly, ReadWrite };
  Access access = Access::ReadWrite;
};

// An empty file system of the sandbox's own, gone with it, that takes `bytes_max` and little more. Everybody
// in the sandbox may write there.
struct Scratch {
  std::string destination;
  uint64_t bytes_max = 0;
};

// A disk of disks.h, shown as a folder. It is there a moment after the first process is.
struct Disk {
  std::string path;
  std::string destination;
  std::string key;  // Of an encrypted one; kept nowhere but in the kernel.
};

// A file put into the writable layer before the start; missing folders are made, 0755, owned by
// guest root.
struct File {
  std::string path;
  std::string content;
  unsigned mode = 0644;
  unsigned user = 0;
  unsigned group = 0;
};

struct SandboxSpec {
  // [a-zA-Z0-9][a-zA-Z0-9._-]{0,127}; an instance id, a task id … Also the folder
  // `<data>/sandboxes/<id>`.
  std::string id;
  Image image;
  std::vector<std::string> args;
  // "NAME=value". PATH, HOME and LANG have defaults.
  std::vector<std::string> env;
  std::string working_directory = "/";
  unsigned user = 0;
  unsigned group = 0;
  std::vector<unsigned> additional_groups;

  std::string hostname;
  // Of /etc/resolv.conf; empty: none, names then fail at once.
  std::vector<std::string> name_servers;
  std::vector<std::string> search_domains;
  // Lines added to /etc/hosts below localhost and the sandbox's own name.
  std::vector<std::string> host_entries;
  // The address /etc/hosts gives the sandbox's own name.
  std::string address;

  Limits limits;
  // Whether anything but mounts and scratch can be written to.
  enum class Root { Writable, ReadOnly };
  Root root = Root::Writable;
  // The disk that the writable layer is on; empty: a folder of the host.
  std::string root_disk;
  std::string root_disk_key;  // Of an encrypted one.
  std::vector<Disk> disks;
  std::vector<Mount> mounts;
  std::vector<Scratch> scratch;
  std::vector<File> files;
  // Interfaces as known to `Network::ensure_interface`, eth0 first. Empty: only a loopback device.
  std::vector<std::string> interface_ids;

  // Standard output and error are appended here; empty: /dev/null. Beyond `log_bytes_max` the
  // oldest half is cut off within seconds: readers see the file shrink.
  std::string log_path;
  uint64_t log_bytes_max = 64 << 20;

  // What root inside may do to its own sandbox. Nobody may do anything to the host at any level.
  enum class Privileges {
    Instance,  // A small machine: change owners and users, low ports, ping.
    Engine,    // A database or cache: may give up root.
    Function,  // Nothing.
  };
  Privileges privileges = Privileges::Instance;
};

struct Started {
  pid_t pid = 0;
  std::string id;
};

struct Usage {
  std::chrono::nanoseconds cpu{};
  // Without the page cache that could be given back at once.
  uint64_t memory_bytes = 0;
  uint64_t pids = 0;
};

struct SandboxState {
  std::string id;
  pid_t pid = 0;
  bool running = false;
};

struct ExecSpec {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string working_directory = "/";
  unsigned user = 0;
  unsigned group = 0;
  // Standard input, output and error, borrowed for the call; -1 is /dev/null. With a terminal all
  // are the controlling side's counterpart: a terminal descriptor of the caller, which crun
  // connects to a new one inside.
  int input = -1;
  int output = -1;
  int error = -1;
  enum class Terminal { No, Yes };
  Terminal terminal = Terminal::No;
};

struct RuntimeOptions {
  std::string data_directory;
};

// Thread-safe; calls block (job threads only), starts run in parallel. Owned by the region.
class Runtime final {
 public:
  using ExitCallback = std::function<void(const std::string& id, const ExitStatus&)>;

  // Adopts what the anchor still runs. `on_exit` is called on the runtime's own thread, for what
  // ended while no daemon lived as well; it may be called twice for one exit if the daemon dies in
  // it. It must not throw. `network` may be null when no sandbox has interfaces; both it and
  // `anchor` outlive the runtime.
  static Result<std::unique_ptr<Runtime>> open(const RuntimeOptions& options, Anchor& anchor,
                                               Network* network, ExitCallback on_exit);
  struct State;
  // For `open`; State is private to the implementation.
  explicit Runtime(std::unique_ptr<State> state);
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  // Sandboxes go on running.
  ~Runtime();

  // Makes what every start needs, on a thread of its own, so that the first start need not wait for it.
  // Once. A failure is logged, and told by each start until what stood in the way is gone.
  void prepare();

  // A sandbox of that id that ended before is started again over the same writable layer. One that
  // runs is an error. On failure nothing is left but that layer.
  Result<Started> start(const SandboxSpec& spec);
  // An ended or unknown sandbox is no error.
  Result<void> kill(const std::string& id, int signal);
  // SIGTERM, and SIGKILL after `grace`; returns when it has ended.
  Result<void> stop(const std::string& id, std::chrono::milliseconds grace);
  enum class Layer { Delete, Keep };
  // Kills what runs; afterwards no process, mount, control group or (unless kept) file is left.
  // Idempotent. `on_exit` is still called for what this kills.
  Result<void> remove(const std::string& id, Layer layer = Layer::Delete);
  // Removes every sandbox, its layer as well, and what they had in common.
  Result<void> remove_all(Layer layer = Layer::Delete);
  // Runs a program inside, to its end, with the sandbox's limits and privileges.
  Result<ExitStatus> exec(const std::string& id, const ExecSpec& spec);

  // Shows a disk in a sandbox that runs; one that is shown there already is no error.
  Result<void> attach_disk(const std::string& id, const Disk& disk);
  // Takes it away again. A disk that is not there, or a sandbox that does not run, is no error.
  enum class Detach { Gently, ByForce };  // Gently: not while anybody inside has something of it open.
  enum class Detached { Done, Busy };
  Result<Detached> detach_disk(const std::string& id, const std::string& destination, Detach how);

  // Runs `work` while no process in the sandbox does; one that has ended needs no pause.
  Result<void> while_paused(const std::string& id, const std::function<Result<void>()>& work);

  std::vector<SandboxState> list() const;
  // Nothing when it is not running.
  std::optional<Usage> usage(const std::string& id) const;
  std::optional<Traffic> traffic(const std::string& id) const;
  // Reads a sandbox's log, as LogFiles does.
  Result<LogPart> read_log(const std::string& path, uint64_t position, size_t bytes_max) const;
  // The writable layer, in the form of `Image::layers`; copy it while the sandbox is stopped.
  std::string layer_path(const std::string& id) const;

 private:
  std::unique_ptr<State> state_;
};

// As Runtime::exec, for a process beside the daemon (`holm exec`), which must not adopt what the daemon
// watches.
Result<ExitStatus> exec_in(const std::string& data_directory, Anchor& anchor, const std::string& id,
                           const ExecSpec& spec);

// Processes, mounts, control groups, interfaces and tables of this data directory that are still
// there, one sentence each; empty after a clean teardown.
std::vector<std::string> leftovers(const std::string& data_directory);

}  // namespace holm::sandbox

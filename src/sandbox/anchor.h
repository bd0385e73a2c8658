// The anchor: a tiny process that outlives the daemon. It keeps file descriptors (listeners,
// namespaces) and is the parent of every sandbox, so that the daemon can be killed and adopt
// everything when it comes back.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/exit_status.h"

namespace holm::sandbox {

struct AnchorOptions {
  // The socket is `<data_directory>/run/anchor.sock`, mode 0600.
  std::string data_directory;
};

// The main of `holm anchor`: one thread, one loop, until a client says quit. Returns the exit code.
int run_anchor(const AnchorOptions& options);

// What the anchor shall run. The descriptors become 0, 1, 2 … of the process; without any,
// /dev/null is used.
struct ProcessSpec {
  // Names the process in `processes()`; unique among running processes and unacknowledged exits.
  std::string name;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string directory = "/";
  // Borrowed for the call.
  std::vector<int> descriptors;
  // A mount namespace to run in, borrowed for the call; -1 is the anchor's own.
  int mount_namespace = -1;
};

// A process the anchor started: running (`descriptor` is its pidfd), or ended and not yet
// acknowledged.
struct AnchorProcess {
  std::string name;
  pid_t pid = 0;
  UniqueFd descriptor;
  bool ended = false;
  ExitStatus exit;
};

struct KeptDescriptor {
  std::string name;
  UniqueFd descriptor;
};

struct AnchorClientOptions {
  std::string data_directory;
  // What to execute when no anchor answers, such as {"/proc/self/exe", "anchor", "--data",
  // "/var/lib/holm"}.
  std::vector<std::string> command;
};

// The daemon's client. Every call opens its own connection: any thread, in parallel. Calls to the
// anchor answer in microseconds, only `run` and `launch` wait for the process.
class Anchor final {
 public:
  // Connects, and starts an anchor when none answers.
  static Result<std::unique_ptr<Anchor>> open(const AnchorClientOptions& options);
  struct State;
  // For `open`; State is private to the implementation.
  explicit Anchor(std::unique_ptr<State> state);
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;
  // Stops watching. The anchor and its processes go on.
  ~Anchor();

  // Whether `open` had to start one: then nothing of an earlier daemon's life is running any more.
  bool is_new() const;
  pid_t pid() const;
  const std::string& data_directory() const;

  // Keeps a duplicate of `descriptor` under `name`, in place of an earlier one.
  Result<void> keep(const std::string& name, int descriptor);
  Result<void> drop(const std::string& name);
  // An empty descriptor when nothing is kept under that name.
  Result<UniqueFd> find(const std::string& name);
  Result<std::vector<KeptDescriptor>> list();

  // Runs a process to its end and returns how it ended. It is not listed in `processes()`.
  Result<ExitStatus> run(const ProcessSpec& spec);
  // Runs a launcher such as `crun run --detach`, which writes the process id of what it left
  // running into `pid_file`. That process is then known under `spec.name`, also when the daemon
  // dies meanwhile.
  struct Launched {
    ExitStatus launcher;
    pid_t pid = 0;        // 0 when the launcher failed.
    UniqueFd descriptor;  // The pidfd.
  };
  Result<Launched> launch(const ProcessSpec& spec, const std::string& pid_file);
  Result<std::vector<AnchorProcess>> processes();
  // Forgets the exit of a launched process.
  Result<void> acknowledge(const std::string& name);

  struct Watcher {
    // A launched process ended. Called again after a restart until acknowledged.
    std::function<void(const std::string& name, pid_t pid, const ExitStatus&)> ended;
    // The anchor itself is gone.
    std::function<void()> lost;
  };
  // Calls back on a thread of its own, for exits that nobody acknowledged yet and for all that
  // follow.
  Result<void> watch(Watcher watcher);
  // Returns when the last call back has. Not from a call back.
  void stop_watching();

  // The mount namespace of the anchor: private, with a view of the control groups crun accepts.
  Result<UniqueFd> mount_namespace();

  // Kills every process, closes every descriptor, ends the anchor, and returns when it is gone.
  Result<void> quit();

 private:
  std::unique_ptr<State> state_;
};

}  // namespace holm::sandbox

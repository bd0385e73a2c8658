// A data directory with an anchor, a network and a runtime of its own, for tests and benchmarks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/files.h"
#include "sandbox/anchor.h"
#include "sandbox/network.h"
#include "sandbox/runtime.h"

namespace holm::sandbox {

class TestRegion {
 public:
  TestRegion() {
    char path[] = "/tmp/holm-sandbox-XXXXXX";
    directory_ = ::mkdtemp(path);
    open();
  }
  ~TestRegion() {
    if (runtime) (void)runtime->remove_all();
    runtime.reset();
    if (network) (void)network->remove_all();
    network.reset();
    if (anchor) (void)anchor->quit();
    anchor.reset();
    std::filesystem::remove_all(directory_);
  }

  // As a daemon does when it starts. `error` says what failed.
  void open() {
    std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    auto opened = Anchor::open(
        {.data_directory = directory_, .command = {program + "/sandbox_anchor", directory_}});
    if (!opened) return fail(opened.error());
    anchor = std::move(*opened);
    network = std::make_unique<Network>(NetworkOptions{directory_}, *anchor);
    auto run = Runtime::open({directory_}, *anchor, network.get(),
                             [this](const std::string& id, const ExitStatus& exit) {
                               std::lock_guard lock(mutex_);
                               exits_[id] = exit;
                               changed_.notify_all();
                             });
    if (!run) return fail(run.error());
    runtime = std::move(*run);
  }
  // As when the daemon is killed: nothing is told to anybody.
  void close() {
    runtime.reset();
    network.reset();
    anchor.reset();
  }

  ExitStatus wait_for_exit(const std::string& id) {
    std::unique_lock lock(mutex_);
    bool seen =
        changed_.wait_for(lock, std::chrono::seconds(30), [&] { return exits_.contains(id); });
    if (!seen) return {.code = -99};
    ExitStatus exit = exits_[id];
    exits_.erase(id);
    return exit;
  }

  // Whether the condition comes true within a bound that only ends tests that have failed.
  template <class Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    for (int i = 0; i < 3000; ++i) {
      if (changed_.wait_for(lock, std::chrono::milliseconds(10), condition)) return true;
    }
    return false;
  }
  bool wait_for_log(const std::string& id, const std::string& text) {
    return wait_for([&] { return log_of(id) == text; });
  }

  const std::string& directory() const { return directory_; }
  std::string log_path(const std::string& id) const { return directory_ + "/" + id + ".log"; }
  std::string log_of(const std::string& id) const {
    return read_file(log_path(id)).value_or("no log");
  }

  std::unique_ptr<Anchor> anchor;
  std::unique_ptr<Network> network;
  std::unique_ptr<Runtime> runtime;
  std::string error;

 private:
  void fail(const Error& reason) { error = reason.message; }

  std::string directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, ExitStatus> exits_;
};

}  // namespace holm::sandbox

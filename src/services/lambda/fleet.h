// The execution environments of all functions: who runs what, and how much at once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "async/reactor.h"
#include "async/workers.h"
#include "sandbox/exit_status.h"
#include "services/lambda/environment.h"
#include "services/lambda/log_writer.h"
#include "services/lambda/metrics.h"
#include "services/lambda/sandboxes.h"
#include "services/lambda/target.h"

namespace holm::lambda {

// What an account may run at once in a region.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
inline constexpr int64_t kAccountConcurrency = 100;

// Its state lives on one reactor's thread; what is public may be called on any.
class Fleet final : public std::enable_shared_from_this<Fleet> {
 public:
  explicit Fleet(Dependencies& use);
  ~Fleet();

  void submit(std::shared_ptr<const Target> target, Invocation invocation);
  // Environments of a function (of one version unless that is empty) are not used any more.
  void retire(const std::string& function_arn, const std::string& version);
  // A sandbox ended.
  void ended(const std::string& id, const sandbox::ExitStatus& status);
  // Removes what an earlier daemon left; before the first invocation.
  void start();
  // Ends all environments and removes their sandboxes.
  void stop();

  async::Reactor& reactor() { return reactor_; }
  async::Workers& workers() { return *workers_; }

 private:
  struct Waiting {
    std::shared_ptr<const Target> target;
    Invocation invocation;
  };
  // The environments of one version. Only the newest revision is used.
  struct Pool {
    std::string revision;
    std::deque<Waiting> queue;
  };

  void accept(std::shared_ptr<const Target> target, Invocation invocation);
  bool has_room(const Target& target) const;
  void pump(const std::string& key);
  void launch(std::shared_ptr<const Target> target);
  void launched(const std::string& id, Result<Sandboxes::Made> made);
  void went_idle(ExecutionEnvironment& environment);
  void end(ExecutionEnvironment& environment, const std::string& failure);
  void remove(const std::string& id);
  ExecutionEnvironment* find_idle(const std::string& key);
  ExecutionEnvironment* oldest_idle();
  void sweep();

  Dependencies& use_;
  async::Reactor& reactor_;
  Sandboxes sandboxes_;
  Metrics metrics_;
  std::unique_ptr<async::Workers> workers_;
  std::unique_ptr<LogWriter> logs_;
  std::unique_ptr<async::Timer> sweeper_;
  std::map<std::string, Pool> pools_;
  std::map<std::string, std::unique_ptr<ExecutionEnvironment>> environments_;
  std::map<std::string, int64_t> running_;     // Accepted and not done, by function.
  std::map<std::string, int64_t> running_in_;  // The same by account.
  std::map<std::string, int64_t> unreserved_;  // The same of functions without reserve, by account.
  bool is_stopping_ = false;
};

}  // namespace holm::lambda

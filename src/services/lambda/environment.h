// An execution environment: a sandbox in which one function's runtime runs, one invocation at a
// time, and the Runtime API it asks for them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/reactor.h"
#include "async/wakeup.h"
#include "base/unique_fd.h"
#include "http/server.h"
#include "sandbox/exit_status.h"
#include "services/lambda/log_writer.h"
#include "services/lambda/target.h"

namespace holm::lambda {

struct Dependencies;
class Doors;
class Output;

// What listens inside the sandbox's network namespace.
struct Sockets {
  UniqueFd runtime;             // The Runtime API.
  UniqueFd api;                 // The region's API.
  std::vector<UniqueFd> sites;  // The load balancers' sites, by port as `Dependencies::sites`.
  UniqueFd names;               // A datagram socket for DNS.
};

// Belongs to the fleet; lives on its reactor's thread.
class ExecutionEnvironment final {
 public:
  enum class State {
    Starting,  // Until the runtime asks for its first invocation.
    Idle,
    Busy,   // Until the runtime asks for the next one.
    Ended,  // To be removed.
  };
  // What the fleet wants to know. Called on the reactor.
  struct Listener {
    std::function<void(ExecutionEnvironment&)> idle;
    // Nothing more can be run in it. `failure` is what an invocation that waits for it may be told.
    std::function<void(ExecutionEnvironment&, std::string failure)> ended;
  };

  ExecutionEnvironment(Dependencies& use, async::Reactor& reactor, LogWriter& logs,
                       std::shared_ptr<const Target> target, std::string id, std::string log_stream,
                       Listener listener);
  ~ExecutionEnvironment();
  ExecutionEnvironment(const ExecutionEnvironment&) = delete;
  ExecutionEnvironment& operator=(const ExecutionEnvironment&) = delete;

  // The sandbox has been made: serves its runtime and lets it begin.
  void open(Sockets sockets, UniqueFd ready);
  // Where its output is read from, before it is made.
  void read_output(UniqueFd pipe);
  // Only when it is idle.
  void run(Invocation invocation);
  // Its first process ended.
  void exited(const sandbox::ExitStatus& status);

  const std::string& id() const { return id_; }
  const Target& target() const { return *target_; }
  std::shared_ptr<const Target> shared_target() const { return target_; }
  State state() const { return state_; }
  // It has answered and will soon ask for the next invocation.
  bool is_returning() const { return state_ == State::Busy && !invocation_; }
  SteadyTime created() const { return created_; }
  SteadyTime idle_since() const { return idle_since_; }
  const std::string& log_stream() const { return log_stream_; }
  // To be ended instead of being used again.
  bool is_stale() const { return is_stale_; }
  void make_stale() { is_stale_ = true; }
  void log(std::string line);

 private:
  async::Task<void> answer(http::Exchange& exchange);
  async::Task<void> give_next(http::Exchange& exchange);
  async::Task<void> take_answer(http::Exchange& exchange, std::string request_id, bool is_error);
  async::Task<void> take_init_error(http::Exchange& exchange);
  void became_idle();
  void timed_out();
  void finish(InvocationResult result, std::string_view status);
  void end(std::string failure);
  http::Response next_response() const;

  Dependencies& use_;
  async::Reactor& reactor_;
  LogWriter& logs_;
  std::shared_ptr<const Target> target_;
  std::string id_;
  std::string log_stream_;
  Listener listener_;
  State state_ = State::Starting;
  bool is_stale_ = false;
  bool is_delivered_ = false;  // The runtime has been given the current invocation.
  SteadyTime created_;
  SteadyTime idle_since_;
  SteadyTime begun_;
  Time deadline_{};
  std::optional<std::chrono::duration<double, std::milli>> init_duration_;  // Until reported.
  std::optional<Invocation> invocation_;
  std::string init_error_;
  std::string tail_;
  uint64_t memory_bytes_max_ = 0;
  uint64_t next_count_ = 0;  // The newest request for an invocation is the one that gets it.
  std::optional<async::Wakeup::Notifier> next_;
  async::Timer timer_;
  UniqueFd ready_;  // What is written into a pipe is gone when nobody has it open.
  std::unique_ptr<Output> output_;
  std::unique_ptr<Doors> doors_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace holm::lambda

// The in-process client: how one service calls another's operations.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "async/reactor.h"
#include "async/sync_wait.h"
#include "async/task.h"
#include "aws/service/call.h"
#include "aws/service/operation.h"
#include "sql/database.h"

namespace holm::aws {

struct Access;

// Each generated operation has a tag `struct RunInstances { using Input; using Output; static constexpr
// std::string_view service, name; };` in "<service>/operations.h". The same validation and authorisation
// apply as over HTTP, for the principal that is named. Any thread.
class Region {
 public:
  virtual ~Region() = default;

  // Calls a synchronous operation inside the transaction of `parent`. Its writes and effects become part of
  // it; when it throws a ServiceError, the writes it made are undone (a savepoint) and the error passes
  // through.
  template <class Op>
  typename Op::Output call(Call& parent, const Principal& as, const typename Op::Input& input) {
    Box output = invoke(parent, as, Op::service, Op::name, &input);
    return std::move(*static_cast<typename Op::Output*>(output.get()));
  }

  // Calls an operation that waits, outside any transaction, from a coroutine on `reactor`.
  template <class Op>
  async::Task<typename Op::Output> call_waiting(async::Reactor& reactor, Caller caller,
                                                typename Op::Input input) {
    Box boxed = make_box(std::move(input));
    Box output = co_await invoke_waiting(reactor, std::move(caller), Op::service, Op::name, std::move(boxed));
    co_return std::move(*static_cast<typename Op::Output*>(output.get()));
  }

  // The same from a job's thread, which it blocks.
  template <class Op>
  typename Op::Output call_blocking(Caller caller, typename Op::Input input) {
    async::Reactor& reactor = any_reactor();
    return async::sync_wait(reactor, call_waiting<Op>(reactor, std::move(caller), std::move(input)));
  }

  // A caller for work that no request asked for (jobs): a service acting in an account and region, now.
  virtual Caller caller(std::string account, std::string region, std::string service_name) = 0;

  // Runs `work` in one transaction, committed when it returns, rolled back when it throws. For jobs and for
  // handlers that wait; blocks the calling thread, so never on a reactor's.
  virtual void transact(const Caller& caller, sql::Access access, const std::function<void(Call&)>& work) = 0;

  // The same from a coroutine on a reactor: runs on a worker and resumes where it was.
  virtual async::Task<void> transact_on_worker(async::Reactor& reactor, Caller caller, sql::Access access,
                                               std::function<void(Call&)> work) = 0;

  // Whether `as` may do one thing, by every policy there is: for what a service does in a role's name without an
  // operation of its own (replication).
  virtual bool may(Call& call, const Principal& as, const Access& access) = 0;

  // One of the daemon's reactors, for work that starts on no reactor (jobs).
  virtual async::Reactor& any_reactor() = 0;

 protected:
  virtual Box invoke(Call& parent, const Principal& as, std::string_view service, std::string_view operation,
                     const void* input) = 0;
  virtual async::Task<Box> invoke_waiting(async::Reactor& reactor, Caller caller, std::string_view service,
                                          std::string_view operation, Box input) = 0;
};

}  // namespace holm::aws

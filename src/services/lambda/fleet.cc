// Which environment runs an invocation, and when environments are made and ended.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

#include "services/lambda/fleet.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/random.h"
#include "base/time_format.h"
#include "sandbox/runtime.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr size_t kStartersMax = 4;  // Threads that make and remove sandboxes and write logs.
constexpr size_t kStarterQueueMax = 4096;
constexpr size_t kEnvironmentsMax = 128;  // At once, over all accounts.
constexpr size_t kIdleMax = 32;
constexpr std::chrono::minutes kIdleTime{7};
constexpr std::chrono::hours kLifeMax{11};  // Less than the credentials' life.
constexpr async::Duration kSweepEvery{10'000};

std::string pool_key(const Target& target) { return target.function_arn + ":" + target.version; }

// "2026/11/21/[$LATEST]0123…"
std::string new_log_stream(Time now, Random& random, const std::string& version) {
  const std::string day = iso8601(now).substr(0, 10);
  return fmt::format("{}/{}/{}/[{}]{}", day.substr(0, 4), day.substr(5, 2), day.substr(8, 2), version,
                     random.hex(32));
}

}  // namespace

Fleet::Fleet(Dependencies& use)
    : use_(use),
      reactor_(use.region.any_reactor()),
      sandboxes_(use),
      metrics_(use.metrics),
      workers_(std::make_unique<async::Workers>(kStartersMax, kStarterQueueMax)) {
  reactor_.call([this] {
    logs_ = std::make_unique<LogWriter>(reactor_, *workers_, use_.region);
    sweeper_ = std::make_unique<async::Timer>(reactor_, [this] { sweep(); });
    sweeper_->arm(kSweepEvery);
  });
}

Fleet::~Fleet() { stop(); }

void Fleet::start() { sandboxes_.remove_all(); }

void Fleet::stop() {
  std::vector<std::string> ids;
  reactor_.call([&] {
    is_stopping_ = true;
    if (logs_) logs_->flush();
    sweeper_.reset();
    for (auto& [key, pool] : pools_) {
      for (Waiting& each : pool.queue) {
        each.invocation.done({.kind = InvocationResult::Kind::NotStarted, .payload = "stopping"});
      }
    }
    pools_.clear();
    for (const auto& [id, environment] : environments_) ids.push_back(id);
    environments_.clear();
    logs_.reset();
  });
  if (!workers_) return;
  // What the workers still do may be about those environments; what they post runs before the end.
  workers_.reset();
  reactor_.call([] {});
  for (const std::string& id : ids) sandboxes_.remove(id);
}

void Fleet::submit(std::shared_ptr<const Target> target, Invocation invocation) {
  auto shared = std::make_shared<Invocation>(std::move(invocation));
  reactor_.post([this, target = std::move(target), shared] { accept(target, std::move(*shared)); });
}

bool Fleet::has_room(const Target& target) const {
  if (target.reserved) {
    auto running = running_.find(target.function_arn);
    return (running == running_.end() ? 0 : running->second) < *target.reserved;
  }
  auto running = unreserved_.find(target.account + "/" + target.region);
  return (running == unreserved_.end() ? 0 : running->second) < target.unreserved;
}

void Fleet::accept(std::shared_ptr<const Target> target, Invocation invocation) {
  if (is_stopping_ || !has_room(*target)) {
    if (!is_stopping_) metrics_.throttled(*target, invocation, use_.clock.now());
    invocation.done({.kind = InvocationResult::Kind::Throttled});
    return;
  }
  const std::string account = target->account + "/" + target->region;
  const bool is_reserved = target->reserved.has_value();
  const Time began = use_.clock.now();
  RunningNow concurrency{.of_function = ++running_[target->function_arn],
                         .of_account = ++running_in_[account],
                         .unreserved = {}};
  if (!is_reserved) concurrency.unreserved = ++unreserved_[account];
  metrics_.began(*target, invocation, concurrency, began);
  invocation.done = [this, target, account, is_reserved, began, arn = invocation.invoked_arn,
                     done = std::move(invocation.done)](InvocationResult result) {
    if (--running_[target->function_arn] == 0) running_.erase(target->function_arn);
    if (--running_in_[account] == 0) running_in_.erase(account);
    if (!is_reserved && --unreserved_[account] == 0) unreserved_.erase(account);
    metrics_.ended(*target, arn, began, result);
    done(std::move(result));
  };
  const std::string key = pool_key(*target);
  Pool& pool = pools_[key];
  if (pool.revision != target->revision) {
    retire(target->function_arn, target->version);
    pool.revision = target->revision;
  }
  pool.queue.push_back({std::move(target), std::move(invocation)});
  pump(key);
}

ExecutionEnvironment* Fleet::find_idle(const std::string& key) {
  // The one used last is the likeliest to be in the processor's caches, and others can time out.
  ExecutionEnvironment* found = nullptr;
  for (auto& [id, each] : environments_) {
    if (each->state() != ExecutionEnvironment::State::Idle || each->is_stale()) continue;
    if (pool_key(each->target()) != key) continue;
    if (!found || each->idle_since() > found->idle_since()) found = each.get();
  }
  return found;
}

ExecutionEnvironment* Fleet::oldest_idle() {
  ExecutionEnvironment* found = nullptr;
  for (auto& [id, each] : environments_) {
    if (each->state() != ExecutionEnvironment::State::Idle) continue;
    if (!found || each->idle_since() < found->idle_since()) found = each.get();
  }
  return found;
}

void Fleet::pump(const std::string& key) {
  auto pool = pools_.find(key);
  if (pool == pools_.end()) return;
  std::deque<Waiting>& queue = pool->second.queue;
  while (!queue.empty()) {
    ExecutionEnvironment* environment = find_idle(key);
    if (!environment) break;
    Waiting next = std::move(queue.front());
    queue.pop_front();
    environment->run(std::move(next.invocation));
  }
  size_t coming = 0;
  for (auto& [id, each] : environments_) {
    if (each->is_stale() || pool_key(each->target()) != key) continue;
    if (each->state() == ExecutionEnvironment::State::Starting || each->is_returning()) ++coming;
  }
  while (coming < queue.size()) {
    if (environments_.size() >= kEnvironmentsMax) {
      ExecutionEnvironment* victim = oldest_idle();
      if (!victim) return;  // The next one that ends makes room.
      remove(victim->id());
    }
    launch(queue.back().target);
    ++coming;
  }
}

void Fleet::launch(std::shared_ptr<const Target> target) {
  std::string id = "lambda-" + use_.random.hex(16);
  std::string log_stream = new_log_stream(use_.clock.now(), use_.random, target->version);
  ExecutionEnvironment::Listener listener{
      .idle = [this](ExecutionEnvironment& environment) { went_idle(environment); },
      .ended = [this](ExecutionEnvironment& environment,
                      const std::string& failure) { end(environment, failure); }};
  environments_[id] = std::make_unique<ExecutionEnvironment>(use_, reactor_, *logs_, target, id, log_stream,
                                                             std::move(listener));
  auto work = [this, id, log_stream, target] {
    auto pipe = sandboxes_.prepare(id, *target);
    if (!pipe) return launched(id, std::unexpected(pipe.error()));
    auto output = std::make_shared<UniqueFd>(std::move(*pipe));
    reactor_.post([this, id, output] {
      auto found = environments_.find(id);
      if (found != environments_.end()) found->second->read_output(std::move(*output));
    });
    launched(id, sandboxes_.make(id, log_stream, *target));
  };
  if (!workers_->try_post(std::move(work))) launched(id, failure("Too much is being started."));
}

// On a worker.
void Fleet::launched(const std::string& id, Result<Sandboxes::Made> made) {
  auto shared = std::make_shared<Result<Sandboxes::Made>>(std::move(made));
  reactor_.post([this, id, shared] {
    auto found = environments_.find(id);
    if (found == environments_.end()) return remove(id);  // Ended meanwhile.
    if (*shared) {
      found->second->open(std::move((*shared)->sockets), std::move((*shared)->ready));
      return;
    }
    log::warning(fmt::format("{}: {}", id, shared->error().message));
    end(*found->second, shared->error().message);
  });
}

void Fleet::went_idle(ExecutionEnvironment& environment) {
  const bool is_old = use_.clock.steady() - environment.created() > kLifeMax;
  const std::string key = pool_key(environment.target());
  if (environment.is_stale() || is_old) {
    remove(environment.id());
  } else {
    size_t idle = 0;
    for (auto& [id, each] : environments_) idle += each->state() == ExecutionEnvironment::State::Idle;
    if (idle > kIdleMax) remove(oldest_idle()->id());
  }
  pump(key);
}

void Fleet::end(ExecutionEnvironment& environment, const std::string& failure) {
  const std::string key = pool_key(environment.target());
  remove(environment.id());
  auto pool = pools_.find(key);
  if (pool == pools_.end()) return;
  if (!failure.empty() && !pool->second.queue.empty()) {
    Waiting unlucky = std::move(pool->second.queue.front());
    pool->second.queue.pop_front();
    if (failure.starts_with('{')) {
      unlucky.invocation.done({.payload = failure, .error = "Unhandled"});
    } else {
      unlucky.invocation.done({.kind = InvocationResult::Kind::NotStarted, .payload = failure});
    }
  }
  pump(key);
}

void Fleet::remove(const std::string& id) {
  auto found = environments_.find(id);
  if (found != environments_.end()) {
    // It may be running one of its own functions: destroyed in a while.
    std::shared_ptr<ExecutionEnvironment> gone = std::move(found->second);
    environments_.erase(found);
    reactor_.post([gone] {});
  }
  if (!workers_) return sandboxes_.remove(id);
  if (!workers_->try_post([this, id] { sandboxes_.remove(id); })) {
    log::warning(id + " could not be removed: too much is waiting");
  }
}

void Fleet::retire(const std::string& function_arn, const std::string& version) {
  auto work = [this, function_arn, version] {
    std::vector<std::string> idle;
    for (auto& [id, each] : environments_) {
      const Target& target = each->target();
      if (target.function_arn != function_arn) continue;
      if (!version.empty() && target.version != version) continue;
      each->make_stale();
      if (each->state() == ExecutionEnvironment::State::Idle) idle.push_back(id);
    }
    for (const std::string& id : idle) remove(id);
  };
  if (reactor_.in_thread()) return work();
  reactor_.post(work);
}

void Fleet::ended(const std::string& id, const sandbox::ExitStatus& status) {
  reactor_.post([weak = weak_from_this(), id, status] {
    auto fleet = weak.lock();
    if (!fleet) return;
    auto found = fleet->environments_.find(id);
    if (found != fleet->environments_.end()) found->second->exited(status);
  });
}

void Fleet::sweep() {
  std::vector<std::string> old;
  for (auto& [id, each] : environments_) {
    if (each->state() != ExecutionEnvironment::State::Idle) continue;
    if (use_.clock.steady() - each->idle_since() > kIdleTime) old.push_back(id);
  }
  for (const std::string& id : old) remove(id);
  sweeper_->arm(kSweepEvery);
}

}  // namespace holm::lambda

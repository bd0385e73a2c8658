// Reactors do not wait for a disk, so what they say is stored by workers.

#include "dataplane/balancer/health_queue.h"

#include "async/workers.h"

namespace holm::balancer {

namespace {

constexpr char kInitial[] = "initial", kHealthy[] = "healthy", kUnhealthy[] = "unhealthy";

// Runs at the end of a scope, whatever ends it.
template <class Work>
class AtEnd final {
 public:
  explicit AtEnd(Work work) : work_(std::move(work)) {}
  ~AtEnd() { work_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  Work work_;
};

}  // namespace

std::string name_of(Health health) {
  switch (health) {
    case Health::Initial: return kInitial;
    case Health::Healthy: return kHealthy;
    case Health::Unhealthy: return kUnhealthy;
  }
  return kInitial;
}

Health health_of(std::string_view name) {
  if (name == kHealthy) return Health::Healthy;
  return name == kUnhealthy ? Health::Unhealthy : Health::Initial;
}

void HealthQueue::add(const HealthChange& change) {
  std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  changes_.push_back(change);
  // When there is no room, the next change takes this one along.
  const bool posted = workers_.try_post([this] { store_all(); });
  if (posted) ++runs_waiting_;
}

void HealthQueue::stop() {
  std::unique_lock lock(mutex_);
  is_stopping_ = true;
  stored_.wait(lock, [this] { return runs_waiting_ == 0; });
}

void HealthQueue::store_all() {
  const AtEnd stored([this] {
    std::lock_guard lock(mutex_);
    --runs_waiting_;
    stored_.notify_all();
  });
  std::vector<HealthChange> changes;
  {
    std::lock_guard lock(mutex_);
    changes.swap(changes_);
  }
  for (const HealthChange& each : changes) store_(each);
}

}  // namespace holm::balancer

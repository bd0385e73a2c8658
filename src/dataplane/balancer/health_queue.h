// HealthQueue: takes what the balancer says of targets' health to where it is stored.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/balancer/health_checks.h"

namespace holm::async {
class Workers;
}

namespace holm::balancer {

// "initial", "healthy", "unhealthy": as it is stored and as clients of the API read it. Other words are "initial".
std::string name_of(Health health);
Health health_of(std::string_view name);

// Any thread. What it borrows outlives it; stop() comes before the end of what `store` uses.
class HealthQueue final {
 public:
  // Called on a worker, one change after the other in the order they came; may block.
  using Store = std::function<void(const HealthChange& change)>;

  HealthQueue(async::Workers& workers, Store store) : workers_(workers), store_(std::move(store)) {}
  HealthQueue(const HealthQueue&) = delete;
  HealthQueue& operator=(const HealthQueue&) = delete;

  // Does not block: for the reactors' threads.
  void add(const HealthChange& change);
  // What is added from now on is not stored; returns when nothing is being stored any more.
  void stop();

 private:
  void store_all();

  async::Workers& workers_;
  const Store store_;
  std::mutex mutex_;
  std::vector<HealthChange> changes_;  // Guarded by mutex_, as the next two.
  int runs_waiting_ = 0;
  bool is_stopping_ = false;
  std::condition_variable stored_;
};

}  // namespace holm::balancer

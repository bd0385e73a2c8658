// Writes of several requests in one transaction of the database, one after the other, each kept or undone by
// itself.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "async/reactor.h"
#include "async/task.h"
#include "async/workers.h"
#include "aws/service/call.h"

namespace holm::aws {
class Region;
}

namespace holm::s3 {

// While a transaction becomes durable, the writes for the next one gather: there are no timers, and who
// writes alone waits for nobody. Any thread; it outlives those who wait, and the workers run it.
class WriteQueue final {
 public:
  WriteQueue(aws::Region& region, async::Workers& workers) : region_(region), workers_(workers) {}
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // As Region::transact_on_worker() for writing. `work` sees what the writes before it did, durable or not:
  // nobody is told of anything, an error neither, before all of it is durable. It must not take long, nor its
  // effects.
  async::Task<void> transact(async::Reactor& reactor, aws::Caller caller,
                             std::function<void(aws::Call&)> work);

  // How many wait, without those that are being done.
  size_t waiting() const;

 private:
  struct Item;
  class Awaiter;

  void enqueue(const std::shared_ptr<Item>& item);
  void abandon(Item& item);
  std::shared_ptr<Item> take();
  void work();
  void run_together(std::vector<std::shared_ptr<Item>>& items);

  aws::Region& region_;
  async::Workers& workers_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Item>> queue_;
  bool is_working_ = false;
};

}  // namespace holm::s3

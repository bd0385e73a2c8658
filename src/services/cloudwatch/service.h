// What the handlers of CloudWatch share.
#pragma once

#include <memory>

#include "async/reactor.h"
#include "async/workers.h"
#include "aws/service/service.h"
#include "base/clock.h"

namespace holm {
class Random;
}
namespace holm::aws {
class Events;
class Region;
}  // namespace holm::aws
namespace holm::jobs {
class Jobs;
}
namespace holm::metrics {
class Meters;
class Store;
}  // namespace holm::metrics

namespace holm::cloudwatch {

// Everything CloudWatch is built on; all of it outlives the service.
struct Dependencies {
  aws::Region& region;
  aws::Events& events;
  metrics::Store& store;
  metrics::Meters& meters;
  jobs::Jobs& jobs;
  Clock& clock;
  Random& random;
};

// One for all accounts and regions; handlers are free functions that take it. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(Dependencies dependencies) : dependencies_(dependencies) {}

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  // From now on meters are read every minute, alarms evaluated, and the store is kept.
  void start() override;
  void stop() override;
  // The part of start() that has alarms evaluated.
  void take_jobs();

  metrics::Store& store() { return dependencies_.store; }
  Dependencies& use() { return dependencies_; }
  // To be called by each handler that made or changed an alarm: it is evaluated soon.
  void alarms_changed(aws::Call& call);

 private:
  void tick();
  void read_meters(Time minute);

  Dependencies dependencies_;
  std::unique_ptr<async::Workers> keeper_;  // One thread, for what may take long.
  async::Reactor* reactor_ = nullptr;
  std::unique_ptr<async::Timer> timer_;  // On the reactor's thread, as the next.
  Time minute_read_{};
};

}  // namespace holm::cloudwatch

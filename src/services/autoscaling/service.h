// What the handlers and the controller of Auto Scaling share.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "aws/service/events.h"
#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "jobs/jobs.h"
#include "stacks/resource_type.h"

namespace holm::aws {
class Region;
}
namespace holm::metrics {
class Meters;
}

namespace holm::autoscaling {

// One for all accounts and regions. Any thread.
class Service final : public aws::ServiceBase {
 public:
  Service(jobs::Jobs& jobs, aws::Region& region, aws::Events& events, metrics::Meters& meters, Clock& clock,
          Random& random);

  // Registers the controller, and what measures groups.
  void start() override;

  // Has the controller look at a group; part of `transaction`.
  void schedule(sql::Transaction& transaction, int64_t group);
  Random& random() { return random_; }
  Time now() const { return clock_.now(); }

 private:
  jobs::Jobs& jobs_;
  aws::Region& region_;
  metrics::Meters& meters_;
  Clock& clock_;
  Random& random_;
};

// AWS::AutoScaling::AutoScalingGroup. `service` outlives the types.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types(Service& service);

}  // namespace holm::autoscaling

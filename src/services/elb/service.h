// What the handlers and controllers of Classic Load Balancers share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/service/events.h"
#include "aws/service/service.h"
#include "balancing/dependencies.h"
#include "base/clock.h"
#include "base/random.h"
#include "dataplane/balancer/health_queue.h"

namespace holm::elb {

using balancing::Dependencies;
using balancing::kPrincipal;

class BalancerMetrics;

// One for all accounts and regions; handlers are free functions that take it. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(Dependencies dependencies);
  ~Service() override;

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  void start() override;
  // What the balancer says from now on is not stored; it is found out again after the next start.
  void stop() override;

  Dependencies& use() { return dependencies_; }
  // To be called by each handler that changed anything: has it carried out once it is committed.
  void changed(sql::Transaction& transaction);

 private:
  void store_health(const balancer::HealthChange& change);
  void note_instance(sql::Transaction& transaction, const aws::Event& event);

  Dependencies dependencies_;
  std::unique_ptr<BalancerMetrics> metrics_;
  balancer::HealthQueue health_queue_;
};

}  // namespace holm::elb

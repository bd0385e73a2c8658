// What the handlers and controllers of Classic Load Balancers share.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aws/service/events.h"
#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "dataplane/balancer/health_checks.h"

namespace holm::async {
class Workers;
}
namespace holm::aws {
class Region;
}
namespace holm::balancer {
class Balancer;
}
namespace holm::dns {
class Directory;
}
namespace holm::jobs {
class Jobs;
}
namespace holm::metrics {
class Meters;
}
namespace holm::net {
class CertificateDirectory;
}
namespace holm::sandbox {
class Network;
}

namespace holm::elb {

// As whom the service asks others.
inline constexpr char kPrincipal[] = "elasticloadbalancing.amazonaws.com";

// Everything the service is built on; all of it outlives the service.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  aws::Events& events;
  sandbox::Network& network;
  balancer::Balancer& balancer;
  metrics::Meters& meters;
  dns::Directory& names;
  net::CertificateDirectory& certificates;
  async::Workers& workers;
  Clock& clock;
  Random& random;
};

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
  void note_health(const balancer::HealthChange& change);
  void store_health();
  void note_instance(sql::Transaction& transaction, const aws::Event& event);

  Dependencies dependencies_;
  std::unique_ptr<BalancerMetrics> metrics_;
  std::mutex mutex_;
  std::vector<balancer::HealthChange> health_changes_;  // Guarded by mutex_, as the next two.
  int stores_waiting_ = 0;
  bool is_stopping_ = false;
  std::condition_variable stored_;
};

}  // namespace holm::elb

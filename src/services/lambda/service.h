// What Lambda's handlers and controllers share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/service/service.h"
#include "base/clock.h"
#include "http/server.h"
#include "services/lambda/site.h"

namespace holm {
class Random;
}
namespace holm::aws {
class IdentityProvider;
class Region;
}  // namespace holm::aws
namespace holm::jobs {
class Jobs;
}
namespace holm::metrics {
class Recorder;
}
namespace holm::sandbox {
class Exits;
class Runtime;
}  // namespace holm::sandbox

namespace holm::lambda {

class Events;
class Fleet;
class Packages;

// Ports of loopback inside each execution environment.
inline constexpr uint16_t kRuntimeApiPort = 9001;
inline constexpr uint16_t kRegionApiPort = 4566;

// Everything Lambda is built on; all of it outlives the service.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  aws::IdentityProvider& identities;
  sandbox::Runtime& runtime;
  sandbox::Exits& exits;
  metrics::Recorder& metrics;
  Clock& clock;
  Random& random;
  std::string data_directory;
  // Answers requests that functions send to the region's API, as an HTTP server's handler does.
  http::Handler api;
  // The load balancers' sites. Ports are distinct, and other than the Runtime API's, the region API's and 53.
  std::vector<Site> sites;
  // The certificate of the region's authority, PEM: functions trust it. Empty: there is none.
  std::string authority = {};
};

// One for all accounts and regions; handlers are free functions that take it. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(Dependencies dependencies);
  ~Service() override;

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  void start() override;
  void stop() override;

  Dependencies& use() { return dependencies_; }
  Packages& packages() { return *packages_; }
  Fleet& fleet() { return *fleet_; }
  Events& events() { return *events_; }

 private:
  Dependencies dependencies_;
  std::unique_ptr<Packages> packages_;
  std::shared_ptr<Fleet> fleet_;
  std::unique_ptr<Events> events_;
};

}  // namespace holm::lambda

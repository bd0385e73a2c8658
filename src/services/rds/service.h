// What RDS's handlers and controllers share.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"

namespace holm::aws {
class Region;
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
namespace holm::sandbox {
class Exits;
class Runtime;
}  // namespace holm::sandbox

namespace holm::rds {

class Controller;
class MariaDb;
class ServerMetrics;

// Everything RDS is built on; all of it outlives the service.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  sandbox::Runtime& runtime;
  sandbox::Exits& exits;
  dns::Directory& names;
  metrics::Meters& meters;
  Clock& clock;
  Random& random;
  std::string data_directory;
};

// One for all accounts and regions; handlers are free functions that take it. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(Dependencies dependencies);
  ~Service() override;

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  void start() override;

  Random& random() { return dependencies_.random; }
  Controller& controller() { return *controller_; }
  // The version of the servers that run here. Throws InvalidParameterCombination when the machine has none.
  std::string engine_version() const;

 private:
  Dependencies dependencies_;
  std::unique_ptr<MariaDb> server_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<ServerMetrics> server_metrics_;
  mutable std::mutex asking_version_;
  mutable std::string version_;  // Empty until a server has said it.
};

}  // namespace holm::rds

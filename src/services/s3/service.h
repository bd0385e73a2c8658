// What the handlers of S3 share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/workers.h"
#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "services/s3/blob_leases.h"

namespace holm::aws {
class BrowserRules;
class Region;
}  // namespace holm::aws
namespace holm::blobs {
class Store;
}
namespace holm::jobs {
class Jobs;
}
namespace holm::sql {
class Database;
}

namespace holm::s3 {

class CorsRules;

// Everything S3 is built on; all of it outlives the service.
struct Dependencies {
  sql::Database& database;
  blobs::Store& store;  // S3's own: blobs that no object has are removed.
  jobs::Jobs& jobs;
  aws::Region& region;
  async::Workers& workers;
  Clock& clock;
  Random& random;
};

// One for all accounts and regions. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(const Dependencies& dependencies);
  ~Service() override;

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  // Removes what a crash left unreferenced and registers the job that delivers events.
  void start() override;

  // What browsers may do with each bucket, for the gateway.
  const aws::BrowserRules& browser_rules() const;

  blobs::Store& store() { return dependencies_.store; }
  BlobLeases& leases() { return leases_; }
  jobs::Jobs& jobs() { return dependencies_.jobs; }
  async::Workers& workers() { return dependencies_.workers; }
  Random& random() { return dependencies_.random; }

  // Removes blobs that the transaction of `call` forgets, once it is durable.
  void forget_blobs(aws::Call& call, std::vector<std::string> blobs);

 private:
  void sweep();

  Dependencies dependencies_;
  BlobLeases leases_;
  std::unique_ptr<CorsRules> browser_rules_;
};

}  // namespace holm::s3

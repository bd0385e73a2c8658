// What the handlers of KMS share.
#pragma once

#include <string>
#include <vector>

#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/aead.h"

namespace holm::aws {
class Region;
}
namespace holm::jobs {
class Jobs;
}

namespace holm::kms {

// All of it outlives the service.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  Clock& clock;
  Random& random;
  crypto::Aead::Key key;  // Seals the material of keys. The same for ever.
};

// One for all accounts and regions. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(const Dependencies& dependencies);

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  // Registers the jobs that rotate keys and delete them.
  void start() override;

  jobs::Jobs& jobs() const { return dependencies_.jobs; }
  Random& random() const { return dependencies_.random; }
  const crypto::Aead& seal() const { return seal_; }

 private:
  Dependencies dependencies_;
  crypto::Aead seal_;
};

}  // namespace holm::kms

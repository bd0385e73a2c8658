// What the handlers of Certificate Manager share.
#pragma once

#include <string>

#include "aws/service/service.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "services/acm/authority.h"

namespace holm::aws {
class Region;
}
namespace holm::jobs {
class Jobs;
}
namespace holm::net {
class CertificateDirectory;
}

namespace holm::acm {

// Everything the service is built on; what is borrowed outlives it.
struct Dependencies {
  jobs::Jobs& jobs;
  aws::Region& region;
  net::CertificateDirectory& certificates;
  Clock& clock;
  Random& random;
  crypto::Aead::Key key;  // Of the region; the keys that seal private keys are made of it.
  Authority authority;
};

// One for all accounts and regions; handlers are free functions that take it. Any thread.
class Service final : public aws::ServiceBase {
 public:
  explicit Service(Dependencies dependencies);

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  // Hands all certificates to the data planes, and looks after renewals from now on.
  void start() override;

  Dependencies& use() { return dependencies_; }
  const crypto::Aead& keys() const { return keys_; }

 private:
  void publish_all();
  void renew();

  Dependencies dependencies_;
  crypto::Aead keys_;
};

}  // namespace holm::acm

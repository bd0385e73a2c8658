// What the handlers of Organizations share.
#pragma once

#include "aws/service/identity.h"
#include "aws/service/service.h"
#include "base/random.h"

namespace holm::organizations {

// One for all accounts. Any thread.
class Service final : public aws::ServiceBase {
 public:
  // Both outlive the service.
  Service(aws::IdentityProvider& identities, Random& random) : identities_(identities), random_(random) {}

  aws::IdentityProvider& identities() { return identities_; }
  Random& random() { return random_; }

 private:
  aws::IdentityProvider& identities_;
  Random& random_;
};

}  // namespace holm::organizations

// What STS's handlers share.
#pragma once

#include <string_view>
#include <vector>

#include "aws/service/identity.h"
#include "aws/service/service.h"

namespace holm::sts {

class Service final : public aws::ServiceBase {
 public:
  // `identities` outlives the service.
  explicit Service(aws::IdentityProvider& identities) : identities_(identities) {}

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;

  aws::IdentityProvider& identities() { return identities_; }

 private:
  aws::IdentityProvider& identities_;
};

}  // namespace holm::sts

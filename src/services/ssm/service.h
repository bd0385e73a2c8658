// What SSM's handlers share: nothing but their tables.
#pragma once

#include "aws/service/service.h"

namespace holm::ssm {

// One for all accounts and regions. Any thread.
class Service final : public aws::ServiceBase {
 public:
  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
};

}  // namespace holm::ssm

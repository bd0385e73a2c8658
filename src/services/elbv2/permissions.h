// What a request needs to be allowed to do.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
#pragma once

#include <vector>

#include "aws/service/service.h"

namespace holm::elbv2 {

// `input` is of the operation's type.
std::vector<aws::Access> needed_access(const aws::Operation& operation, const void* input, const aws::Call& call);

}  // namespace holm::elbv2

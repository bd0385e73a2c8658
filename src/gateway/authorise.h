// Whether a principal may do what a request needs.
#pragma once

#include <vector>

#include "aws/service/call.h"
#include "aws/service/service.h"

namespace holm::aws {
class IdentityProvider;
}

namespace holm::gateway {

// Throws AccessDenied (with the code the operation's protocol uses) unless the caller's policies, and those
// of the resources, allow every one of `needed`. Any thread.
void authorise(aws::IdentityProvider& identities, const aws::Caller& caller, const aws::Operation& operation,
               const std::vector<aws::Access>& needed);

}  // namespace holm::gateway

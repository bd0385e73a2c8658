// Whether a principal may do what a request needs.
#pragma once

#include <set>
#include <vector>

#include "aws/service/call.h"
#include "aws/service/service.h"

namespace holm::aws {
class IdentityProvider;
}

namespace holm::gateway {

class PolicyMemory;

// Whom a decision asks.
struct Deciders {
  aws::IdentityProvider& identities;
  PolicyMemory& memory;
};

// Throws AccessDenied (with the code the operation's protocol uses) unless the caller's policies, and those
// of the resources, allow every one of `needed`. Gives the places of those that may be missing, and are.
// Any thread.
std::set<size_t> authorise(Deciders deciders, const aws::Caller& caller, const aws::Operation& operation,
                           const std::vector<aws::Access>& needed);

// Whether one of them is allowed.
bool is_allowed(Deciders deciders, const aws::Caller& caller, const aws::Access& access);

}  // namespace holm::gateway

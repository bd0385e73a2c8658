// What policies may ask about a request besides its action and resource.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/policy/evaluate.h"
#include "aws/service/service.h"

namespace holm::aws {
struct PrincipalPolicies;
}

namespace holm::gateway {

// The condition keys that the policies of a decision name. Gathering the values of all others, whom nobody asks
// for, would take longer than the decision.
class AskedKeys final {
 public:
  explicit AskedKeys(const aws::policy::Policies& policies);
  bool empty() const { return keys_.empty(); }
  // In any letters.
  bool have(std::string_view key) const;

 private:
  std::vector<std::span<const std::string>> keys_;  // None of them is empty.
};

// The values of those keys. Only what the server itself knows goes in.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
aws::policy::Context context_of(const aws::Caller& caller, const aws::PrincipalPolicies& own,
                                const aws::Access& access, const AskedKeys& asked);

}  // namespace holm::gateway

// Putting together the policies that speak about one user or role.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/service/identity.h"
#include "services/iam/entities.h"

namespace holm::iam {

// Inline and managed policies, of a user's groups too, the boundary, the session's policy unless empty, and
// tags.
std::shared_ptr<const aws::PrincipalPolicies> collect_policies(sql::Transaction& transaction,
                                                               const Entity& entity,
                                                               const std::string& session_policy);
// One policy that allows everything.
std::shared_ptr<const aws::PrincipalPolicies> all_policies();
// One document that is in no database, and the session's, which may be empty.
std::shared_ptr<const aws::PrincipalPolicies> fixed_policies(const std::string& name,
                                                             const std::string& document,
                                                             const std::string& session_policy);

// One document with the statements of `inline_policy`, which may be empty, and of the managed policies: what
// any of them allows, a session may. A managed policy that is gone allows nothing.
std::string merged_session_policy(sql::Transaction& transaction, const std::string& inline_policy,
                                  const std::vector<std::string>& policy_arns);

}  // namespace holm::iam

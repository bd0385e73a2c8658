// Policy documents and managed policies, AWS's own and customers'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/policy/policy.h"
#include "services/iam/entities.h"

namespace holm::iam {

namespace policy = aws::policy;

// Throws MalformedPolicyDocument unless `text` is a policy of this kind.
void require_document(const std::string& text, policy::PolicyKind kind);

// The text of the default version; nothing when there is no such policy.
std::optional<std::string> find_managed_document(sql::Transaction& transaction, std::string_view arn);

// A customer's policy of the caller's account. Throws NoSuchEntity, and for AWS's own AccessDenied.
Entity require_own_policy(Call& call, const std::string& arn);

// Throws NoSuchEntity unless the policy exists and may be used in this account.
void require_attachable(Call& call, const std::string& arn);
void require_boundary(Call& call, const std::string& arn);
void set_boundary(Call& call, const Entity& entity, const std::string& policy_arn);
// Throws NoSuchEntity when it has none.
void clear_boundary(Call& call, const Entity& entity);

}  // namespace holm::iam

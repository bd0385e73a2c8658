// Users as answers show them.
#pragma once

#include "services/iam/entities.h"

namespace holm::iam {

// Lists leave tags and boundary out.
enum class Detail { Brief, Full };

User to_user(sql::Transaction& transaction, const Entity& entity, Detail detail);
AttachedPermissionsBoundary to_boundary(const std::string& policy_arn);
// The user that a request without a name is about: who asks. Throws ValidationError for others.
Entity require_user_or_caller(Call& call, const std::optional<std::string>& name);

}  // namespace holm::iam

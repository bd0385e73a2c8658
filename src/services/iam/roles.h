// Roles as answers show them.
#pragma once

#include "services/iam/entities.h"
#include "services/iam/users.h"

namespace holm::iam {

Role to_role(sql::Transaction& transaction, const Entity& entity, Detail detail);

}  // namespace holm::iam

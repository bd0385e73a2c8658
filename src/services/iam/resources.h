// The CloudFormation types of IAM.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::iam {

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

using ResourceTypes = std::vector<std::unique_ptr<stacks::ResourceType>>;
void add_role_types(ResourceTypes& types);    // Role, InstanceProfile
void add_user_types(ResourceTypes& types);    // User, Group
void add_access_key_types(ResourceTypes& types);
void add_policy_types(ResourceTypes& types);  // Policy, ManagedPolicy
void add_inline_policy_types(ResourceTypes& types);

}  // namespace holm::iam

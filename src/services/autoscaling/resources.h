// The resource types of Auto Scaling, one file each.
#pragma once

#include <memory>

#include "stacks/resource_type.h"

namespace holm::autoscaling {

std::unique_ptr<stacks::ResourceType> policy_type();
std::unique_ptr<stacks::ResourceType> hook_type();
std::unique_ptr<stacks::ResourceType> schedule_type();

}  // namespace holm::autoscaling

// CloudFormation's own resource types.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::cloudformation {

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::cloudformation

// The CloudFormation types of SSM.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::ssm {

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::ssm

// The CloudFormation types of RDS.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::rds {

// Every type of this folder; for the region's registry.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::rds

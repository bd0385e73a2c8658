// The CloudFormation types of CloudWatch Logs.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::logs {

// Every type of this folder; for the region's registry.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::logs

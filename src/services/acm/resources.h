// The CloudFormation types of Certificate Manager.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::acm {

// Every type of this folder; for the region's registry.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::acm

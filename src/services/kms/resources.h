// CloudFormation's types of KMS.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::kms {

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::kms

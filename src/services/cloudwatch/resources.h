// The CloudFormation types of CloudWatch.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::cloudwatch {

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::cloudwatch

// Classic Load Balancers' type in CloudFormation.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::elb {

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::elb

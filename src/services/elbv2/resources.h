// The CloudFormation types of Elastic Load Balancing.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::elbv2 {

class Service;

// Every type of this folder; for the region's registry. `service` outlives them.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types(Service& service);

}  // namespace holm::elbv2

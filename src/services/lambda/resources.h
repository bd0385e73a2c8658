// The CloudFormation types of Lambda.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::lambda {

using ResourceTypes = std::vector<std::unique_ptr<stacks::ResourceType>>;

// Every type of this folder; for the region's registry.
ResourceTypes resource_types();

// Its parts.
void add_function_types(ResourceTypes& types);    // Function, Version, Alias
void add_permission_types(ResourceTypes& types);  // Permission, EventInvokeConfig

}  // namespace holm::lambda

// CloudFormation's own resource types.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::cloudformation {

class Service;

// The service outlives them.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types(Service& service);

std::unique_ptr<stacks::ResourceType> custom_resource_type(Service& service);
std::unique_ptr<stacks::ResourceType> macro_type();
std::unique_ptr<stacks::ResourceType> nested_stack_type(Service& service);
std::unique_ptr<stacks::ResourceType> wait_condition_handle_type(Service& service);
std::unique_ptr<stacks::ResourceType> wait_condition_type();

}  // namespace holm::cloudformation

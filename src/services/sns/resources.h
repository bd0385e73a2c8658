// CloudFormation types of SNS.
#pragma once

#include <memory>
#include <vector>

#include "stacks/resource_type.h"

namespace holm::sns {

// AWS::SNS::Topic, Subscription, TopicPolicy.
std::vector<std::unique_ptr<stacks::ResourceType>> resource_types();

}  // namespace holm::sns

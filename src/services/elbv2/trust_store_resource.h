// AWS::ElasticLoadBalancingV2::TrustStore.
#pragma once

#include <memory>

#include "stacks/resource_type.h"

namespace holm::elbv2 {

class Service;

// `service` outlives it.
std::unique_ptr<stacks::ResourceType> make_trust_store_type(Service& service);

}  // namespace holm::elbv2

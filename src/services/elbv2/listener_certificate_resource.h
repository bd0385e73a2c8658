// AWS::ElasticLoadBalancingV2::ListenerCertificate.
#pragma once

#include <memory>

#include "stacks/resource_type.h"

namespace holm::elbv2 {

std::unique_ptr<stacks::ResourceType> make_listener_certificate_type();

}  // namespace holm::elbv2

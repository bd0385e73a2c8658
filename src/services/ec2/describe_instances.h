// Instances as the API shows them.
#pragma once

#include "services/ec2/instances.h"

namespace holm::ec2 {

Instance describe_instance(Call& call, const InstanceRow& row);
InstanceState instance_state_of(const std::string& state);

}  // namespace holm::ec2

// Internet and NAT gateways.
#pragma once

#include <optional>
#include <string>

#include "services/ec2/resource.h"

namespace holm::ec2 {

// Throws unless the internet gateway exists and is attached to the VPC.
void require_attached_gateway(Call& call, const std::string& id, const std::string& vpc);
// Throws unless there is one that works.
void require_nat_gateway(Call& call, const std::string& id);
// Whether a route by these leads anywhere: "local", an attached internet gateway, or a NAT gateway that is
// available.
bool gateway_exists(sql::Transaction& transaction, const std::optional<std::string>& gateway,
                    const std::optional<std::string>& nat_gateway, const std::string& vpc);

}  // namespace holm::ec2

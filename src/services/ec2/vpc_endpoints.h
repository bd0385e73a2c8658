// Gateway endpoints of VPCs, and the prefix list that routes to them name.
#pragma once

#include <string>
#include <vector>

#include "services/ec2/resource.h"

namespace holm::ec2 {

// The routes that endpoints have put into a table.
std::vector<Route> routes_to_endpoints(Call& call, const std::string& route_table);

}  // namespace holm::ec2

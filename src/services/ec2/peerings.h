// VPC peering connections: two VPCs of the region that reach each other by their private addresses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/network.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

class Service;

// Throws unless it is active and one of its ends is the VPC.
void require_peering_of(Call& call, const std::string& id, const std::string& vpc);
// Whether a route by it leads anywhere.
bool is_peering_active(sql::Transaction& transaction, const std::string& id);
// Those in force, with what the route tables of the VPC's subnets say.
std::vector<sandbox::Peering> peerings_of_vpc(sql::Transaction& transaction, const std::string& vpc);
// The VPC goes, and its peerings with it.
void end_peerings(Service& service, Call& call, const std::string& vpc);

}  // namespace holm::ec2

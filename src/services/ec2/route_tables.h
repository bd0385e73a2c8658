// Route tables: where a subnet's traffic goes.
#pragma once

#include <string>

#include "sandbox/network.h"
#include "sql/database.h"

namespace holm::ec2 {

// Where the default route of a subnet leads, by the table it is associated with or else the VPC's main one.
struct WayOut {
  sandbox::SubnetSpec::DefaultRoute route = sandbox::SubnetSpec::DefaultRoute::None;
  std::string nat_interface;  // Of a route to a NAT gateway: the gateway's.
  std::string nat_zone;
};
WayOut way_out_of(sql::Transaction& transaction, const std::string& vpc, const std::string& subnet);

}  // namespace holm::ec2

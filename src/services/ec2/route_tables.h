// Route tables: where a subnet's traffic goes.
#pragma once

#include <string>

#include "sandbox/network.h"
#include "sql/database.h"

namespace holm::ec2 {

// Where the default route of a subnet leads, by the table it is associated with or else the VPC's main one.
sandbox::SubnetSpec::DefaultRoute default_route_of(sql::Transaction& transaction, const std::string& vpc,
                                                   const std::string& subnet);

}  // namespace holm::ec2

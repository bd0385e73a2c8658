// Network ACLs: rules at the borders of subnets, by number and without memory.
#pragma once

#include <string>
#include <vector>

#include "sandbox/network.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

class Service;

// The default one of a new VPC, which lets everything through.
void make_default_acl(Call& call, const std::string& vpc, const std::string& acl);
// A new subnet has the default one of its VPC.
void associate_default_acl(Service& service, Call& call, const std::string& vpc, const std::string& subnet);
// What a VPC's subnets let through, but for those that let everything.
std::vector<sandbox::SubnetBorder> borders_of_vpc(sql::Transaction& transaction, const std::string& vpc);

}  // namespace holm::ec2

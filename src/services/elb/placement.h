// Where load balancers stand: subnets, zones, interfaces and security groups.
#pragma once

#include <string>

#include "services/elb/records.h"

namespace holm::elb {

// Gives a new load balancer its place in a VPC, as the request says, and its interfaces.
void place(Service& service, Call& call, Record& record, const CreateAccessPointInput& request);
void remove_interfaces(Call& call, const std::string& arn);

}  // namespace holm::elb

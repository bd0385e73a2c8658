// What accounts and load balancers may have: each function throws AWS's error where there is room no more.
#pragma once

#include <string>

#include "elb/handlers.h"

namespace holm::elb {

void require_room_for_load_balancer(Call& call);
void require_room_for_policy(Call& call, const std::string& load_balancer);
// Of what has been added just now.
void check_listener_count(const LoadBalancerDescription& document);
void check_instance_count(Call& call, const std::string& load_balancer);

}  // namespace holm::elb

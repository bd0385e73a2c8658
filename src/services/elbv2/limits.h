// What load balancers, groups and accounts may have: each function throws AWS's error where there is room no more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "elbv2/handlers.h"

namespace holm::elbv2 {

// For one more of the type, "application" or "network".
void require_room_for_load_balancer(Call& call, std::string_view type);
void require_room_for_listener(Call& call, const std::string& load_balancer);
// For a rule besides the defaults.
void require_room_for_rule(Call& call, const std::string& load_balancer);
void require_room_for_target_group(Call& call);
// Of targets that have been registered just now.
void check_target_count(Call& call, const std::string& group);
// Of certificates that have been added just now, besides the defaults of the listeners.
void check_certificate_count(Call& call, const std::string& load_balancer);
// A group is one load balancer's, in the same VPC.
void check_association(Call& call, const LoadBalancer& load_balancer, const std::vector<Action>& actions);

}  // namespace holm::elbv2

// Actions of rules: checked, and in the balancer's terms.
#pragma once

#include <vector>

#include "dataplane/balancer/config.h"
#include "elbv2/handlers.h"

namespace holm::elbv2 {

// Throws what AWS throws, or NotImplemented; the target groups exist.
void check_actions(Call& call, const std::vector<Action>& actions);

// As they are described: a forward has both its forms.
std::vector<Action> described(std::vector<Action> actions);

// Of what was checked.
balancer::Action to_action(const std::vector<Action>& actions);

}  // namespace holm::elbv2

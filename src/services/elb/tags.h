// Tags of load balancers.
#pragma once

#include <string>
#include <vector>

#include "elb/handlers.h"

namespace holm::elb {

// Adds them, or gives those that are there another value.
void write_tags(Call& call, const std::string& load_balancer, const std::vector<Tag>& tags);

}  // namespace holm::elb

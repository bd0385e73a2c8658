// What Auto Scaling asks of load balancers' target groups.
#pragma once

#include <string>
#include <vector>

#include "aws/service/call.h"

namespace holm::autoscaling {

enum class TargetState { Healthy, Unhealthy, Draining, Absent };

// Each passes on ELB's error when a target group does not exist.
void register_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance);
void deregister_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance);
// The worst that one of `groups` says; Healthy also while the first checks are under way.
TargetState target_state(aws::Call& call, const std::vector<std::string>& groups,
                         const std::string& instance);
void require_target_groups(aws::Call& call, const std::vector<std::string>& groups);

}  // namespace holm::autoscaling

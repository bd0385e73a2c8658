// What Auto Scaling asks of load balancers' target groups.
#pragma once

#include <string>
#include <vector>

#include "autoscaling/types.h"
#include "aws/service/call.h"

namespace holm::autoscaling {

enum class TargetState { Healthy, Unhealthy, Draining, Absent };

// Both pass over target groups that do not exist any more.
void register_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance);
void deregister_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance);
// The worst that one of `groups` says; Healthy also while the first checks are under way.
TargetState target_state(aws::Call& call, const std::vector<std::string>& groups,
                         const std::string& instance);
bool target_groups_exist(aws::Call& call, const std::vector<std::string>& groups);
// Whether a health check has found one of the group's targets healthy.
bool has_healthy_target(aws::Call& call, const std::string& group);

// Their ARNs. Sources of other types are refused by name.
std::vector<std::string> target_groups_in(const std::vector<TrafficSourceIdentifier>& sources);

}  // namespace holm::autoscaling

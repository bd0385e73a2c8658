// What Auto Scaling asks of load balancers' target groups, and of Classic Load Balancers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autoscaling/types.h"
#include "aws/service/call.h"

namespace holm::autoscaling {

enum class TargetState { Healthy, Unhealthy, Draining, Absent };

// A Classic Load Balancer as one of the sources of traffic that these functions call groups; all others are ARNs
// of target groups.
std::string classic_source(const std::string& name);
std::optional<std::string> classic_name(std::string_view source);
// Those of `sources` that are target groups, and the names of those that are Classic Load Balancers.
std::vector<std::string> target_groups_among(const std::vector<std::string>& sources);
std::vector<std::string> load_balancers_among(const std::vector<std::string>& sources);

// Both pass over target groups that do not exist any more.
void register_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance);
void deregister_targets(aws::Call& call, const std::vector<std::string>& groups, const std::string& instance);
// The worst that one of `groups` says; Healthy also while the first checks are under way.
TargetState target_state(aws::Call& call, const std::vector<std::string>& groups,
                         const std::string& instance);
bool target_groups_exist(aws::Call& call, const std::vector<std::string>& groups);
// Throws ValidationError with AWS's words unless they do.
void require_sources(aws::Call& call, const std::vector<std::string>& groups);
// Whether a health check has found one of the group's targets healthy.
bool has_healthy_target(aws::Call& call, const std::string& group);

// Sources of other types than target groups and Classic Load Balancers are refused by name.
std::vector<std::string> sources_in(const std::vector<TrafficSourceIdentifier>& sources);
// The same list; throws ValidationError when one is not a target group's.
std::vector<std::string> checked_target_groups(const std::vector<std::string>& arns);
// The sources that Classic Load Balancers of these names are.
std::vector<std::string> classic_sources(const std::vector<std::string>& names);

}  // namespace holm::autoscaling

// UpdatePolicy AutoScalingRollingUpdate: a stack replaces a group's instances batch by batch. The controller
// replaces them; what the policy says, and whether the new ones have signalled, is here.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/autoscaling/groups.h"
#include "stacks/resource_type.h"

namespace holm::autoscaling {

struct RollingUpdate {
  int64_t min_in_service = 0;
  int64_t batch = 1;
  std::chrono::milliseconds pause{};  // After an instance came into service.
  std::vector<std::string> suspends;  // Processes, until it is over.
  // Whether each new instance has to signal within the pause, and how many percent of them success.
  bool waits_for_signals = false;
  int64_t successful_percent = 100;
  int64_t active_percent = 100;  // Of the desired capacity, that have to be in service for the update's success.
};

// An UpdatePolicy's member `key`; null when there is none.
const formats::Object* update_policy_of(const stacks::Context& context, std::string_view key);

// Nothing when the resource has no such policy. Throws for a key that is not obeyed and a value that is none.
std::optional<RollingUpdate> rolling_update_of(const stacks::Context& context);

// Replaces the instances of another launch template or version than the group's from now on.
void start_rolling_update(Service& service, aws::Call& call, const std::string& name,
                          const RollingUpdate& update);
// The processes that rested for it go on. Harmless when there is none.
void end_rolling_update(aws::Call& call, const GroupRow& group);

// Lets the next batch begin when all new instances have signalled. Returns why the update has failed; it is
// ended then.
std::optional<std::string> weigh_signals(Service& service, stacks::Context& context, const GroupRow& group,
                                         const RollingUpdate& update);

}  // namespace holm::autoscaling

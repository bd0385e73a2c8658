// Scaling policies: their rows, their alarms, and what they do when an alarm or a user asks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "autoscaling/types.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

inline constexpr std::string_view kSimple = "SimpleScaling";
inline constexpr std::string_view kStep = "StepScaling";
inline constexpr std::string_view kTargetTracking = "TargetTrackingScaling";

struct PolicyRow {
  int64_t id = 0;
  int64_t group = 0;
  std::string name, arn;
  std::string uuid;  // Ends the names of its alarms.
  PutScalingPolicyType definition;

  std::string type() const { return definition.policy_type.value_or(std::string(kSimple)); }
};

std::vector<PolicyRow> policies_of(sql::Transaction& transaction, int64_t group);
std::optional<PolicyRow> find_policy(sql::Transaction& transaction, const std::string& arn);

// Why a policy acts now.
struct Trigger {
  std::string words;  // "a monitor alarm high in state ALARM triggered policy".
  std::optional<double> value, threshold;
  bool is_below = false;  // The alarm sees too little and not too much.
};
// Changes the group's desired capacity as the policy says, within its bounds. Part of `transaction`.
void act(Service& service, sql::Transaction& transaction, const PolicyRow& policy, const Trigger& trigger);
// Whether a simple policy has to wait for the group.
bool is_cooling(const GroupRow& group, int64_t now);
// What CloudWatch says of an alarm that names a policy; `detail` is JSON.
void on_alarm(Service& service, sql::Transaction& transaction, const std::string& policy,
              const std::string& detail);

// The alarms of target tracking are made for the policy and go with it.
void put_tracking_alarms(aws::Call& call, const GroupRow& group, const PolicyRow& policy);
void delete_tracking_alarms(aws::Call& call, const GroupRow& group, const PolicyRow& policy);
// All alarms that name the policy.
std::vector<Alarm> alarms_of(aws::Call& call, const PolicyRow& policy);
// Takes policies away, with their alarms.
void delete_policies(aws::Call& call, const GroupRow& group, const std::vector<PolicyRow>& policies);

}  // namespace holm::autoscaling

// Mixed instances: which type the next instance of a group has, and whether it is a Spot Instance.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html
//
// Functions on values run anywhere; those with a call in its transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autoscaling/types.h"
#include "aws/service/call.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

inline constexpr std::string_view kNoPoolWithMixed =
    "You can't add a warm pool to an Auto Scaling group that has a mixed instances policy or a launch template or "
    "launch configuration that requests Spot Instances.";

// How a group is written: "" without a policy.
std::string write_mixed(const std::optional<MixedInstancesPolicy>& policy);
std::optional<MixedInstancesPolicy> read_mixed(const std::string& text);

// What of `wanted` is given stands in place of that part of `present`, and AWS's defaults where nothing does.
// Throws ValidationError, and NotImplemented for what is not obeyed.
MixedInstancesPolicy completed(aws::Call& call, const std::optional<MixedInstancesPolicy>& present,
                               const MixedInstancesPolicy& wanted);

// How many there are of each kind.
struct Mix {
  int64_t on_demand = 0, spot = 0;
};
Mix mix_of(const std::vector<InstanceRow>& instances);

struct Choice {
  std::string type;  // Empty: the template's.
  bool is_spot = false;
};
// For one more instance than `members`.
Choice choice_for_next(const MixedInstancesPolicy& policy, const std::vector<InstanceRow>& members);
// Whether a group of one instance less has rather one Spot Instance less than one on-demand instance.
bool gives_up_spot(const MixedInstancesPolicy& policy, const Mix& mix);

}  // namespace holm::autoscaling

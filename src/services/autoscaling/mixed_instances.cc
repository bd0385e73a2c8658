// There is no market in a region of one's own, so nothing is dearer than anything else: on-demand instances are
// of the first type of the list, and so are Spot Instances, but for the strategy that spreads them over several.

#include "services/autoscaling/mixed_instances.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "autoscaling/schema.h"
#include "aws/codec/json_codec.h"
#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "ec2/operations.h"
#include "services/autoscaling/attempt.h"

namespace holm::autoscaling {

namespace {

constexpr int32_t kPoolsDefault = 2;
constexpr int32_t kPoolsMax = 20;
constexpr size_t kOverridesMax = 40;
constexpr std::string_view kLowestPrice = "lowest-price";
constexpr std::array<std::string_view, 4> kSpotStrategies = {
    kLowestPrice, "capacity-optimized", "capacity-optimized-prioritized", "price-capacity-optimized"};

InstancesDistribution completed(InstancesDistribution wanted) {
  if (!wanted.on_demand_allocation_strategy) wanted.on_demand_allocation_strategy = "prioritized";
  if (wanted.on_demand_allocation_strategy != "prioritized" &&
      wanted.on_demand_allocation_strategy != kLowestPrice) {
    throw_invalid("OnDemandAllocationStrategy is prioritized or lowest-price.");
  }
  if (!wanted.spot_allocation_strategy) wanted.spot_allocation_strategy = kLowestPrice;
  if (std::ranges::find(kSpotStrategies, *wanted.spot_allocation_strategy) == kSpotStrategies.end()) {
    throw_invalid("Invalid SpotAllocationStrategy: " + *wanted.spot_allocation_strategy);
  }
  if (!wanted.on_demand_base_capacity) wanted.on_demand_base_capacity = 0;
  if (*wanted.on_demand_base_capacity < 0) throw_invalid("OnDemandBaseCapacity is 0 or more.");
  if (!wanted.on_demand_percentage_above_base_capacity) wanted.on_demand_percentage_above_base_capacity = 100;
  const int32_t percent = *wanted.on_demand_percentage_above_base_capacity;
  if (percent < 0 || percent > 100) throw_invalid("OnDemandPercentageAboveBaseCapacity is from 0 to 100.");
  if (wanted.spot_instance_pools && wanted.spot_allocation_strategy != kLowestPrice) {
    throw_invalid("SpotInstancePools is for the spot allocation strategy lowest-price only.");
  }
  if (wanted.spot_allocation_strategy == kLowestPrice && !wanted.spot_instance_pools) {
    wanted.spot_instance_pools = kPoolsDefault;
  }
  const int32_t pools = wanted.spot_instance_pools.value_or(1);
  if (pools < 1 || pools > kPoolsMax) throw_invalid("SpotInstancePools is from 1 to 20.");
  return wanted;
}

void check_overrides(aws::Call& call, const std::vector<LaunchTemplateOverrides>& overrides) {
  if (overrides.size() > kOverridesMax) throw_invalid("A policy has 40 overrides at most.");
  ec2::DescribeInstanceTypesRequest request;
  for (const LaunchTemplateOverrides& each : overrides) {
    if (each.weighted_capacity) throw aws::NotImplemented("MixedInstancesPolicy: WeightedCapacity");
    if (each.launch_template_specification) {
      throw aws::NotImplemented("MixedInstancesPolicy: Overrides with a LaunchTemplateSpecification");
    }
    if (each.instance_requirements) throw aws::NotImplemented("MixedInstancesPolicy: InstanceRequirements");
    if (!each.instance_type) throw_invalid("An override must have an InstanceType.");
    if (std::ranges::find(request.instance_types, *each.instance_type) != request.instance_types.end()) {
      throw_invalid("Duplicate instance type in overrides: " + *each.instance_type);
    }
    request.instance_types.push_back(*each.instance_type);
  }
  if (overrides.empty()) return;
  const auto as = aws::service_principal("autoscaling.amazonaws.com", call.account);
  as_validation("", [&] { (void)call.client.call<ec2::DescribeInstanceTypes>(call, as, request); });
}

// How many of `size` instances are not Spot Instances.
int64_t on_demand_of(const MixedInstancesPolicy& policy, int64_t size) {
  const InstancesDistribution& wanted = *policy.instances_distribution;
  const int64_t base = std::min<int64_t>(*wanted.on_demand_base_capacity, size);
  return base + ((size - base) * *wanted.on_demand_percentage_above_base_capacity + 99) / 100;
}

}  // namespace

std::string write_mixed(const std::optional<MixedInstancesPolicy>& policy) {
  return policy ? aws::write_kept_json(shape_of(*policy), &*policy) : "";
}

std::optional<MixedInstancesPolicy> read_mixed(const std::string& text) {
  if (text.empty()) return std::nullopt;
  MixedInstancesPolicy policy;
  CHECK(aws::read_kept_json(text, shape_of(policy), &policy).has_value());
  return policy;
}

MixedInstancesPolicy completed(aws::Call& call, const std::optional<MixedInstancesPolicy>& present,
                               const MixedInstancesPolicy& wanted) {
  MixedInstancesPolicy policy = present.value_or(MixedInstancesPolicy());
  if (wanted.launch_template) policy.launch_template = wanted.launch_template;
  if (wanted.instances_distribution) policy.instances_distribution = wanted.instances_distribution;
  if (!policy.launch_template || !policy.launch_template->launch_template_specification) {
    throw_invalid("A MixedInstancesPolicy must have a LaunchTemplate with a LaunchTemplateSpecification.");
  }
  check_overrides(call, policy.launch_template->overrides);
  policy.instances_distribution =
      completed(policy.instances_distribution.value_or(InstancesDistribution()));
  return policy;
}

Mix mix_of(const std::vector<InstanceRow>& instances) {
  Mix mix;
  for (const InstanceRow& each : instances) ++(each.is_spot ? mix.spot : mix.on_demand);
  return mix;
}

Choice choice_for_next(const MixedInstancesPolicy& policy, const std::vector<InstanceRow>& members) {
  const Mix mix = mix_of(members);
  Choice choice{.is_spot = mix.on_demand >= on_demand_of(policy, std::ssize(members) + 1)};
  const auto& overrides = policy.launch_template->overrides;
  if (overrides.empty()) return choice;
  const auto& pools = policy.instances_distribution->spot_instance_pools;
  const size_t types = choice.is_spot && pools ? std::min(overrides.size(), static_cast<size_t>(*pools)) : 1;
  std::map<std::string, int> crowd;
  for (const InstanceRow& each : members) crowd[each.type] += each.is_spot ? 1 : 0;
  const auto end = overrides.begin() + static_cast<ptrdiff_t>(types);
  auto emptiest = std::ranges::min_element(overrides.begin(), end, {},
                                           [&](const auto& each) { return crowd[*each.instance_type]; });
  choice.type = *emptiest->instance_type;
  return choice;
}

bool gives_up_spot(const MixedInstancesPolicy& policy, const Mix& mix) {
  if (mix.spot == 0 || mix.on_demand == 0) return mix.spot > 0;
  return mix.on_demand <= on_demand_of(policy, mix.on_demand + mix.spot - 1);
}

}  // namespace holm::autoscaling

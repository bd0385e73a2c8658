// Every attribute that AWS has: what it is unless changed, what it may be, and which of that is built.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "elbv2/handlers.h"

namespace holm::elbv2 {

// What a value may be, as alternatives between bars: "a|b", "1-4000" and "off|1-100"; "*": any text; "#name": the
// name of a header; empty: nothing.
using ValueForm = std::string_view;
bool fits(ValueForm form, std::string_view value);

// Whether connections to a target end when it is registered no more, and when it fails its checks.
inline constexpr std::string_view kTermination = "deregistration_delay.connection_termination.enabled";
inline constexpr std::string_view kUnhealthyTermination =
    "target_health_state.unhealthy.connection_termination.enabled";

struct AttributeDefinition {
  std::string_view key;
  std::string_view value;  // Unless changed; some_default() knows better for some.
  ValueForm allowed;       // By AWS.
  ValueForm built;         // Besides the default. What is allowed and not built is refused by name.
};

// Those of the load balancer, target group or listener of this ARN, whether or not they apply to its protocol.
std::span<const AttributeDefinition> attribute_definitions(std::string_view arn);
const AttributeDefinition* find_attribute_definition(std::string_view arn, std::string_view key);

// Which attributes a group or a listener has depends on what comes in and what the targets get.
bool applies(const TargetGroup& group, std::string_view key);
bool applies(const Listener& listener, std::string_view key);

// The defaults that depend on whose they are; none: the definition's own.
bool depends_on_owner(std::string_view key);
std::optional<std::string_view> own_default(const LoadBalancer& load_balancer, std::string_view key);
std::optional<std::string_view> own_default(const TargetGroup& group, std::string_view key);

}  // namespace holm::elbv2

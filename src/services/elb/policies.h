// Policies of load balancers: stickiness, the proxy protocol, and what secure listeners agree to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "elb/handlers.h"

namespace holm::elb {

inline constexpr std::string_view kApplicationCookieType = "AppCookieStickinessPolicyType";
inline constexpr std::string_view kBalancerCookieType = "LBCookieStickinessPolicyType";
inline constexpr std::string_view kProxyType = "ProxyProtocolPolicyType";
inline constexpr std::string_view kSecurityType = "SSLNegotiationPolicyType";

// A policy of the load balancer, or a predefined one; nothing when there is none.
std::optional<PolicyDescription> find_policy(Call& call, const std::string& load_balancer,
                                             const std::string& name);
// Empty when the policy does not say.
std::string attribute_of(const PolicyDescription& policy, std::string_view name);

// As DescribeLoadBalancers tells them.
Policies policies_of(Call& call, const std::string& load_balancer);

// Throw unless all these policies can be given to the listener, or to a port of instances.
void check_listener_policies(Call& call, const std::string& load_balancer, const Listener& listener,
                             const std::vector<std::string>& names);
void check_backend_policies(Call& call, const std::string& load_balancer,
                            const std::vector<std::string>& names);

}  // namespace holm::elb

// Application and network load balancers: which is which, and what goes with what.
#pragma once

#include <string>
#include <string_view>

#include "elbv2/types.h"

namespace holm::elbv2 {

// By its ARN: "…:loadbalancer/net/…", or a listener's or rule's of one.
bool is_network(std::string_view arn);
// Whether targets of a group get connections or datagrams ("TCP", "TLS", "UDP", "TCP_UDP") instead of requests.
bool carries_connections(const TargetGroup& group);
bool carries_connections(std::string_view protocol);
// "UDP" and "TCP_UDP".
bool carries_datagrams(std::string_view protocol);
// "HTTPS" and "TLS": those that need a certificate.
bool needs_certificate(std::string_view listener_protocol);

// Throws unless a load balancer of that kind can have listeners of the protocol.
void check_listener_protocol(std::string_view load_balancer_arn, const std::string& protocol);
// Throws unless a listener of the protocol can forward to the group.
void check_compatible(const std::string& listener_protocol, const TargetGroup& group);

}  // namespace holm::elbv2

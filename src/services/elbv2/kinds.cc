// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html

#include "services/elbv2/kinds.h"

#include <fmt/format.h>

#include "elbv2/handlers.h"
#include "services/elbv2/function_targets.h"

namespace holm::elbv2 {

bool is_network(std::string_view arn) {
  return arn.find(":loadbalancer/net/") != std::string_view::npos ||
         arn.find(":listener/net/") != std::string_view::npos ||
         arn.find(":listener-rule/net/") != std::string_view::npos;
}

bool carries_connections(std::string_view protocol) {
  return protocol == "TCP" || protocol == "TLS" || carries_datagrams(protocol);
}

bool carries_datagrams(std::string_view protocol) { return protocol == "UDP" || protocol == "TCP_UDP"; }

bool carries_connections(const TargetGroup& group) {
  return carries_connections(std::string_view(group.protocol ? *group.protocol : std::string()));
}

bool needs_certificate(std::string_view listener_protocol) {
  return listener_protocol == "HTTPS" || listener_protocol == "TLS";
}

void check_listener_protocol(std::string_view load_balancer_arn, const std::string& protocol) {
  const bool is_of_connections = carries_connections(protocol);
  if (is_network(load_balancer_arn)) {
    if (is_of_connections) return;
    if (protocol == "QUIC" || protocol == "TCP_QUIC") {
      throw aws::NotImplemented("Listeners of the protocol " + protocol);
    }
    throw aws::ServiceError("ValidationError", 400,
                            fmt::format("Protocol '{}' is not supported by network load balancers", protocol));
  }
  if (protocol == "HTTP" || protocol == "HTTPS") return;
  throw aws::ServiceError("ValidationError", 400,
                          fmt::format("Protocol '{}' is not supported by application load balancers, which know"
                                      " HTTP and HTTPS",
                                      protocol));
}

namespace {

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html
bool fits_listener(std::string_view listener_protocol, std::string_view group_protocol) {
  if (listener_protocol == "TCP") return group_protocol == "TCP" || group_protocol == "TCP_UDP";
  if (listener_protocol == "TLS") return group_protocol == "TCP" || group_protocol == "TLS";
  if (listener_protocol == "UDP") return carries_datagrams(group_protocol);
  if (listener_protocol == "TCP_UDP") return group_protocol == "TCP_UDP";
  return !carries_connections(group_protocol);
}

}  // namespace

void check_compatible(const std::string& listener_protocol, const TargetGroup& group) {
  const std::string protocol = group.protocol.value_or("");
  const bool fits = fits_listener(listener_protocol, protocol);
  const std::string version = group.protocol_version.value_or("HTTP1");
  if (fits && listener_protocol == "HTTP" && version != "HTTP1") {
    throw InvalidConfigurationRequestException(
        fmt::format("Listener protocol 'HTTP' is not supported with a target group with the protocol-version '{}'",
                    version));
  }
  if (fits) return;
  throw IncompatibleProtocolsException(
      fmt::format("The target group '{}' has the protocol '{}', and a listener of the protocol '{}' cannot"
                  " forward to it",
                  *group.target_group_arn, protocol.empty() ? kFunctionType : protocol, listener_protocol));
}

}  // namespace holm::elbv2

// In the order in which clients read them.

#include "services/elbv2/attribute_definitions.h"

#include <algorithm>

#include "base/characters.h"
#include "base/strings.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/kinds.h"

namespace holm::elbv2 {

namespace {

using Definition = AttributeDefinition;

constexpr ValueForm kBoolean = "true|false";
constexpr ValueForm kText = "*";
constexpr ValueForm kHeaderName = "#name";
constexpr ValueForm kNothing = "";
constexpr size_t kHeaderNameMax = 128;

constexpr std::string_view kDenyGateway = "ipv6.deny_all_igw_traffic";
constexpr std::string_view kStickinessType = "stickiness.type";

constexpr Definition kLoadBalancerAttributes[] = {
    {"access_logs.s3.enabled", "false", kBoolean, kBoolean},
    {"access_logs.s3.bucket", "", kText, kText},
    {"access_logs.s3.prefix", "", kText, kText},
    {"client_keep_alive.seconds", "3600", "60-604800", "60-604800"},
    {"connection_logs.s3.enabled", "false", kBoolean, kBoolean},
    {"connection_logs.s3.bucket", "", kText, kText},
    {"connection_logs.s3.prefix", "", kText, kText},
    {"deletion_protection.enabled", "false", kBoolean, kBoolean},
    {"health_check_logs.s3.enabled", "false", kBoolean, kNothing},
    {"health_check_logs.s3.bucket", "", kText, kNothing},
    {"health_check_logs.s3.prefix", "", kText, kNothing},
    {"idle_timeout.timeout_seconds", "60", "1-4000", "1-4000"},
    {kDenyGateway, "false", kBoolean, kNothing},
    {"load_balancing.cross_zone.enabled", "true", "true", kNothing},
    {"routing.http.desync_mitigation_mode", "defensive", "monitor|defensive|strictest",
     "monitor|defensive|strictest"},
    {"routing.http.drop_invalid_header_fields.enabled", "false", kBoolean, kBoolean},
    {"routing.http.preserve_host_header.enabled", "false", kBoolean, kBoolean},
    {"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", kBoolean, kBoolean},
    {"routing.http.xff_client_port.enabled", "false", kBoolean, kBoolean},
    {"routing.http.xff_header_processing.mode", "append", "append|preserve|remove", "append|preserve|remove"},
    // HTTP/2 is spoken with TLS only.
    {"routing.http2.enabled", "true", kBoolean, kBoolean},
    {"waf.fail_open.enabled", "false", kBoolean, kNothing},
    {"zonal_shift.config.enabled", "false", kBoolean, kNothing},
};

constexpr Definition kNetworkAttributes[] = {
    {"access_logs.s3.enabled", "false", kBoolean, kNothing},
    {"access_logs.s3.bucket", "", kText, kNothing},
    {"access_logs.s3.prefix", "", kText, kNothing},
    {"deletion_protection.enabled", "false", kBoolean, kBoolean},
    {"dns_record.client_routing_policy", "any_availability_zone",
     "any_availability_zone|availability_zone_affinity|partial_availability_zone_affinity", kNothing},
    {kDenyGateway, "false", kBoolean, kNothing},
    {"load_balancing.cross_zone.enabled", "false", kBoolean, kBoolean},
    {"secondary_ips.auto_assigned.per_subnet", "0", "0-7", kNothing},
    {"zonal_shift.config.enabled", "false", kBoolean, kNothing},
};

constexpr Definition kTargetGroupAttributes[] = {
    {kTermination, "false", kBoolean, kBoolean},
    {"deregistration_delay.timeout_seconds", "300", "0-3600", "0-3600"},
    {"lambda.multi_value_headers.enabled", "false", kBoolean, kBoolean},
    {"load_balancing.algorithm.anomaly_mitigation", "off", "on|off", kNothing},
    {"load_balancing.algorithm.type", "round_robin", "round_robin|least_outstanding_requests|weighted_random",
     "round_robin|least_outstanding_requests|weighted_random"},
    // True is what application load balancers do in any case.
    {"load_balancing.cross_zone.enabled", "use_load_balancer_configuration",
     "use_load_balancer_configuration|true|false", "true"},
    {"preserve_client_ip.enabled", "false", kBoolean, kNothing},
    {"proxy_protocol_v2.enabled", "false", kBoolean, kBoolean},
    {"slow_start.duration_seconds", "0", "0|30-900", "30-900"},
    {"stickiness.app_cookie.cookie_name", "", kText, kText},
    {"stickiness.app_cookie.duration_seconds", "86400", "1-604800", "1-604800"},
    {"stickiness.enabled", "false", kBoolean, kBoolean},
    {"stickiness.lb_cookie.duration_seconds", "86400", "1-604800", "1-604800"},
    {kStickinessType, "lb_cookie", "lb_cookie|app_cookie|source_ip", "lb_cookie|app_cookie|source_ip"},
    // Of gateway load balancers.
    {"target_failover.on_deregistration", "no_rebalance", "rebalance|no_rebalance", kNothing},
    {"target_failover.on_unhealthy", "no_rebalance", "rebalance|no_rebalance", kNothing},
    {"target_group_health.dns_failover.minimum_healthy_targets.count", "1", "off|1-1000", kNothing},
    {"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", "off|1-100", kNothing},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", "1-1000", "1-1000"},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", "off|1-100",
     "1-100"},
    {kUnhealthyTermination, "true", kBoolean, kBoolean},
    {"target_health_state.unhealthy.draining_interval_seconds", "0", "0-360000", kNothing},
};

constexpr Definition kNetworkListenerAttributes[] = {{"tcp.idle_timeout.seconds", "350", "60-6000", "60-6000"}};

constexpr Definition kListenerAttributes[] = {
    {"routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name",
     "X-Amzn-Mtls-Clientcert-Serial-Number", kHeaderName, kHeaderName},
    {"routing.http.request.x_amzn_mtls_clientcert_issuer.header_name", "X-Amzn-Mtls-Clientcert-Issuer",
     kHeaderName, kHeaderName},
    {"routing.http.request.x_amzn_mtls_clientcert_subject.header_name", "X-Amzn-Mtls-Clientcert-Subject",
     kHeaderName, kHeaderName},
    {"routing.http.request.x_amzn_mtls_clientcert_validity.header_name", "X-Amzn-Mtls-Clientcert-Validity",
     kHeaderName, kHeaderName},
    {"routing.http.request.x_amzn_mtls_clientcert_leaf.header_name", "X-Amzn-Mtls-Clientcert-Leaf", kHeaderName,
     kHeaderName},
    {"routing.http.request.x_amzn_mtls_clientcert.header_name", "X-Amzn-Mtls-Clientcert", kHeaderName,
     kHeaderName},
    {"routing.http.request.x_amzn_tls_version.header_name", "X-Amzn-Tls-Version", kHeaderName, kHeaderName},
    {"routing.http.request.x_amzn_tls_cipher_suite.header_name", "X-Amzn-Tls-Cipher-Suite", kHeaderName,
     kHeaderName},
    {"routing.http.response.server.enabled", "true", kBoolean, kBoolean},
    {"routing.http.response.strict_transport_security.header_value", "", kText, kText},
    {"routing.http.response.access_control_allow_origin.header_value", "", kText, kText},
    {"routing.http.response.access_control_allow_methods.header_value", "", kText, kText},
    {"routing.http.response.access_control_allow_headers.header_value", "", kText, kText},
    {"routing.http.response.access_control_allow_credentials.header_value", "", "true", "true"},
    {"routing.http.response.access_control_expose_headers.header_value", "", kText, kText},
    {"routing.http.response.access_control_max_age.header_value", "", "0-86400", "0-86400"},
    {"routing.http.response.content_security_policy.header_value", "", kText, kText},
    {"routing.http.response.x_content_type_options.header_value", "", "nosniff", "nosniff"},
    {"routing.http.response.x_frame_options.header_value", "", "DENY|SAMEORIGIN", "DENY|SAMEORIGIN"},
};

bool is_header_name(std::string_view value) {
  return !value.empty() && value.size() <= kHeaderNameMax && is_alphanumeric(value, "-_");
}

bool fits_one(std::string_view form, std::string_view value) {
  const size_t dash = form.find('-');
  const auto least = parse_integer(form.substr(0, dash));
  if (dash == std::string_view::npos || !least) return form == value;
  const auto number = parse_integer(value);
  return number && *number >= *least && *number <= *parse_integer(form.substr(dash + 1));
}

}  // namespace

bool fits(ValueForm form, std::string_view value) {
  if (form.empty()) return false;
  if (form == kText) return true;
  if (form == kHeaderName) return is_header_name(value);
  return std::ranges::any_of(split(form, '|'), [&](std::string_view each) { return fits_one(each, value); });
}

std::span<const AttributeDefinition> attribute_definitions(std::string_view arn) {
  if (arn.find(":targetgroup/") != std::string_view::npos) return kTargetGroupAttributes;
  if (arn.find(":listener/net/") != std::string_view::npos) return kNetworkListenerAttributes;
  if (arn.find(":listener/") != std::string_view::npos) return kListenerAttributes;
  if (is_network(arn)) return kNetworkAttributes;
  return kLoadBalancerAttributes;
}

const AttributeDefinition* find_attribute_definition(std::string_view arn, std::string_view key) {
  const auto definitions = attribute_definitions(arn);
  const auto found = std::ranges::find(definitions, key, &AttributeDefinition::key);
  return found == definitions.end() ? nullptr : &*found;
}

bool applies(const TargetGroup& group, std::string_view key) {
  if (key.starts_with("target_failover.")) return false;
  const bool is_of_functions = key.starts_with("lambda.");
  if (*group.target_type == kFunctionType || is_of_functions) {
    return is_of_functions && *group.target_type == kFunctionType;
  }
  const bool is_of_both = key == "deregistration_delay.timeout_seconds" || key == "stickiness.enabled" ||
                          key == kStickinessType || key == "load_balancing.cross_zone.enabled" ||
                          key.starts_with("target_group_health.");
  const bool is_of_connections = key == kTermination || key.starts_with("preserve_client_ip.") ||
                                 key.starts_with("proxy_protocol_v2.") || key.starts_with("target_health_state.");
  return is_of_both || is_of_connections == carries_connections(group);
}

bool applies(const Listener& listener, std::string_view key) {
  // The one of network load balancers is about TCP.
  if (key.starts_with("tcp.")) return listener.protocol != "UDP";
  return !key.starts_with("routing.http.request.") || listener.protocol == "HTTPS";
}

bool depends_on_owner(std::string_view key) {
  return key == kDenyGateway || key == kTermination || key == kUnhealthyTermination || key == kStickinessType;
}

std::optional<std::string_view> own_default(const LoadBalancer& load_balancer, std::string_view key) {
  if (key == kDenyGateway && load_balancer.scheme == "internal") return "true";
  return std::nullopt;
}

std::optional<std::string_view> own_default(const TargetGroup& group, std::string_view key) {
  if (key == kStickinessType && carries_connections(group)) return "source_ip";
  // Flows of UDP have no end that could be waited for.
  if (key == kTermination && group.protocol == "UDP") return "true";
  if (key == kUnhealthyTermination && carries_datagrams(group.protocol.value_or(""))) return "false";
  return std::nullopt;
}

}  // namespace holm::elbv2

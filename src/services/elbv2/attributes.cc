// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html

#include "services/elbv2/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/strings.h"
#include "services/elbv2/access_logs.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

struct Definition {
  std::string_view key;
  std::string_view value;  // Unless changed.
  // What it may be: "a|b", "1-4000", "*": anything; empty: nothing but the default is built.
  std::string_view allowed;
};

constexpr std::string_view kBoolean = "true|false";
constexpr std::pair<LogKind, std::string_view> kLogs[] = {{LogKind::Access, "access_logs."},
                                                          {LogKind::Connection, "connection_logs."}};
constexpr std::string_view kTermination = "deregistration_delay.connection_termination.enabled";

constexpr Definition kLoadBalancerAttributes[] = {
    {"access_logs.s3.enabled", "false", kBoolean},
    {"access_logs.s3.bucket", "", "*"},
    {"access_logs.s3.prefix", "", "*"},
    {"client_keep_alive.seconds", "3600", "60-604800"},
    {"connection_logs.s3.enabled", "false", kBoolean},
    {"connection_logs.s3.bucket", "", "*"},
    {"connection_logs.s3.prefix", "", "*"},
    {"deletion_protection.enabled", "false", kBoolean},
    {"idle_timeout.timeout_seconds", "60", "1-4000"},
    {"load_balancing.cross_zone.enabled", "true", ""},
    {"routing.http.desync_mitigation_mode", "defensive", "monitor|defensive|strictest"},
    {"routing.http.drop_invalid_header_fields.enabled", "false", kBoolean},
    {"routing.http.preserve_host_header.enabled", "false", kBoolean},
    {"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", kBoolean},
    {"routing.http.xff_client_port.enabled", "false", kBoolean},
    {"routing.http.xff_header_processing.mode", "append", "append|preserve|remove"},
    // HTTP/2 is spoken with TLS only.
    {"routing.http2.enabled", "true", kBoolean},
    {"waf.fail_open.enabled", "false", ""},
    {"zonal_shift.config.enabled", "false", ""},
};

// Of network load balancers.
constexpr Definition kNetworkAttributes[] = {
    {"access_logs.s3.enabled", "false", ""},
    {"access_logs.s3.bucket", "", ""},
    {"access_logs.s3.prefix", "", ""},
    {"deletion_protection.enabled", "false", kBoolean},
    {"dns_record.client_routing_policy", "any_availability_zone", ""},
    {"load_balancing.cross_zone.enabled", "false", kBoolean},
    {"secondary_ips.auto_assigned.per_subnet", "0", ""},
    {"zonal_shift.config.enabled", "false", ""},
};

constexpr Definition kTargetGroupAttributes[] = {
    {kTermination, "false", kBoolean},
    {"deregistration_delay.timeout_seconds", "300", "0-3600"},
    {"lambda.multi_value_headers.enabled", "false", kBoolean},
    {"load_balancing.algorithm.anomaly_mitigation", "off", ""},
    {"load_balancing.algorithm.type", "round_robin", "round_robin|least_outstanding_requests|weighted_random"},
    // True is what application load balancers do in any case.
    {"load_balancing.cross_zone.enabled", "use_load_balancer_configuration",
     "use_load_balancer_configuration|true"},
    {"preserve_client_ip.enabled", "false", ""},
    {"proxy_protocol_v2.enabled", "false", kBoolean},
    {"slow_start.duration_seconds", "0", "30-900"},
    {"stickiness.app_cookie.cookie_name", "", "*"},
    {"stickiness.app_cookie.duration_seconds", "86400", "1-604800"},
    {"stickiness.enabled", "false", kBoolean},
    {"stickiness.lb_cookie.duration_seconds", "86400", "1-604800"},
    {"stickiness.type", "lb_cookie", "lb_cookie|app_cookie|source_ip"},
    {"target_group_health.dns_failover.minimum_healthy_targets.count", "1", ""},
    {"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", ""},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", "1-1000"},
    {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", "1-100"},
};

// Of listeners of network load balancers.
constexpr Definition kConnectionAttributes[] = {{"tcp.idle_timeout.seconds", "350", "60-6000"}};

// Of listeners: the headers of responses, each after its attribute's name.
constexpr Definition kListenerAttributes[] = {
    {"routing.http.response.server.enabled", "true", kBoolean},
    {"routing.http.response.strict_transport_security.header_value", "", "*"},
    {"routing.http.response.access_control_allow_origin.header_value", "", "*"},
    {"routing.http.response.access_control_allow_methods.header_value", "", "*"},
    {"routing.http.response.access_control_allow_headers.header_value", "", "*"},
    {"routing.http.response.access_control_allow_credentials.header_value", "", "true"},
    {"routing.http.response.access_control_expose_headers.header_value", "", "*"},
    {"routing.http.response.access_control_max_age.header_value", "", "0-86400"},
    {"routing.http.response.content_security_policy.header_value", "", "*"},
    {"routing.http.response.x_content_type_options.header_value", "", "nosniff"},
    {"routing.http.response.x_frame_options.header_value", "", "DENY|SAMEORIGIN"},
};

std::span<const Definition> definitions_of(std::string_view arn) {
  if (arn.find(":targetgroup/") != std::string_view::npos) return kTargetGroupAttributes;
  if (arn.find(":listener/net/") != std::string_view::npos) return kConnectionAttributes;
  if (arn.find(":listener/") != std::string_view::npos) return kListenerAttributes;
  if (is_network(arn)) return kNetworkAttributes;
  return kLoadBalancerAttributes;
}

const Definition* find_definition(std::string_view arn, std::string_view key) {
  for (const Definition& each : definitions_of(arn)) {
    if (each.key == key) return &each;
  }
  return nullptr;
}

bool is_allowed(const Definition& definition, const std::string& value) {
  std::string_view allowed = definition.allowed;
  if (allowed == "*") return true;
  if (allowed.front() >= '0' && allowed.front() <= '9') {
    std::optional<long long> number = parse_integer(value);
    size_t dash = allowed.find('-');
    return number && *number >= *parse_integer(allowed.substr(0, dash)) &&
           *number <= *parse_integer(allowed.substr(dash + 1));
  }
  for (std::string_view each : split(allowed, '|')) {
    if (each == value) return true;
  }
  return false;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
void check_together(Call& call, const TargetGroup& group) {
  const std::string& arn = *group.target_group_arn;
  const bool is_sticky = attribute(call, arn, "stickiness.enabled") == "true";
  const bool is_by_address = attribute(call, arn, "stickiness.type") == "source_ip";
  if (is_sticky && is_by_address != carries_connections(group)) {
    throw InvalidConfigurationRequestException(
        fmt::format("The stickiness type is not supported for target groups with the protocol '{}'",
                    group.protocol.value_or(kFunctionType)));
  }
  const std::string cookie = attribute(call, arn, "stickiness.app_cookie.cookie_name");
  const bool is_application = attribute(call, arn, "stickiness.type") == "app_cookie";
  if (is_sticky && is_application && cookie.empty()) {
    throw InvalidConfigurationRequestException("App-based stickiness needs 'stickiness.app_cookie.cookie_name'");
  }
  if (cookie.starts_with("AWSALB")) {
    throw InvalidConfigurationRequestException(
        fmt::format("The cookie name '{}' has a prefix that load balancers use themselves", cookie));
  }
  if (carries_connections(group) && attribute(call, arn, "load_balancing.cross_zone.enabled") == "true") {
    throw aws::NotImplemented("The attribute load_balancing.cross_zone.enabled true of a group of connections");
  }
  if (group.protocol == "UDP" && attribute(call, arn, kTermination) == "false") {
    throw aws::NotImplemented(fmt::format("The attribute {} false of a group of datagrams", kTermination));
  }
  const bool has_header = attribute(call, arn, "proxy_protocol_v2.enabled") == "true";
  if (has_header && carries_datagrams(group.protocol.value_or(""))) {
    throw aws::NotImplemented("The attribute proxy_protocol_v2.enabled true of a group of datagrams");
  }
  const bool is_slow = attribute(call, arn, "slow_start.duration_seconds") != "0";
  if (is_slow && attribute(call, arn, "load_balancing.algorithm.type") != "round_robin") {
    throw InvalidConfigurationRequestException("Slow start can be used with the algorithm round_robin only");
  }
}

// Which attributes a group has depends on what its targets get: events, connections or requests.
bool applies(const TargetGroup& group, std::string_view key) {
  const bool is_of_functions = key.starts_with("lambda.");
  if (*group.target_type == kFunctionType || is_of_functions) {
    return is_of_functions && *group.target_type == kFunctionType;
  }
  const bool is_of_both = key == "deregistration_delay.timeout_seconds" || key == "stickiness.enabled" ||
                          key == "stickiness.type" || key == "load_balancing.cross_zone.enabled" ||
                          key.starts_with("target_group_health.");
  const bool is_of_connections = key.starts_with("deregistration_delay.connection") ||
                                 key.starts_with("preserve_client_ip.") || key.starts_with("proxy_protocol_v2.");
  return is_of_both || is_of_connections == carries_connections(group);
}

template <class Attribute>
std::vector<Attribute> all_attributes(Call& call, const std::string& arn) {
  std::vector<Attribute> result;
  std::optional<TargetGroup> group;
  if (arn.find(":targetgroup/") != std::string::npos) group = require_target_group(call, arn);
  for (const Definition& each : definitions_of(arn)) {
    if (group && !applies(*group, each.key)) continue;
    result.push_back({.key = std::string(each.key), .value = attribute(call, arn, each.key)});
  }
  return result;
}

}  // namespace

namespace {

// Some defaults depend on what the group's targets get.
std::string default_of(Call& call, const std::string& arn, const Definition& definition) {
  const bool is_type = definition.key == "stickiness.type";
  if (!is_type && definition.key != kTermination) return std::string(definition.value);
  const auto group = find<TargetGroup>(call, arn);
  if (is_type && group && carries_connections(*group)) return "source_ip";
  // Flows of UDP have no end that could be waited for.
  if (!is_type && group && group->protocol == "UDP") return "true";
  return std::string(definition.value);
}

}  // namespace

std::string attribute(Call& call, const std::string& arn, std::string_view key) {
  auto row = call.transaction.find("SELECT value FROM elbv2_attribute WHERE arn = ?1 AND key = ?2",
                                   {arn, std::string(key)});
  if (row) return row->text(0);
  const Definition* definition = find_definition(arn, key);
  CHECK(definition != nullptr);
  return default_of(call, arn, *definition);
}

void write_attribute(Call& call, const std::string& arn, const std::string& key, const std::string& value) {
  const Definition* definition = find_definition(arn, key);
  if (!definition) {
    throw InvalidConfigurationRequestException(fmt::format("The attribute key '{}' is not recognized", key));
  }
  if (value == default_of(call, arn, *definition)) {
    call.transaction.run("DELETE FROM elbv2_attribute WHERE arn = ?1 AND key = ?2", {arn, key});
    return;
  }
  const bool is_text = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_text || value.size() > 1024) {
    throw InvalidConfigurationRequestException(fmt::format("The value of '{}' is not valid", key));
  }
  if (definition->allowed.empty()) throw aws::NotImplemented(fmt::format("The attribute {} {}", key, value));
  if (!is_allowed(*definition, value)) {
    throw InvalidConfigurationRequestException(
        fmt::format("The value of '{}' must be one of '{}'", key, definition->allowed));
  }
  call.transaction.run(
      "INSERT INTO elbv2_attribute (arn, key, value) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
      {arn, key, value});
}

DescribeLoadBalancerAttributesOutput describe_load_balancer_attributes(
    Service&, Call& call, const DescribeLoadBalancerAttributesInput& request) {
  require_load_balancer(call, request.load_balancer_arn);
  return {.attributes = all_attributes<LoadBalancerAttribute>(call, request.load_balancer_arn)};
}

ModifyLoadBalancerAttributesOutput modify_load_balancer_attributes(
    Service& service, Call& call, const ModifyLoadBalancerAttributesInput& request) {
  require_load_balancer(call, request.load_balancer_arn);
  for (const LoadBalancerAttribute& each : request.attributes) {
    write_attribute(call, request.load_balancer_arn, each.key.value_or(""), each.value.value_or(""));
  }
  for (const auto& [kind, prefix] : kLogs) {
    const bool is_about_it = std::ranges::any_of(request.attributes, [&](const LoadBalancerAttribute& each) {
      return each.key.value_or("").starts_with(prefix);
    });
    if (is_about_it) require_log_destination(service, call, kind, request.load_balancer_arn);
  }
  service.changed(call.transaction);
  return {.attributes = all_attributes<LoadBalancerAttribute>(call, request.load_balancer_arn)};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
std::vector<std::pair<std::string, std::string>> response_headers(Call& call, const std::string& listener) {
  std::vector<std::pair<std::string, std::string>> headers;
  constexpr std::string_view kBefore = "routing.http.response.";
  constexpr std::string_view kAfter = ".header_value";
  for (const Definition& each : kListenerAttributes) {
    if (!each.key.ends_with(kAfter)) continue;
    std::string value = attribute(call, listener, each.key);
    if (value.empty()) continue;
    std::string_view name = each.key.substr(kBefore.size());
    name.remove_suffix(kAfter.size());
    headers.emplace_back(replace_all(name, "_", "-"), std::move(value));
  }
  return headers;
}

DescribeListenerAttributesOutput describe_listener_attributes(Service&, Call& call,
                                                              const DescribeListenerAttributesInput& request) {
  const Listener listener = require_listener(call, request.listener_arn);
  // The one that there is is about TCP.
  if (listener.protocol == "UDP") return {};
  return {.attributes = all_attributes<ListenerAttribute>(call, request.listener_arn)};
}

ModifyListenerAttributesOutput modify_listener_attributes(Service& service, Call& call,
                                                          const ModifyListenerAttributesInput& request) {
  const Listener listener = require_listener(call, request.listener_arn);
  for (const ListenerAttribute& each : request.attributes) {
    if (listener.protocol == "UDP") {
      throw InvalidConfigurationRequestException(fmt::format(
          "The attribute '{}' is not supported for listeners of the protocol 'UDP'", each.key.value_or("")));
    }
    write_attribute(call, request.listener_arn, each.key.value_or(""), each.value.value_or(""));
  }
  service.changed(call.transaction);
  return {.attributes = all_attributes<ListenerAttribute>(call, request.listener_arn)};
}

DescribeTargetGroupAttributesOutput describe_target_group_attributes(
    Service&, Call& call, const DescribeTargetGroupAttributesInput& request) {
  require_target_group(call, request.target_group_arn);
  return {.attributes = all_attributes<TargetGroupAttribute>(call, request.target_group_arn)};
}

ModifyTargetGroupAttributesOutput modify_target_group_attributes(
    Service& service, Call& call, const ModifyTargetGroupAttributesInput& request) {
  const TargetGroup group = require_target_group(call, request.target_group_arn);
  for (const TargetGroupAttribute& each : request.attributes) {
    const std::string key = each.key.value_or("");
    if (find_definition(request.target_group_arn, key) && !applies(group, key)) {
      throw InvalidConfigurationRequestException(fmt::format(
          "The attribute '{}' is not supported for target groups with the protocol '{}'", key,
          group.protocol.value_or(kFunctionType)));
    }
    write_attribute(call, request.target_group_arn, each.key.value_or(""), each.value.value_or(""));
  }
  check_together(call, group);
  service.changed(call.transaction);
  return {.attributes = all_attributes<TargetGroupAttribute>(call, request.target_group_arn)};
}

}  // namespace holm::elbv2

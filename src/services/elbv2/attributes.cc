// Only what differs from the defaults is kept.

#include "services/elbv2/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.h"
#include "services/elbv2/access_logs.h"
#include "services/elbv2/attribute_definitions.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

using Definition = AttributeDefinition;

constexpr size_t kValueMax = 1024;
constexpr std::pair<LogKind, std::string_view> kLogs[] = {{LogKind::Access, "access_logs."},
                                                          {LogKind::Connection, "connection_logs."}};

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
  if (carries_datagrams(group.protocol.value_or("")) && attribute(call, arn, kUnhealthyTermination) == "true") {
    throw InvalidConfigurationRequestException(
        fmt::format("The attribute '{}' cannot be 'true' for target groups with the protocol '{}'",
                    kUnhealthyTermination, group.protocol.value_or("")));
  }
  const bool is_slow = attribute(call, arn, "slow_start.duration_seconds") != "0";
  if (is_slow && attribute(call, arn, "load_balancing.algorithm.type") != "round_robin") {
    throw InvalidConfigurationRequestException("Slow start can be used with the algorithm round_robin only");
  }
}

// Which of the definitions of its kind the load balancer, target group or listener has.
std::vector<const Definition*> definitions_of(Call& call, const std::string& arn) {
  const auto group = find<TargetGroup>(call, arn);
  const auto listener = find<Listener>(call, arn);
  std::vector<const Definition*> own;
  for (const Definition& each : attribute_definitions(arn)) {
    if ((group && !applies(*group, each.key)) || (listener && !applies(*listener, each.key))) continue;
    own.push_back(&each);
  }
  return own;
}

template <class Attribute>
std::vector<Attribute> all_attributes(Call& call, const std::string& arn) {
  std::vector<Attribute> result;
  for (const Definition* each : definitions_of(call, arn)) {
    result.push_back({.key = std::string(each->key), .value = attribute(call, arn, each->key)});
  }
  return result;
}

std::string default_of(Call& call, const std::string& arn, const Definition& definition) {
  if (!depends_on_owner(definition.key)) return std::string(definition.value);
  std::optional<std::string_view> own;
  if (const auto group = find<TargetGroup>(call, arn)) own = own_default(*group, definition.key);
  if (const auto found = find<LoadBalancer>(call, arn)) own = own_default(*found, definition.key);
  return std::string(own.value_or(definition.value));
}

// Headers that frame messages, and those that the load balancer writes by other rules.
bool is_header_of_others(std::string_view name) {
  constexpr std::string_view kOthers[] = {"host", "connection", "content-length", "transfer-encoding", "upgrade",
                                          "te", "trailer", "keep-alive", "x-forwarded-for", "x-forwarded-proto",
                                          "x-forwarded-port", "x-amzn-trace-id"};
  return std::ranges::any_of(kOthers, [name](std::string_view each) { return equals_ignoring_case(each, name); });
}

// Two headers of one name would tell nobody apart.
void check_header_names(Call& call, const Listener& listener) {
  std::set<std::string> names;
  for (const Definition* each : definitions_of(call, *listener.listener_arn)) {
    if (!each->key.ends_with(".header_name")) continue;
    const std::string name = attribute(call, *listener.listener_arn, each->key);
    if (names.insert(to_lower(name)).second && !is_header_of_others(name)) continue;
    throw InvalidConfigurationRequestException(
        fmt::format("The header name '{}' of '{}' is that of another header", name, each->key));
  }
}

}  // namespace

std::string attribute(Call& call, const std::string& arn, std::string_view key) {
  auto row = call.transaction.find("SELECT value FROM elbv2_attribute WHERE arn = ?1 AND key = ?2",
                                   {arn, std::string(key)});
  if (row) return row->text(0);
  const Definition* definition = find_attribute_definition(arn, key);
  CHECK(definition != nullptr);
  return default_of(call, arn, *definition);
}

void write_attribute(Call& call, const std::string& arn, const std::string& key, const std::string& value) {
  const Definition* definition = find_attribute_definition(arn, key);
  if (!definition) {
    throw InvalidConfigurationRequestException(fmt::format("The attribute key '{}' is not recognized", key));
  }
  if (value == default_of(call, arn, *definition)) {
    call.transaction.run("DELETE FROM elbv2_attribute WHERE arn = ?1 AND key = ?2", {arn, key});
    return;
  }
  const bool is_text = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_text || value.size() > kValueMax) {
    throw InvalidConfigurationRequestException(fmt::format("The value of '{}' is not valid", key));
  }
  if (!fits(definition->allowed, value)) {
    throw InvalidConfigurationRequestException(
        fmt::format("The value of '{}' must be one of '{}'", key, definition->allowed));
  }
  if (!fits(definition->built, value)) throw aws::NotImplemented(fmt::format("The attribute {} {}", key, value));
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
    if (is_about_it) require_log_bucket(service, call, kind, request.load_balancer_arn);
  }
  service.changed(call.transaction);
  return {.attributes = all_attributes<LoadBalancerAttribute>(call, request.load_balancer_arn)};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
std::vector<std::pair<std::string, std::string>> response_headers(Call& call, const std::string& listener) {
  std::vector<std::pair<std::string, std::string>> headers;
  constexpr std::string_view kBefore = "routing.http.response.";
  constexpr std::string_view kAfter = ".header_value";
  for (const Definition& each : attribute_definitions(listener)) {
    if (!each.key.ends_with(kAfter)) continue;
    std::string value = attribute(call, listener, each.key);
    if (value.empty()) continue;
    std::string_view name = each.key.substr(kBefore.size());
    name.remove_suffix(kAfter.size());
    headers.emplace_back(replace_all(name, "_", "-"), std::move(value));
  }
  return headers;
}

std::optional<balancer::TlsHeaderNames> tls_header_names(Call& call, const std::string& listener) {
  balancer::TlsHeaderNames names;
  bool is_usual = true;
  auto read = [&](std::string_view header, std::string& name) {
    const std::string own = attribute(call, listener, fmt::format("routing.http.request.{}.header_name", header));
    is_usual = is_usual && own == name;
    name = own;
  };
  read("x_amzn_mtls_clientcert_serial_number", names.serial_number);
  read("x_amzn_mtls_clientcert_issuer", names.issuer);
  read("x_amzn_mtls_clientcert_subject", names.subject);
  read("x_amzn_mtls_clientcert_validity", names.validity);
  read("x_amzn_mtls_clientcert_leaf", names.leaf);
  read("x_amzn_mtls_clientcert", names.chain);
  read("x_amzn_tls_version", names.version);
  read("x_amzn_tls_cipher_suite", names.cipher);
  if (is_usual) return std::nullopt;
  return names;
}

DescribeListenerAttributesOutput describe_listener_attributes(Service&, Call& call,
                                                              const DescribeListenerAttributesInput& request) {
  require_listener(call, request.listener_arn);
  return {.attributes = all_attributes<ListenerAttribute>(call, request.listener_arn)};
}

ModifyListenerAttributesOutput modify_listener_attributes(Service& service, Call& call,
                                                          const ModifyListenerAttributesInput& request) {
  const Listener listener = require_listener(call, request.listener_arn);
  for (const ListenerAttribute& each : request.attributes) {
    const std::string key = each.key.value_or("");
    if (find_attribute_definition(request.listener_arn, key) && !applies(listener, key)) {
      throw InvalidConfigurationRequestException(fmt::format(
          "The attribute '{}' is not supported for listeners of the protocol '{}'", key, *listener.protocol));
    }
    write_attribute(call, request.listener_arn, key, each.value.value_or(""));
  }
  check_header_names(call, listener);
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
    if (find_attribute_definition(request.target_group_arn, key) && !applies(group, key)) {
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

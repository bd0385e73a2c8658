// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_CreateLoadBalancerPolicy.html

#include "services/elb/policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "aws/codec/json_codec.h"
#include "aws/service/error.h"
#include "base/characters.h"
#include "base/check.h"
#include "base/strings.h"
#include "elb/schema.h"
#include "services/elb/limits.h"
#include "services/elb/listeners.h"
#include "services/elb/records.h"
#include "services/elb/security_policies.h"
#include "services/elb/service.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

struct AttributeType {
  std::string_view name;
  std::string_view type;
  std::string_view cardinality;
};

struct PolicyType {
  std::string_view name;
  std::string_view description;
  std::span<const AttributeType> attributes;  // Of SSL negotiation: those of the ciphers come after.
};

constexpr AttributeType kCookieName[] = {{"CookieName", "String", "ONE"}};
constexpr AttributeType kExpiration[] = {{"CookieExpirationPeriod", "Long", "ZERO_OR_ONE"}};
constexpr AttributeType kProxyProtocol[] = {{"ProxyProtocol", "Boolean", "ONE"}};
constexpr AttributeType kSecurity[] = {{"Reference-Security-Policy", "PolicyName", "ZERO_OR_ONE"}};

// Those that can be made.
constexpr PolicyType kTypes[] = {
    {kApplicationCookieType,
     "Stickiness policy with session lifetimes controlled by the lifetime of the application-generated "
     "cookie. This "
     "policy can be associated only with HTTP/HTTPS listeners.",
     kCookieName},
    {kBalancerCookieType,
     "Stickiness policy with session lifetimes controlled by the browser (user-agent) or a specified "
     "expiration "
     "period. This policy can be associated only with HTTP/HTTPS listeners.",
     kExpiration},
    {kProxyType,
     "Policy that controls whether to include the IP address and port of the originating request for TCP "
     "messages. "
     "This policy operates on TCP/SSL listeners only",
     kProxyProtocol},
    {kSecurityType,
     "Listener policy that defines the ciphers and protocols that will be accepted by the load balancer. "
     "This policy "
     "can be associated only with HTTPS/SSL listeners.",
     kSecurity},
};

constexpr std::string_view kUnbuiltTypes[] = {"BackendServerAuthenticationPolicyType", "PublicKeyPolicyType"};

const PolicyType& require_type(const std::string& name) {
  auto found = std::ranges::find(kTypes, name, &PolicyType::name);
  if (found != std::end(kTypes)) return *found;
  if (std::ranges::find(kUnbuiltTypes, name) != std::end(kUnbuiltTypes)) {
    throw aws::NotImplemented("PolicyTypeName " + name);
  }
  throw PolicyTypeNotFoundException(fmt::format("Policy type '{}' not found", name));
}

bool is_sticky(const PolicyDescription& policy) {
  return policy.policy_type_name == kApplicationCookieType || policy.policy_type_name == kBalancerCookieType;
}

PolicyDescription require_policy(Call& call, const std::string& load_balancer, const std::string& name) {
  if (auto found = find_policy(call, load_balancer, name)) return std::move(*found);
  throw PolicyNotFoundException(fmt::format("There is no policy with name {} for load balancer {}", name,
                                            load_balancer.substr(load_balancer.find('/') + 1)));
}

void check_policy_name(const std::string& name) {
  if (!name.empty() && is_alphanumeric(name, "-")) return;
  refuse(fmt::format("Policy names are made of alphanumeric characters and hyphens: '{}' is not", name));
}

void check_value(const std::string& name, std::string_view type, const std::string& value) {
  const bool is_sound = type == "Boolean" ? value == "true" || value == "false"
                        : type == "Long"  ? parse_integer(value).value_or(0) > 0
                                          : !value.empty();
  if (is_sound) return;
  throw InvalidConfigurationRequestException(
      fmt::format("'{}' is not a value that the policy attribute {} can have", value, name));
}

// What the attribute has to be of; throws when the type of policy knows no such attribute.
std::string_view type_of_attribute(const PolicyType& type, const std::string& name) {
  auto found = std::ranges::find(type.attributes, name, &AttributeType::name);
  if (found != type.attributes.end()) return found->type;
  if (type.name == kSecurityType && is_negotiation_attribute(name)) return "Boolean";
  throw InvalidConfigurationRequestException(
      fmt::format("Policy attribute {} is not defined for policies of the type {}", name, type.name));
}

std::vector<PolicyAttributeDescription> checked_attributes(const PolicyType& type,
                                                           const std::vector<PolicyAttribute>& given) {
  std::vector<PolicyAttributeDescription> made;
  for (const PolicyAttribute& each : given) {
    const std::string name = each.attribute_name.value_or("");
    const std::string_view kind = type_of_attribute(type, name);
    std::string value = each.attribute_value.value_or("");
    // Terraform writes "True".
    if (kind == "Boolean") value = to_lower(value);
    check_value(name, kind, value);
    made.push_back({.attribute_name = name, .attribute_value = value});
  }
  for (const AttributeType& each : type.attributes) {
    const auto count = std::ranges::count(made, each.name, [](const PolicyAttributeDescription& own) {
      return std::string_view(*own.attribute_name);
    });
    if (count == 1 || (count == 0 && each.cardinality == "ZERO_OR_ONE")) continue;
    throw InvalidConfigurationRequestException(
        fmt::format("Policies of the type {} have the attribute {} once", type.name, each.name));
  }
  if (type.name == kSecurityType) return negotiated_attributes(made);
  return made;
}

void insert_policy(Service& service, Call& call, const std::string& load_balancer_name,
                   const PolicyDescription& policy) {
  const Record record = require_record(call, load_balancer_name);
  check_policy_name(*policy.policy_name);
  const bool is_taken = find_policy(call, record.arn, *policy.policy_name).has_value();
  if (is_taken) {
    throw DuplicatePolicyNameException(fmt::format("Policy '{}' already exists for load balancer '{}'",
                                                   *policy.policy_name, load_balancer_name));
  }
  require_room_for_policy(call, record.arn);
  call.transaction.run(
      "INSERT INTO elb_policy (load_balancer, name, type, document, position) VALUES (?1, ?2, ?3, ?4,"
      " (SELECT coalesce(max(position), 0) + 1 FROM elb_policy WHERE load_balancer = ?1))",
      {record.arn, *policy.policy_name, *policy.policy_type_name,
       aws::write_kept_json(shape_of(policy), &policy)});
  service.changed(call.transaction);
}

std::vector<PolicyDescription> own_policies(Call& call, const std::string& load_balancer) {
  std::vector<PolicyDescription> policies;
  for (const sql::Row& row : call.transaction.run(
           "SELECT document FROM elb_policy WHERE load_balancer = ?1 ORDER BY position", {load_balancer})) {
    PolicyDescription policy;
    CHECK(aws::read_kept_json(row.text(0), shape_of(policy), &policy).has_value());
    policies.push_back(std::move(policy));
  }
  return policies;
}

// The predefined policies that listeners have.
std::set<std::string> predefined_in_use(Call& call, const std::string& load_balancer) {
  const Record record = require_record(call, load_balancer.substr(load_balancer.find('/') + 1));
  std::set<std::string> names;
  for (const ListenerDescription& each : record.document.listener_descriptions) {
    for (const std::string& name : each.policy_names) {
      if (predefined_policy(name)) names.insert(name);
    }
  }
  return names;
}

}  // namespace

std::optional<PolicyDescription> find_policy(Call& call, const std::string& load_balancer,
                                             const std::string& name) {
  for (PolicyDescription& each : own_policies(call, load_balancer)) {
    if (each.policy_name == name) return std::move(each);
  }
  return predefined_policy(name);
}

std::string attribute_of(const PolicyDescription& policy, std::string_view name) {
  for (const PolicyAttributeDescription& each : policy.policy_attribute_descriptions) {
    if (each.attribute_name == name) return each.attribute_value.value_or("");
  }
  return {};
}

Policies policies_of(Call& call, const std::string& load_balancer) {
  Policies result;
  for (const PolicyDescription& each : own_policies(call, load_balancer)) {
    if (each.policy_type_name == kApplicationCookieType) {
      result.app_cookie_stickiness_policies.push_back(
          {.policy_name = each.policy_name, .cookie_name = attribute_of(each, "CookieName")});
    } else if (each.policy_type_name == kBalancerCookieType) {
      LBCookieStickinessPolicy made{.policy_name = each.policy_name};
      made.cookie_expiration_period = parse_integer(attribute_of(each, "CookieExpirationPeriod"));
      result.lb_cookie_stickiness_policies.push_back(std::move(made));
    } else {
      result.other_policies.push_back(*each.policy_name);
    }
  }
  for (const std::string& each : predefined_in_use(call, load_balancer))
    result.other_policies.push_back(each);
  return result;
}

void check_listener_policies(Call& call, const std::string& load_balancer, const Listener& listener,
                             const std::vector<std::string>& names) {
  int sticky = 0, secure = 0;
  for (const std::string& name : names) {
    const PolicyDescription policy = require_policy(call, load_balancer, name);
    const bool is_security = policy.policy_type_name == kSecurityType;
    sticky += is_sticky(policy);
    secure += is_security;
    const bool fits = is_sticky(policy) ? carries_requests(listener.protocol)
                      : is_security     ? is_secure(listener.protocol)
                                        : false;
    if (fits) continue;
    throw InvalidConfigurationRequestException(
        fmt::format("Policy {} of the type {} cannot be enabled for a listener of the protocol {}", name,
                    *policy.policy_type_name, listener.protocol));
  }
  if (sticky > 1 || secure > 1) {
    throw InvalidConfigurationRequestException("A listener can have one policy of each kind only");
  }
}

void check_backend_policies(Call& call, const std::string& load_balancer,
                            const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const PolicyDescription policy = require_policy(call, load_balancer, name);
    if (policy.policy_type_name == kProxyType) continue;
    throw InvalidConfigurationRequestException(fmt::format(
        "Policy {} of the type {} cannot be enabled for instances", name, *policy.policy_type_name));
  }
}

CreateAppCookieStickinessPolicyOutput create_app_cookie_stickiness_policy(
    Service& service, Call& call, const CreateAppCookieStickinessPolicyInput& request) {
  insert_policy(service, call, request.load_balancer_name,
                {.policy_name = request.policy_name,
                 .policy_type_name = std::string(kApplicationCookieType),
                 .policy_attribute_descriptions = checked_attributes(
                     require_type(std::string(kApplicationCookieType)),
                     {{.attribute_name = "CookieName", .attribute_value = request.cookie_name}})});
  return {};
}

CreateLBCookieStickinessPolicyOutput create_lb_cookie_stickiness_policy(
    Service& service, Call& call, const CreateLBCookieStickinessPolicyInput& request) {
  std::vector<PolicyAttribute> given;
  if (request.cookie_expiration_period) {
    given.push_back({.attribute_name = "CookieExpirationPeriod",
                     .attribute_value = std::to_string(*request.cookie_expiration_period)});
  }
  insert_policy(service, call, request.load_balancer_name,
                {.policy_name = request.policy_name,
                 .policy_type_name = std::string(kBalancerCookieType),
                 .policy_attribute_descriptions =
                     checked_attributes(require_type(std::string(kBalancerCookieType)), given)});
  return {};
}

CreateLoadBalancerPolicyOutput create_load_balancer_policy(Service& service, Call& call,
                                                           const CreateLoadBalancerPolicyInput& request) {
  const PolicyType& type = require_type(request.policy_type_name);
  insert_policy(service, call, request.load_balancer_name,
                {.policy_name = request.policy_name,
                 .policy_type_name = request.policy_type_name,
                 .policy_attribute_descriptions = checked_attributes(type, request.policy_attributes)});
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DeleteLoadBalancerPolicy.html
// One that is enabled stays; one that is not there is deleted already.
DeleteLoadBalancerPolicyOutput delete_load_balancer_policy(Service& service, Call& call,
                                                           const DeleteLoadBalancerPolicyInput& request) {
  const Record record = require_record(call, request.load_balancer_name);
  auto has_it = [&](const auto& each) {
    return std::ranges::find(each.policy_names, request.policy_name) != each.policy_names.end();
  };
  if (std::ranges::any_of(record.document.listener_descriptions, has_it) ||
      std::ranges::any_of(record.document.backend_server_descriptions, has_it)) {
    throw InvalidConfigurationRequestException(
        fmt::format("Policy {} is enabled, and so cannot be deleted", request.policy_name));
  }
  call.transaction.run("DELETE FROM elb_policy WHERE load_balancer = ?1 AND name = ?2",
                       {record.arn, request.policy_name});
  service.changed(call.transaction);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DescribeLoadBalancerPolicies.html
// Without a load balancer, the predefined ones.
DescribeLoadBalancerPoliciesOutput describe_load_balancer_policies(
    Service&, Call& call, const DescribeLoadBalancerPoliciesInput& request) {
  DescribeLoadBalancerPoliciesOutput result;
  std::vector<PolicyDescription>& told = result.policy_descriptions;
  const std::string name = request.load_balancer_name.value_or("");
  const std::string arn = name.empty() ? std::string() : require_record(call, name).arn;
  for (const std::string& each : request.policy_names) told.push_back(require_policy(call, arn, each));
  if (!request.policy_names.empty()) return result;
  if (arn.empty()) {
    for (std::string_view each : predefined_policy_names()) told.push_back(*predefined_policy(each));
    return result;
  }
  told = own_policies(call, arn);
  for (const std::string& each : predefined_in_use(call, arn)) told.push_back(*predefined_policy(each));
  return result;
}

DescribeLoadBalancerPolicyTypesOutput describe_load_balancer_policy_types(
    Service&, Call&, const DescribeLoadBalancerPolicyTypesInput& request) {
  DescribeLoadBalancerPolicyTypesOutput result;
  for (const std::string& each : request.policy_type_names) require_type(each);
  for (const PolicyType& type : kTypes) {
    const bool is_wanted =
        request.policy_type_names.empty() ||
        std::ranges::find(request.policy_type_names, type.name) != request.policy_type_names.end();
    if (!is_wanted) continue;
    PolicyTypeDescription described{.policy_type_name = std::string(type.name),
                                    .description = std::string(type.description)};
    for (const AttributeType& each : type.attributes) {
      described.policy_attribute_type_descriptions.push_back({.attribute_name = std::string(each.name),
                                                              .attribute_type = std::string(each.type),
                                                              .cardinality = std::string(each.cardinality)});
    }
    if (type.name == kSecurityType) {
      for (std::string_view each : negotiation_attribute_names()) {
        described.policy_attribute_type_descriptions.push_back({.attribute_name = std::string(each),
                                                                .attribute_type = "Boolean",
                                                                .default_value = "false",
                                                                .cardinality = "ZERO_OR_ONE"});
      }
    }
    result.policy_type_descriptions.push_back(std::move(described));
  }
  return result;
}

}  // namespace holm::elb

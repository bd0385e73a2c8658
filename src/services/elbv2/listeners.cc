// Listeners and their rules. The default actions of a listener are its rule "default", at position 0.

#include <fmt/format.h>

#include <set>

#include "aws/service/region.h"
#include "base/strings.h"
#include "services/elbv2/actions.h"
#include "services/elbv2/conditions.h"
#include "services/elbv2/kinds.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/listener_security.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"
#include "services/elbv2/trust_stores.h"

namespace holm::elbv2 {

namespace {

std::string child_arn(const Call& call, std::string_view kind, const std::string& parent, Random& random) {
  return aws::arn("elasticloadbalancing", call,
                  fmt::format("{}/{}/{}", kind, path_of(parent), random.hex(16)));
}

// But for their names.
bool is_same(Listener a, const Listener& b) {
  a.listener_arn = b.listener_arn;
  // Those from before it could be said anything else say nothing.
  const bool asks = a.mutual_authentication && a.mutual_authentication->mode != "off";
  if (!b.mutual_authentication && !asks) a.mutual_authentication.reset();
  return aws::write_kept_json(shape_of(a), &a) == aws::write_kept_json(shape_of(b), &b);
}

// A network load balancer's listener has one action, which forwards, and may name protocols of the layer above.
void check_network_actions(Call& call, const std::string& protocol, const std::vector<Action>& actions) {
  for (const Action& each : actions) {
    if (carries_connections(protocol) && each.type != "forward") {
      throw InvalidLoadBalancerActionException(
          fmt::format("Listeners of the protocol '{}' can only forward", protocol));
    }
  }
  const auto groups = groups_of(actions);
  if (carries_datagrams(protocol) && groups.size() > 1) {
    throw aws::NotImplemented(fmt::format("Several target groups of a listener of the protocol {}", protocol));
  }
  for (const std::string& group : groups) check_compatible(protocol, require_target_group(call, group));
}

void set_alpn_policy(Listener& listener, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return;
  if (listener.protocol != "TLS" || wanted.size() > 1) {
    throw aws::ServiceError("ValidationError", 400,
                            "One ALPN policy can be specified, and for TLS listeners only");
  }
  if (!alpn_protocols(wanted.front())) {
    throw ALPNPolicyNotSupportedException(fmt::format("ALPN policy '{}' is not supported", wanted.front()));
  }
  listener.alpn_policy = wanted;
}

Rule default_rule(Call& call, const std::string& listener_arn) {
  return all_where<Rule>(call, "parent = ?3 AND position = 0", {listener_arn}).front();
}

void check_priority(Call& call, const std::string& listener, int32_t priority) {
  if (priority < 1 || priority > 50000) {
    throw aws::ServiceError("ValidationError", 400, "Rule priority must be between 1 and 50000");
  }
  if (!all_where<Rule>(call, "parent = ?3 AND position = ?4", {listener, int64_t{priority}}).empty()) {
    throw PriorityInUseException(fmt::format("Priority '{}' is currently in use", priority));
  }
}

std::string listener_of(Call& call, const std::string& rule_arn) {
  return call.transaction.find("SELECT parent FROM elbv2_resource WHERE arn = ?1", {rule_arn})->text(0);
}

}  // namespace

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
// One with the same settings is returned as it is.
CreateListenerOutput create_listener(Service& service, Call& call, const CreateListenerInput& request) {
  const LoadBalancer owner = require_load_balancer(call, request.load_balancer_arn);
  if (!request.protocol) throw aws::ServiceError("ValidationError", 400, "A listener protocol must be specified");
  if (!request.port) throw aws::ServiceError("ValidationError", 400, "A listener port must be specified");
  check_listener_protocol(request.load_balancer_arn, *request.protocol);
  check_actions(call, request.default_actions);
  check_network_actions(call, *request.protocol, request.default_actions);
  check_association(call, owner, request.default_actions);
  Listener made;
  made.listener_arn = child_arn(call, "listener", request.load_balancer_arn, service.use().random);
  made.load_balancer_arn = request.load_balancer_arn;
  made.port = request.port;
  made.protocol = request.protocol;
  made.default_actions = described(request.default_actions);
  set_security(service, call, made, request.ssl_policy, request.certificates);
  set_alpn_policy(made, request.alpn_policy);
  set_mutual_authentication(call, made, request.mutual_authentication);
  if (const auto known = find_listener_on(call, request.load_balancer_arn, *request.port)) {
    if (is_same(made, *known)) return {.listeners = {*known}};
    throw DuplicateListenerException(fmt::format(
        "A listener already exists on this port for this load balancer '{}'", request.load_balancer_arn));
  }
  require_room_for_listener(call, request.load_balancer_arn);
  insert(call, made,
         {.arn = *made.listener_arn, .parent = request.load_balancer_arn, .position = *request.port});
  write_tags(call, *made.listener_arn, request.tags);
  Rule rule;
  rule.rule_arn = child_arn(call, "listener-rule", *made.listener_arn, service.use().random);
  rule.priority = "default";
  rule.is_default = true;
  rule.actions = made.default_actions;
  insert(call, rule, {.arn = *rule.rule_arn, .parent = *made.listener_arn});
  service.changed(call.transaction);
  return {.listeners = {made}};
}

DeleteListenerOutput delete_listener(Service& service, Call& call, const DeleteListenerInput& request) {
  require_listener(call, request.listener_arn);
  delete_listener_record(call, request.listener_arn);
  service.changed(call.transaction);
  return {};
}

DescribeListenersOutput describe_listeners(Service&, Call& call, const DescribeListenersInput& request) {
  DescribeListenersOutput result;
  if (!request.load_balancer_arn && request.listener_arns.empty()) {
    throw aws::ServiceError("ValidationError", 400,
                            "You must specify either listener ARNs or a load balancer ARN");
  }
  if (request.load_balancer_arn) {
    require_load_balancer(call, *request.load_balancer_arn);
    result.listeners = all_where<Listener>(call, "parent = ?3", {*request.load_balancer_arn});
  }
  for (const std::string& arn : request.listener_arns)
    result.listeners.push_back(require_listener(call, arn));
  result.next_marker = take_page(result.listeners, request.page_size, request.marker);
  return result;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyListener.html
ModifyListenerOutput modify_listener(Service& service, Call& call, const ModifyListenerInput& request) {
  Listener listener = require_listener(call, request.listener_arn);
  if (request.protocol) {
    check_listener_protocol(*listener.load_balancer_arn, *request.protocol);
    listener.protocol = request.protocol;
  }
  set_mutual_authentication(call, listener, request.mutual_authentication);
  set_security(service, call, listener, request.ssl_policy, request.certificates);
  set_alpn_policy(listener, request.alpn_policy);
  if (request.port) {
    const auto known = find_listener_on(call, *listener.load_balancer_arn, *request.port);
    if (known && known->listener_arn != listener.listener_arn) {
      throw aws::ServiceError("ValidationError", 400,
                              fmt::format("Listener port '{}' is already in use", *request.port));
    }
    listener.port = request.port;
    call.transaction.run("UPDATE elbv2_resource SET position = ?2 WHERE arn = ?1",
                         {request.listener_arn, int64_t{*request.port}});
  }
  if (request.protocol && request.default_actions.empty()) {
    check_network_actions(call, *listener.protocol, listener.default_actions);
  }
  if (!request.default_actions.empty()) {
    check_actions(call, request.default_actions);
    check_network_actions(call, *listener.protocol, request.default_actions);
    check_association(call, require_load_balancer(call, *listener.load_balancer_arn), request.default_actions);
    listener.default_actions = described(request.default_actions);
    Rule rule = default_rule(call, request.listener_arn);
    rule.actions = listener.default_actions;
    replace(call, *rule.rule_arn, rule);
  }
  replace(call, request.listener_arn, listener);
  service.changed(call.transaction);
  return {.listeners = {listener}};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
CreateRuleOutput create_rule(Service& service, Call& call, const CreateRuleInput& request) {
  const Listener listener = require_listener(call, request.listener_arn);
  if (is_network(request.listener_arn)) {
    throw UnsupportedProtocolException("Listeners of network load balancers have no rules but the default");
  }
  check_conditions(request.conditions);
  check_actions(call, request.actions);
  check_network_actions(call, *listener.protocol, request.actions);
  check_transforms(request.transforms, request.actions);
  check_priority(call, request.listener_arn, request.priority);
  const LoadBalancer owner = require_load_balancer(call, *listener.load_balancer_arn);
  check_association(call, owner, request.actions);
  require_room_for_rule(call, *listener.load_balancer_arn);
  Rule made;
  made.rule_arn = child_arn(call, "listener-rule", request.listener_arn, service.use().random);
  made.priority = std::to_string(request.priority);
  made.conditions = described(request.conditions);
  made.transforms = request.transforms;
  made.actions = described(request.actions);
  made.is_default = false;
  insert(call, made, {.arn = *made.rule_arn, .parent = request.listener_arn, .position = request.priority});
  write_tags(call, *made.rule_arn, request.tags);
  service.changed(call.transaction);
  return {.rules = {made}};
}

DeleteRuleOutput delete_rule(Service& service, Call& call, const DeleteRuleInput& request) {
  if (*require_rule(call, request.rule_arn).is_default) {
    throw OperationNotPermittedException(
        fmt::format("Default rule '{}' cannot be deleted", request.rule_arn));
  }
  delete_record(call, request.rule_arn);
  service.changed(call.transaction);
  return {};
}

DescribeRulesOutput describe_rules(Service&, Call& call, const DescribeRulesInput& request) {
  DescribeRulesOutput result;
  if (request.listener_arn) {
    require_listener(call, *request.listener_arn);
    result.rules = all_where<Rule>(call, "parent = ?3 AND position > 0", {*request.listener_arn});
    result.rules.push_back(default_rule(call, *request.listener_arn));
  } else if (request.rule_arns.empty()) {
    throw aws::ServiceError("ValidationError", 400, "You must specify either rule ARNs or a listener ARN");
  }
  for (const std::string& arn : request.rule_arns) result.rules.push_back(require_rule(call, arn));
  result.next_marker = take_page(result.rules, request.page_size, request.marker);
  return result;
}

ModifyRuleOutput modify_rule(Service& service, Call& call, const ModifyRuleInput& request) {
  Rule rule = require_rule(call, request.rule_arn);
  if (*rule.is_default) {
    throw OperationNotPermittedException(
        fmt::format("Default rule '{}' cannot be modified", request.rule_arn));
  }
  if (!request.conditions.empty()) {
    check_conditions(request.conditions);
    rule.conditions = described(request.conditions);
  }
  if (!request.actions.empty()) {
    check_actions(call, request.actions);
    const Listener listener = require_listener(call, listener_of(call, request.rule_arn));
    check_network_actions(call, *listener.protocol, request.actions);
    check_association(call, require_load_balancer(call, *listener.load_balancer_arn), request.actions);
    rule.actions = described(request.actions);
  }
  if (request.reset_transforms.value_or(false) && !request.transforms.empty()) {
    throw aws::ServiceError("ValidationError", 400, "Transforms cannot be specified and reset at the same time");
  }
  if (request.reset_transforms.value_or(false)) rule.transforms.clear();
  if (!request.transforms.empty()) rule.transforms = request.transforms;
  check_transforms(rule.transforms, rule.actions);
  replace(call, request.rule_arn, rule);
  service.changed(call.transaction);
  return {.rules = {rule}};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html
// Rules may exchange their priorities, so all are given up before any is taken.
SetRulePrioritiesOutput set_rule_priorities(Service& service, Call& call,
                                            const SetRulePrioritiesInput& request) {
  SetRulePrioritiesOutput result;
  for (const RulePriorityPair& each : request.rule_priorities) {
    Rule rule = require_rule(call, each.rule_arn.value_or(""));
    if (*rule.is_default) {
      throw OperationNotPermittedException("The priority of a default rule cannot be changed");
    }
    call.transaction.run("UPDATE elbv2_resource SET position = -1 WHERE arn = ?1", {*rule.rule_arn});
  }
  for (const RulePriorityPair& each : request.rule_priorities) {
    Rule rule = require_rule(call, *each.rule_arn);
    int32_t priority = each.priority.value_or(0);
    check_priority(call, listener_of(call, *each.rule_arn), priority);
    rule.priority = std::to_string(priority);
    call.transaction.run("UPDATE elbv2_resource SET position = ?2 WHERE arn = ?1",
                         {*each.rule_arn, int64_t{priority}});
    replace(call, *each.rule_arn, rule);
    result.rules.push_back(rule);
  }
  service.changed(call.transaction);
  return result;
}

}  // namespace holm::elbv2

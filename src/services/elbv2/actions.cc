// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-update-rules.html

#include "services/elbv2/actions.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "services/elbv2/records.h"

namespace holm::elbv2 {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

void check_forward(Call& call, const Action& action) {
  std::vector<std::string> groups = groups_of({action});
  if (groups.empty() || groups.size() > 5) refuse("A forward action must have between 1 and 5 target groups");
  for (const std::string& arn : groups) require_target_group(call, arn);
  if (!action.forward_config) return;
  for (const TargetGroupTuple& each : action.forward_config->target_groups) {
    int weight = each.weight.value_or(1);
    if (weight < 0 || weight > 999) {
      refuse("The weight for each target group must be between 0 and 999, inclusive");
    }
  }
  const auto& stickiness = action.forward_config->target_group_stickiness_config;
  if (!stickiness || !stickiness->enabled.value_or(false)) return;
  int duration = stickiness->duration_seconds.value_or(0);
  if (duration < 1 || duration > 604800) {
    refuse("The stickiness duration of target groups must be between 1 and 604800 seconds");
  }
}

void check_fixed(const Action& action) {
  if (!action.fixed_response_config) refuse("A fixed-response action must have a FixedResponseConfig");
  const FixedResponseActionConfig& config = *action.fixed_response_config;
  char first = config.status_code.empty() ? '\0' : config.status_code.front();
  bool sound = config.status_code.size() == 3 && parse_integer(config.status_code) &&
               (first == '2' || first == '4' || first == '5');
  if (!sound) refuse("The status code of a fixed response must be 2XX, 4XX or 5XX");
}

void check_redirect(const Action& action) {
  if (!action.redirect_config) refuse("A redirect action must have a RedirectConfig");
  const RedirectActionConfig& config = *action.redirect_config;
  bool changes = config.protocol || config.port || config.host || config.path || config.query;
  if (!changes) {
    throw InvalidLoadBalancerActionException(
        "The redirect configuration is not valid because it creates a loop.");
  }
  if (config.path && !config.path->starts_with('/')) refuse("The path of a redirect must start with '/'");
}

}  // namespace

void check_actions(Call& call, const std::vector<Action>& actions) {
  if (actions.size() != 1) {
    for (const Action& each : actions) {
      if (each.type.starts_with("authenticate-")) throw aws::NotImplemented("Action " + each.type);
    }
    throw InvalidLoadBalancerActionException("A listener or rule must have exactly one routing action");
  }
  const Action& action = actions.front();
  if (action.type == "forward") {
    check_forward(call, action);
  } else if (action.type == "fixed-response") {
    check_fixed(action);
  } else if (action.type == "redirect") {
    check_redirect(action);
  } else {
    throw aws::NotImplemented("Action " + action.type);
  }
}

std::vector<Action> described(std::vector<Action> actions) {
  for (Action& action : actions) {
    if (action.type != "forward") continue;
    if (!action.forward_config) {
      action.forward_config =
          ForwardActionConfig{.target_groups = {{.target_group_arn = action.target_group_arn, .weight = 1}}};
    }
    for (TargetGroupTuple& each : action.forward_config->target_groups) {
      if (!each.weight) each.weight = 1;
    }
    auto& stickiness = action.forward_config->target_group_stickiness_config;
    if (!stickiness || !stickiness->enabled.value_or(false)) {
      stickiness = TargetGroupStickinessConfig{.enabled = false};
    }
    if (action.forward_config->target_groups.size() == 1) {
      action.target_group_arn = action.forward_config->target_groups.front().target_group_arn;
    }
  }
  return actions;
}

balancer::Action to_action(const std::vector<Action>& actions) {
  const Action& action = actions.front();
  if (action.redirect_config && action.type == "redirect") {
    const RedirectActionConfig& config = *action.redirect_config;
    balancer::Redirect redirect;
    redirect.protocol = config.protocol.value_or(redirect.protocol);
    redirect.host = config.host.value_or(redirect.host);
    redirect.port = config.port.value_or(redirect.port);
    redirect.path = config.path.value_or(redirect.path);
    redirect.query = config.query.value_or(redirect.query);
    redirect.status = config.status_code == "HTTP_302" ? 302 : 301;
    return redirect;
  }
  if (action.fixed_response_config && action.type == "fixed-response") {
    const FixedResponseActionConfig& config = *action.fixed_response_config;
    return balancer::FixedResponse{static_cast<int>(*parse_integer(config.status_code)),
                                   config.content_type.value_or("text/plain"),
                                   config.message_body.value_or("")};
  }
  balancer::Forward forward;
  if (action.forward_config) {
    for (const TargetGroupTuple& each : action.forward_config->target_groups) {
      forward.groups.push_back({each.target_group_arn.value_or(""), each.weight.value_or(1)});
    }
    const auto& stickiness = action.forward_config->target_group_stickiness_config;
    if (stickiness && stickiness->enabled.value_or(false)) {
      forward.sticks_for = std::chrono::seconds(stickiness->duration_seconds.value_or(0));
    }
  }
  return forward;
}

}  // namespace holm::elbv2

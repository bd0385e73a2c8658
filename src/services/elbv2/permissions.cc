// Whatever is not in the table is about all resources.

#include "services/elbv2/permissions.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "elbv2/handlers.h"

namespace holm::elbv2 {

namespace {

// The ARNs that a request is about.
using Resources = std::vector<std::string> (*)(const void* input, const aws::Call& call);

template <class Input, std::string Input::* member>
std::vector<std::string> one(const void* input, const aws::Call&) {
  return {static_cast<const Input*>(input)->*member};
}
template <class Input>
std::vector<std::string> tagged(const void* input, const aws::Call&) {
  return static_cast<const Input*>(input)->resource_arns;
}

// What is yet to be made has no number.
std::vector<std::string> new_load_balancer(const void* input, const aws::Call& call) {
  const auto& request = *static_cast<const CreateLoadBalancerInput*>(input);
  const std::string_view kind = request.type == "network" ? "net" : "app";
  return {aws::arn("elasticloadbalancing", call, fmt::format("loadbalancer/{}/{}/*", kind, request.name))};
}
template <class Input>
std::vector<std::string> fresh(const void* input, const aws::Call& call, std::string_view kind) {
  const auto& request = *static_cast<const Input*>(input);
  return {aws::arn("elasticloadbalancing", call, fmt::format("{}/{}/*", kind, request.name))};
}
std::vector<std::string> new_target_group(const void* input, const aws::Call& call) {
  return fresh<CreateTargetGroupInput>(input, call, "targetgroup");
}
std::vector<std::string> new_trust_store(const void* input, const aws::Call& call) {
  return fresh<CreateTrustStoreInput>(input, call, "truststore");
}
std::vector<std::string> prioritised(const void* input, const aws::Call&) {
  std::vector<std::string> arns;
  for (const RulePriorityPair& each : static_cast<const SetRulePrioritiesInput*>(input)->rule_priorities) {
    arns.push_back(each.rule_arn.value_or(""));
  }
  return arns;
}

struct Permission {
  std::string_view operation;
  Resources resources;
};

constexpr Permission kPermissions[] = {
    {"CreateLoadBalancer", new_load_balancer},
    {"CreateTargetGroup", new_target_group},
    {"CreateTrustStore", new_trust_store},
    {"SetRulePriorities", prioritised},
    {"AddTags", tagged<AddTagsInput>},
    {"RemoveTags", tagged<RemoveTagsInput>},
    {"DeleteLoadBalancer",
     one<DeleteLoadBalancerInput, &DeleteLoadBalancerInput::load_balancer_arn>},
    {"ModifyLoadBalancerAttributes",
     one<ModifyLoadBalancerAttributesInput, &ModifyLoadBalancerAttributesInput::load_balancer_arn>},
    {"SetSecurityGroups", one<SetSecurityGroupsInput, &SetSecurityGroupsInput::load_balancer_arn>},
    {"SetSubnets", one<SetSubnetsInput, &SetSubnetsInput::load_balancer_arn>},
    {"SetIpAddressType", one<SetIpAddressTypeInput, &SetIpAddressTypeInput::load_balancer_arn>},
    {"DeleteTargetGroup", one<DeleteTargetGroupInput, &DeleteTargetGroupInput::target_group_arn>},
    {"ModifyTargetGroup", one<ModifyTargetGroupInput, &ModifyTargetGroupInput::target_group_arn>},
    {"ModifyTargetGroupAttributes",
     one<ModifyTargetGroupAttributesInput, &ModifyTargetGroupAttributesInput::target_group_arn>},
    {"RegisterTargets", one<RegisterTargetsInput, &RegisterTargetsInput::target_group_arn>},
    {"DeregisterTargets", one<DeregisterTargetsInput, &DeregisterTargetsInput::target_group_arn>},
    {"CreateListener", one<CreateListenerInput, &CreateListenerInput::load_balancer_arn>},
    {"DeleteListener", one<DeleteListenerInput, &DeleteListenerInput::listener_arn>},
    {"ModifyListener", one<ModifyListenerInput, &ModifyListenerInput::listener_arn>},
    {"ModifyListenerAttributes",
     one<ModifyListenerAttributesInput, &ModifyListenerAttributesInput::listener_arn>},
    {"AddListenerCertificates",
     one<AddListenerCertificatesInput, &AddListenerCertificatesInput::listener_arn>},
    {"RemoveListenerCertificates",
     one<RemoveListenerCertificatesInput, &RemoveListenerCertificatesInput::listener_arn>},
    {"CreateRule", one<CreateRuleInput, &CreateRuleInput::listener_arn>},
    {"DeleteRule", one<DeleteRuleInput, &DeleteRuleInput::rule_arn>},
    {"ModifyRule", one<ModifyRuleInput, &ModifyRuleInput::rule_arn>},
    {"DeleteTrustStore", one<DeleteTrustStoreInput, &DeleteTrustStoreInput::trust_store_arn>},
    {"ModifyTrustStore", one<ModifyTrustStoreInput, &ModifyTrustStoreInput::trust_store_arn>},
    {"AddTrustStoreRevocations",
     one<AddTrustStoreRevocationsInput, &AddTrustStoreRevocationsInput::trust_store_arn>},
    {"RemoveTrustStoreRevocations",
     one<RemoveTrustStoreRevocationsInput, &RemoveTrustStoreRevocationsInput::trust_store_arn>},
};

}  // namespace

std::vector<aws::Access> needed_access(const aws::Operation& operation, const void* input, const aws::Call& call) {
  const std::string action = fmt::format("elasticloadbalancing:{}", operation.name);
  std::vector<aws::Access> needed;
  for (const Permission& each : kPermissions) {
    if (each.operation != operation.name) continue;
    for (std::string& arn : each.resources(input, call)) {
      needed.push_back({.action = action, .resource = std::move(arn)});
    }
  }
  if (needed.empty()) needed.push_back({.action = action, .resource = "*"});
  return needed;
}

}  // namespace holm::elbv2

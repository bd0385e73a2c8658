// Conditions and transforms of rules: checked, and in the balancer's terms.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
#pragma once

#include <vector>

#include "dataplane/balancer/config.h"
#include "elbv2/handlers.h"

namespace holm::elbv2 {

// Throw what AWS throws.
void check_conditions(const std::vector<RuleCondition>& conditions);
void check_transforms(const std::vector<RuleTransform>& transforms, const std::vector<Action>& actions);

// As they are described: the values of hosts and paths have both their places.
std::vector<RuleCondition> described(std::vector<RuleCondition> conditions);

// Of what was checked.
std::vector<balancer::Condition> to_conditions(const std::vector<RuleCondition>& conditions);
void set_rewrites(balancer::Rule& rule, const std::vector<RuleTransform>& transforms);

}  // namespace holm::elbv2

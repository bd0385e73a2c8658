// Functions as targets: who may be one, and how the balancer's calls reach Lambda.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
#pragma once

#include <string>

#include "balancing/dependencies.h"
#include "dataplane/balancer/functions.h"
#include "elbv2/handlers.h"

namespace holm::elbv2 {

inline constexpr char kFunctionType[] = "lambda";

// Throws unless `arn` is of a function here that lets load balancers call it on behalf of the group.
void require_function_target(Call& call, const std::string& group_arn, const std::string& arn);

// `use` outlives it.
balancer::FunctionCaller function_caller(balancing::Dependencies& use);

}  // namespace holm::elbv2

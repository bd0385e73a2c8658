// A function's own policy says who may call it; it is asked when the function is registered and at each call.

#include "services/elbv2/function_targets.h"

#include <fmt/format.h>

#include "aws/policy/service_access.h"
#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "base/log.h"
#include "base/strings.h"
#include "lambda/operations.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

using balancer::FunctionAnswer;
using balancer::FunctionFailure;

constexpr char kInvokeAction[] = "lambda:InvokeFunction";

// By the code before the colon.
FunctionFailure failure_of(std::string_view refusal) {
  if (refusal.starts_with("AccessDenied")) return FunctionFailure::AccessDenied;
  if (refusal.starts_with("ResourceNotFound")) return FunctionFailure::NotFound;
  if (refusal.starts_with("TooManyRequests")) return FunctionFailure::Throttled;
  return FunctionFailure::Service;
}

async::Task<void> invoke(Dependencies& use, async::Reactor& reactor, const balancer::FunctionCall& call,
                         lambda::InvocationResponse& response) {
  // arn:aws:elasticloadbalancing:region:account:targetgroup/…
  const auto parts = split(call.group_arn, ':');
  aws::Caller caller = use.region.caller(std::string(parts[4]), std::string(parts[3]), kPrincipal);
  // Functions permit it by aws:SourceArn.
  caller.principal.arn = call.group_arn;
  lambda::InvocationRequest request{.function_name = call.function_arn, .payload = call.event};
  response = co_await use.region.call_waiting<lambda::Invoke>(reactor, std::move(caller), std::move(request));
}

async::Task<FunctionAnswer> call_function(Dependencies& use, async::Reactor& reactor,
                                          balancer::FunctionCall call) {
  lambda::InvocationResponse response;
  const auto refusal = co_await aws::attempt_waiting(invoke(use, reactor, call, response));
  FunctionAnswer answer;
  if (refusal) {
    log::info(fmt::format("a load balancer could not call {}: {}", call.function_arn, *refusal));
    answer.failure = failure_of(*refusal);
  } else if (response.function_error) {
    answer.failure = FunctionFailure::Unhandled;
  } else {
    answer.text = std::move(response.payload).value_or("");
  }
  co_return answer;
}

}  // namespace

void require_function_target(Call& call, const std::string& group_arn, const std::string& arn) {
  if (!arn.starts_with(aws::arn("lambda", call, "function:"))) {
    throw InvalidTargetException(fmt::format(
        "The following targets are not ARNs of functions of this account and region: '{}'", arn));
  }
  std::string policy;
  // One that does not exist lets nobody call it either; AWS tells no difference.
  (void)aws::attempt([&] {
    const aws::Principal own = aws::service_principal(kPrincipal, call.account);
    policy = call.client.call<lambda::GetPolicy>(call, own, {.function_name = arn}).policy.value_or("");
  });
  const aws::policy::ServiceRequest request{.service = kPrincipal,
                                            .source_account = call.account,
                                            .source_arn = group_arn,
                                            .action = kInvokeAction,
                                            .resource = arn,
                                            .resource_account = call.account};
  if (aws::policy::allows_service(policy, request)) return;
  throw aws::AccessDenied(fmt::format(
      "elasticloadbalancing principal does not have permission to invoke {} from target group {}", arn,
      group_arn));
}

balancer::FunctionCaller function_caller(Dependencies& use) {
  return [&use](async::Reactor& reactor, balancer::FunctionCall call) {
    return call_function(use, reactor, std::move(call));
  };
}

}  // namespace holm::elbv2

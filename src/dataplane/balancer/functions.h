// Functions as targets: how a balancer calls one. Who carries the calls out is not its business.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "async/reactor.h"
#include "async/task.h"

namespace holm::balancer {

struct FunctionCall {
  std::string group_arn;  // On whose behalf.
  std::string function_arn;
  std::string event;  // JSON.
};

// Why a function gave no answer that can be passed on.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#error-reason-codes
enum class FunctionFailure : uint8_t {
  None,
  AccessDenied,
  NotFound,
  Throttled,
  Unhandled,  // It failed, or ran out of its time.
  Service,
  InvalidAnswer,
  AnswerTooLarge,
};

struct FunctionAnswer {
  FunctionFailure failure = FunctionFailure::None;
  std::string text;  // JSON, if there was no failure.
};

// Called on any reactor, where the task is awaited, too. Throws nothing that concerns the function.
using FunctionCaller = std::function<async::Task<FunctionAnswer>(async::Reactor& reactor, FunctionCall call)>;

}  // namespace holm::balancer

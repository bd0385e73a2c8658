// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html

#include "dataplane/balancer/function_passage.h"

#include <utility>

#include "base/log.h"
#include "dataplane/balancer/forwarded_head.h"
#include "dataplane/balancer/function_event.h"
#include "dataplane/balancer/request_guards.h"

namespace holm::balancer {

namespace {

std::string_view reason_of(FunctionFailure failure) {
  switch (failure) {
    case FunctionFailure::None: return "";
    case FunctionFailure::AccessDenied: return "LambdaAccessDenied";
    case FunctionFailure::NotFound: return "LambdaResourceNotFound";
    case FunctionFailure::Throttled: return "LambdaThrottling";
    case FunctionFailure::Unhandled: return "LambdaUnhandled";
    case FunctionFailure::Service: return "LambdaServiceException";
    case FunctionFailure::InvalidAnswer: return "LambdaInvalidResponse";
    case FunctionFailure::AnswerTooLarge: return "LambdaResponseTooLarge";
  }
  return "";
}

bool is_of_the_function(FunctionFailure failure) {
  return failure != FunctionFailure::Throttled && failure != FunctionFailure::Service;
}

}  // namespace

async::Task<void> FunctionPassage::fail(FunctionFailure failure) {
  GroupCounters& counters = context_.group.state->counters;
  count(is_of_the_function(failure) ? counters.function_user_errors : counters.function_internal_errors);
  context_.story.error_reason = reason_of(failure);
  co_await context_.respond_error(502);
}

async::Task<void> FunctionPassage::run() {
  constexpr int kTooLarge = 413;
  Completion completion(context_.counters.clients_gone);
  const std::vector<const RoutedTarget*> none;
  const Draw draw{context_.exchange.reactor().clock().steady(), context_.random.number()};
  const RoutedTarget* target = choose_target(context_.group, none, draw);
  int refusal = 0;
  if (!target) refusal = 503;
  // A function cannot hold a conversation.
  if (wants_upgrade(context_.exchange.request())) refusal = 400;
  std::string body;
  if (refusal == 0) {
    auto read = co_await async::read_all(context_.exchange.body(), kFunctionBodyMax);
    if (read) body = std::move(*read);
    if (!read) refusal = kTooLarge;
  }
  if (refusal == kTooLarge) count(context_.group.state->counters.function_user_errors);
  if (refusal != 0) {
    co_await context_.respond_error(refusal);
    completion.complete();
    co_return;
  }
  count(context_.group.state->counters.requests);
  const InFlight in_flight(*target->state);
  FunctionAnswer got = co_await ask(*target, std::move(body));
  co_await answer(std::move(got));
  completion.complete();
}

async::Task<FunctionAnswer> FunctionPassage::ask(const RoutedTarget& target, std::string body) {
  const Clock& clock = context_.exchange.reactor().clock();
  const TargetGroup& group = *context_.group.settings;
  context_.counters.function_bytes.fetch_add(body.size(), std::memory_order_relaxed);
  const RequestHead head = context_.request_head(body.size());
  FunctionCall call{.group_arn = group.arn,
                    .function_arn = target.settings->id,
                    .event = function_event(head, body, group.arn, *group.functions)};
  const SteadyTime sent_at = clock.steady();
  context_.story.sent_at = sent_at;
  FunctionAnswer got = co_await call_(context_.exchange.reactor(), std::move(call));
  context_.story.answered_at = clock.steady();
  context_.group.state->counters.target_response_time.add(*context_.story.answered_at - sent_at);
  if (got.failure == FunctionFailure::None && got.text.size() > kFunctionAnswerMax) {
    got.failure = FunctionFailure::AnswerTooLarge;
  }
  co_return got;
}

async::Task<void> FunctionPassage::answer(FunctionAnswer answer) {
  if (answer.failure != FunctionFailure::None) {
    co_await fail(answer.failure);
    co_return;
  }
  Result<http::Response> response = read_function_answer(answer.text, *context_.group.settings->functions);
  if (!response) {
    log::info("the answer of a function to a load balancer is no response: " + response.error().message);
    co_await fail(FunctionFailure::InvalidAnswer);
    co_return;
  }
  context_.counters.function_bytes.fetch_add(response->body.size(), std::memory_order_relaxed);
  context_.story.status = context_.story.target_status = response->status;
  count_status(context_.group.state->counters.target_statuses, response->status);
  finish_target_headers(response->headers, context_.listener);
  add_group_cookie(context_, response->headers);
  co_await context_.exchange.respond(std::move(*response));
}

}  // namespace holm::balancer

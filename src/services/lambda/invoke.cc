// Invoking functions.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

#include <fmt/format.h>

#include "async/wakeup.h"
#include "aws/service/region.h"
#include "base/random.h"
#include "base/strings.h"
#include "formats/json.h"
#include "lambda/handlers.h"
#include "services/lambda/events.h"
#include "services/lambda/fleet.h"
#include "services/lambda/invocations.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr size_t kPayloadBytesMax = 6'291'456;
constexpr size_t kEventBytesMax = 262'144;
constexpr async::Duration kAnswerMax{std::chrono::minutes(30)};

void check_payload(const std::string& payload, size_t bytes_max) {
  if (payload.size() > bytes_max) {
    throw RequestTooLargeException(
        fmt::format("{} byte payload is too large for the Event invocation type (limit {} bytes)",
                    payload.size(), bytes_max));
  }
  if (payload.empty()) return;
  if (auto parsed = formats::parse_json(payload); !parsed) {
    throw InvalidRequestContentException("Could not parse request body into json: " +
                                         parsed.error().describe());
  }
}

InvocationResponse response_of(const Target& target, InvocationResult result) {
  if (result.kind == InvocationResult::Kind::Throttled) {
    throw TooManyRequestsException("Rate Exceeded.")
        .with("Reason", target.reserved ? "ReservedFunctionConcurrentInvocationLimitExceeded"
                                        : "ConcurrentInvocationLimitExceeded")
        .with("Type", "User");
  }
  if (result.kind == InvocationResult::Kind::NotStarted) {
    throw ServiceException("The function could not be started: " + result.payload);
  }
  InvocationResponse response{
      .status_code = 200, .payload = std::move(result.payload), .executed_version = target.version};
  if (!result.error.empty()) response.function_error = result.error;
  if (!result.log_tail.empty()) response.log_result = base64_encode(result.log_tail);
  return response;
}

}  // namespace

std::shared_ptr<const Target> require_target(Service& service, Call& call, const FunctionId& id) {
  const VersionRow row = require_version(call, id);
  const std::string status = row.configuration.state.value_or("");
  if (status != state::kActive) {
    throw ResourceConflictException(
        "The operation cannot be performed at this time. The function is currently in the"
        " following state: " +
        status);
  }
  auto target = std::make_shared<Target>(*target_of(service, row, id));
  auto sum = call.transaction.find(
      "SELECT coalesce(sum(reserved), 0) FROM lambda_function WHERE"
      " account = ?1 AND region = ?2",
      {id.account, id.region});
  target->unreserved = kAccountConcurrency - sum->integer(0);
  return target;
}

async::Task<InvocationResponse> invoke(Service& service, LongCall call, InvocationRequest request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  const std::string type = request.invocation_type.value_or("RequestResponse");
  const std::string payload = request.payload.value_or("");
  check_payload(payload, type == invocation_type::kEvent ? kEventBytesMax : kPayloadBytesMax);
  const std::string context = base64_decode(request.client_context.value_or("")).value_or("");
  const aws::Caller caller = call;
  if (type == invocation_type::kEvent) {
    std::function<void(Call&)> keep = [&](Call& inner) {
      require_target(service, inner, id);
      service.events().add(inner, id, payload);
    };
    co_await call.client.transact_on_worker(call.reactor, caller, sql::Access::Write, keep);
    co_return InvocationResponse{.status_code = 202};
  }
  std::shared_ptr<const Target> target;
  std::function<void(Call&)> look = [&](Call& inner) { target = require_target(service, inner, id); };
  co_await call.client.transact_on_worker(call.reactor, caller, sql::Access::Read, look);
  if (type == invocation_type::kDryRun) co_return InvocationResponse{.status_code = 204};

  async::Wakeup wakeup(call.reactor);
  auto result = std::make_shared<std::optional<InvocationResult>>();
  Invocation invocation{.request_id = call.request_id,
                        .payload = payload.empty() ? "{}" : payload,
                        .invoked_arn = id.arn(),
                        .client_context = context};
  if (request.log_type.value_or("None") == log_type::kTail) invocation.tail = Invocation::Tail::Yes;
  invocation.done = [result, notifier = wakeup.notifier()](InvocationResult answer) {
    *result = std::move(answer);
    notifier.notify();
  };
  service.fleet().submit(target, std::move(invocation));
  co_await wakeup.wait(kAnswerMax);
  if (!*result) throw ServiceException("The function's environment was lost.");
  co_return response_of(*target, std::move(**result));
}

}  // namespace holm::lambda

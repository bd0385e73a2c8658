// The queue of asynchronous invocations.

#include "services/lambda/events.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/random.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "services/lambda/fleet.h"
#include "services/lambda/invocations.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr char kJob[] = "lambda.event";
constexpr std::chrono::seconds kThrottleDelayMin{1};
constexpr std::chrono::minutes kThrottleDelayMax{5};

// One minute before the second attempt, two before the third.
Time after_failure(Time now, int64_t attempts) { return now + std::chrono::minutes(attempts); }

Time after_throttle(Time now, int64_t throttles) {
  const auto delay = kThrottleDelayMin * (int64_t{1} << std::min<int64_t>(throttles, 10));
  return now + std::min<std::chrono::seconds>(delay, kThrottleDelayMax);
}

}  // namespace

void Events::schedule(Call& call, const std::string& event_id, Time due) {
  service_.use().jobs.schedule(call.transaction, {.kind = kJob, .key = event_id}, due);
}

void Events::add(Call& call, const FunctionId& id, const std::string& payload) {
  const std::string event_id = service_.use().random.uuid();
  call.transaction.run(
      "INSERT INTO lambda_event (id, account, region, name, qualifier, payload, received, due)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
      {event_id, id.account, id.region, id.name, id.qualifier, sql::Blob{payload},
       to_milliseconds(call.now)});
  schedule(call, event_id, call.now);
}

void Events::start() {
  service_.use().jobs.handle(kJob, [this](const jobs::Job& job) {
    run(job.key);
    return jobs::done();
  });
  const aws::Caller caller = service_.use().region.caller("", "", "lambda.amazonaws.com");
  service_.use().region.transact(caller, sql::Access::Write, [&](Call& call) {
    for (const sql::Row& row : call.transaction.run("SELECT id, due FROM lambda_event")) {
      schedule(call, row.text(0), from_milliseconds(row.integer(1)));
    }
  });
}

std::optional<Events::Event> Events::find(Call& call, const std::string& event_id) {
  auto row = call.transaction.find(
      "SELECT id, account, region, name, qualifier, payload, received, attempt, throttles"
      " FROM lambda_event WHERE id = ?1",
      {event_id});
  if (!row) return std::nullopt;
  return Event{.id = row->text(0),
               .function = {row->text(1), row->text(2), row->text(3), row->text(4)},
               .payload = row->blob(5),
               .received = from_milliseconds(row->integer(6)),
               .attempt = row->integer(7),
               .throttles = row->integer(8)};
}

Events::Policy Events::policy_of(Call& call, const FunctionId& id) {
  Policy policy;
  auto row = call.transaction.find(
      "SELECT retries, age_seconds, on_success, on_failure FROM lambda_event_config WHERE"
      " account = ?1 AND region = ?2 AND name = ?3 AND qualifier = ?4",
      {id.account, id.region, id.name, id.qualifier == kLatest ? "" : id.qualifier});
  if (!row) return policy;
  policy.retries = row->optional_integer(0).value_or(policy.retries);
  if (auto age = row->optional_integer(1)) policy.age_max = std::chrono::seconds(*age);
  policy.on_success = row->optional_text(2).value_or("");
  policy.on_failure = row->optional_text(3).value_or("");
  return policy;
}

void Events::run(const std::string& event_id) {
  aws::Region& region = service_.use().region;
  std::optional<Event> event;
  std::shared_ptr<const Target> target;
  const aws::Caller caller = region.caller("", "", "lambda.amazonaws.com");
  region.transact(caller, sql::Access::Write, [&](Call& call) {
    event = find(call, event_id);
    if (!event) return;
    const Policy policy = policy_of(call, event->function);
    if (call.now - event->received > policy.age_max) {
      give_up(call, *event, policy, "EventAgeExceeded", {});
      event.reset();
      return;
    }
    auto row = find_version(call, event->function);
    if (row && row->configuration.state == state::kActive) {
      target = require_target(service_, call, event->function);
    } else {
      // Its function is gone, or was never ready.
      give_up(call, *event, policy, "RetriesExhausted", {});
      event.reset();
    }
  });
  if (!event) return;
  Invocation invocation{.request_id = event->id,
                        .payload = event->payload.empty() ? "{}" : event->payload,
                        .invoked_arn = event->function.arn()};
  invocation.done = [this, event_id](InvocationResult result) {
    auto shared = std::make_shared<InvocationResult>(std::move(result));
    auto work = [this, event_id, shared] { ended(event_id, *shared); };
    // It stays in the queue, so nothing is lost but the time until the next start.
    if (!service_.fleet().workers().try_post(work)) log::warning("too many events end at once");
  };
  service_.fleet().submit(target, std::move(invocation));
}

void Events::ended(const std::string& event_id, const InvocationResult& result) {
  aws::Region& region = service_.use().region;
  const aws::Caller caller = region.caller("", "", "lambda.amazonaws.com");
  region.transact(caller, sql::Access::Write, [&](Call& call) {
    auto event = find(call, event_id);
    if (!event) return;
    const Policy policy = policy_of(call, event->function);
    if (result.kind == InvocationResult::Kind::Answered && result.error.empty()) {
      send(call, *event, policy.on_success, "Success", result);
      call.transaction.run("DELETE FROM lambda_event WHERE id = ?1", {event_id});
      return;
    }
    // Throttles and failures of Lambda itself do not count as attempts.
    const bool is_ours = result.kind != InvocationResult::Kind::Answered;
    if (!is_ours && ++event->attempt > policy.retries) {
      give_up(call, *event, policy, "RetriesExhausted", result);
      return;
    }
    if (is_ours) ++event->throttles;
    const Time due =
        is_ours ? after_throttle(call.now, event->throttles) : after_failure(call.now, event->attempt);
    call.transaction.run("UPDATE lambda_event SET attempt = ?2, throttles = ?3, due = ?4 WHERE id = ?1",
                         {event_id, event->attempt, event->throttles, to_milliseconds(due)});
    schedule(call, event_id, due);
  });
}

void Events::give_up(Call& call, const Event& event, const Policy& policy, std::string_view condition,
                     const InvocationResult& result) {
  send(call, event, policy.on_failure, condition, result);
  call.transaction.run("DELETE FROM lambda_event WHERE id = ?1", {event.id});
}

// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
void Events::send(Call& call, const Event& event, const std::string& destination, std::string_view condition,
                  const InvocationResult& result) {
  if (destination.empty()) return;
  Call as_owner = call;
  as_owner.account = event.function.account;
  as_owner.region = event.function.region;
  const FunctionId to = function_id(as_owner, destination);
  if (!find_version(call, to)) {
    log::warning(fmt::format("{}: its destination {} is gone", event.function.arn(), destination));
    return;
  }
  formats::Object context;
  context.append("requestId", event.id);
  context.append("functionArn", event.function.unqualified_arn() + ":" +
                                    (event.function.qualifier.empty() ? kLatest : event.function.qualifier));
  context.append("condition", condition);
  context.append(
      "approximateInvokeCount",
      std::max<int64_t>(event.attempt, condition == "Success" ? event.attempt + 1 : event.attempt));
  formats::Object answer;
  answer.append("statusCode", 200);
  answer.append("executedVersion", kLatest);
  if (!result.error.empty()) answer.append("functionError", result.error);
  formats::Object record;
  record.append("version", "1.0");
  record.append("timestamp", iso8601_milliseconds(call.now));
  record.append("requestContext", std::move(context));
  auto payload = formats::parse_json(event.payload);
  record.append("requestPayload", payload ? std::move(*payload) : formats::Value());
  if (result.kind == InvocationResult::Kind::Answered && condition != "EventAgeExceeded") {
    record.append("responseContext", std::move(answer));
    auto said = formats::parse_json(result.payload);
    record.append("responsePayload", said ? std::move(*said) : formats::Value(result.payload));
  }
  add(call, to, formats::write_json(formats::Value(std::move(record))));
}

}  // namespace holm::lambda

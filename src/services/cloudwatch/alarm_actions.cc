// Actions: topics and functions are told, scaling policies called, instances stopped, rebooted and
// terminated.

#include "services/cloudwatch/alarm_actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/service/attempt.h"
#include "aws/service/events.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "ec2/operations.h"
#include "formats/json.h"
#include "lambda/operations.h"
#include "services/cloudwatch/alarm_messages.h"
#include "services/cloudwatch/service.h"
#include "sns/operations.h"

namespace holm::cloudwatch {

namespace {

using formats::Object;
using formats::Value;

constexpr int kAttemptsMax = 4;
// Functions permit this one to invoke them, EC2's actions are taken for the account itself.
constexpr char kLambdaPrincipal[] = "lambda.alarms.cloudwatch.amazonaws.com";
constexpr char kPrincipal[] = "cloudwatch.amazonaws.com";
constexpr std::array<std::string_view, 4> kInstanceActions = {"reboot", "recover", "stop", "terminate"};

// "arn:aws:lambda:r:a:function:name" in its parts, the resource whole.
struct Arn {
  std::string_view service, region, account, resource;
};

std::optional<Arn> parse_arn(std::string_view text) {
  std::array<std::string_view, 5> parts;
  for (std::string_view& part : parts) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || parts[1] != "aws" || parts[2].empty() || text.empty()) return std::nullopt;
  return Arn{parts[2], parts[3], parts[4], text};
}

[[noreturn]] void throw_invalid(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

std::optional<std::string> instance_of(const PutMetricAlarmInput& definition) {
  auto of = [](const std::vector<Dimension>& dimensions) -> std::optional<std::string> {
    auto found = std::ranges::find(dimensions, "InstanceId", &Dimension::name);
    return found == dimensions.end() ? std::nullopt : std::optional(found->value);
  };
  return of(definition.dimensions);
}

void require_instance_action(const PutMetricAlarmInput& definition, const std::string& action,
                             std::string_view verb) {
  if (std::ranges::find(kInstanceActions, verb) == kInstanceActions.end()) {
    throw aws::NotImplemented("The alarm action " + action);
  }
  if (!instance_of(definition)) {
    throw_invalid(
        fmt::format("The action {} needs an alarm whose metric has the dimension InstanceId.", action));
  }
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
  if (verb == "recover" &&
      (definition.metric_name != "StatusCheckFailed_System" || definition.namespace_ != "AWS/EC2")) {
    throw_invalid(fmt::format(
        "The action {} can be used only with the metric StatusCheckFailed_System of AWS/EC2.", action));
  }
}

const std::vector<std::string>& actions_of(const PutMetricAlarmInput& definition, AlarmState state) {
  if (state == AlarmState::Ok) return definition.ok_actions;
  return state == AlarmState::Alarm ? definition.alarm_actions : definition.insufficient_data_actions;
}

struct Action {
  std::string account, region, alarm, arn, instance, message, subject;
};

std::string payload_of(const Action& action) {
  Object payload;
  payload.set("account", action.account);
  payload.set("region", action.region);
  payload.set("alarm", action.alarm);
  payload.set("arn", action.arn);
  payload.set("instance", action.instance);
  payload.set("message", action.message);
  payload.set("subject", action.subject);
  return formats::write_json(payload);
}

Action action_of(const std::string& payload) {
  const auto parsed = formats::parse_json(payload);
  CHECK(parsed.has_value());
  // Another version of the program may have stored the job.
  auto member = [&](std::string_view name) {
    const Value* found = parsed->find(name);
    return found && found->as_string() ? *found->as_string() : std::string();
  };
  return {member("account"),  member("region"),  member("alarm"),  member("arn"),
          member("instance"), member("message"), member("subject")};
}

// What it calls for: functions and topics permit it by aws:SourceArn.
std::string arn_of_alarm(const Action& action) {
  return fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", action.region, action.account, action.alarm);
}

void invoke_function(aws::Region& region, const Action& action) {
  aws::Caller caller = region.caller(action.account, action.region, kLambdaPrincipal);
  caller.principal.arn = arn_of_alarm(action);
  lambda::InvocationRequest request{
      .function_name = action.arn, .invocation_type = "Event", .payload = action.message};
  region.call_blocking<lambda::Invoke>(std::move(caller), std::move(request));
}

// The instance begins anew on another part of the machine, with its disks and addresses and in its zone. A
// system fails here when its zone does; before that is back there is nothing to begin on.
void recover(Call& call, const std::string& instance) {
  const auto told =
      call.client.call<ec2::DescribeInstanceStatus>(call, call.principal, {.instance_ids = {instance}});
  if (told.instance_statuses.empty()) {
    throw aws::ServiceError(
        "IncorrectInstanceState", 400,
        fmt::format("The instance {} does not run, so it cannot be recovered.", instance));
  }
  const ec2::InstanceStatus& status = told.instance_statuses.front();
  if (status.system_status && status.system_status->status == "impaired") {
    throw aws::ServiceError("InsufficientInstanceCapacity", 500,
                            fmt::format("The instance {} cannot be recovered while its zone {} fails.",
                                        instance, status.availability_zone.value_or("")));
  }
  call.client.call<ec2::RebootInstances>(call, call.principal, {.instance_ids = {instance}});
}

void act_on_instance(aws::Region& region, const Action& action, std::string_view verb) {
  const aws::Caller caller = region.caller(action.account, action.region, kPrincipal);
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    const std::vector<std::string> ids = {action.instance};
    if (verb == "stop") call.client.call<ec2::StopInstances>(call, call.principal, {.instance_ids = ids});
    if (verb == "recover") recover(call, action.instance);
    if (verb == "reboot") call.client.call<ec2::RebootInstances>(call, call.principal, {.instance_ids = ids});
    if (verb == "terminate")
      call.client.call<ec2::TerminateInstances>(call, call.principal, {.instance_ids = ids});
  });
}

void publish(aws::Region& region, const Action& action) {
  aws::Caller caller = region.caller(action.account, action.region, kPrincipal);
  caller.principal.arn = arn_of_alarm(action);
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.client.call<sns::Publish>(
        call, call.principal,
        {.topic_arn = action.arn, .message = action.message, .subject = action.subject});
  });
}

void scale(Service& service, const Action& action) {
  aws::Region& region = service.use().region;
  const aws::Caller caller = region.caller(action.account, action.region, kPrincipal);
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    service.use().events.publish(call.transaction,
                                 {kScalingEvent, action.account, action.region, action.arn, action.message});
  });
}

void perform(Service& service, const Action& action) {
  const auto arn = parse_arn(action.arn);
  CHECK(arn.has_value());
  if (arn->service == "lambda") invoke_function(service.use().region, action);
  else if (arn->service == "sns") publish(service.use().region, action);
  else if (arn->service == "autoscaling") scale(service, action);
  else act_on_instance(service.use().region, action, arn->resource);
}

void schedule(Service& service, Call& call, const AlarmRow& after, const std::string& arn,
              std::string message) {
  const Action action{
      after.account,      after.region,        after.name, arn, instance_of(after.definition).value_or(""),
      std::move(message), topic_subject(after)};
  service.use().jobs.schedule(
      call.transaction,
      {.kind = kActionJob, .key = service.use().random.uuid(), .payload = payload_of(action)}, call.now);
}

bool is_scaling(const std::string& action) {
  const auto arn = parse_arn(action);
  return arn && arn->service == "autoscaling";
}

std::string message_for(const std::string& action, const AlarmRow& before, const AlarmRow& after) {
  if (is_scaling(action)) return scaling_message(after);
  const auto arn = parse_arn(action);
  return arn && arn->service == "sns" ? topic_message(before, after) : function_message(before, after);
}

// What a resource of the service is called, and in the words of the error.
struct Callee {
  std::string_view service, resource, words;
};
constexpr std::array<Callee, 3> kCallees = {{{"lambda", "function:", "function"},
                                             {"sns", "", "topic"},
                                             {"autoscaling", "scalingPolicy:", "scaling policy"}}};

}  // namespace

void require_action(Service& service, const aws::Caller& caller, const PutMetricAlarmInput& definition,
                    const std::string& action) {
  auto arn = parse_arn(action);
  if (!arn) throw_invalid("Invalid arn syntax: " + action);
  // arn:aws:automate:us-east-1:ec2:stop: where others have the account, this has the service.
  if (arn->service == "automate" && arn->account == "ec2") {
    return require_instance_action(definition, action, arn->resource);
  }
  const auto callee = std::ranges::find(kCallees, arn->service, &Callee::service);
  const bool is_heard = !is_scaling(action) || service.use().events.has_listener(kScalingEvent);
  if (callee == kCallees.end() || !is_heard) throw aws::NotImplemented("The alarm action " + action);
  if (arn->region != caller.region || arn->account != caller.account ||
      !arn->resource.starts_with(callee->resource)) {
    throw_invalid(
        fmt::format("The action {} is not a {} of this account and region.", action, callee->words));
  }
}

void schedule_actions(Service& service, Call& call, const AlarmRow& before, const AlarmRow& after) {
  if (!after.definition.actions_enabled.value_or(true)) return;
  for (const std::string& arn : actions_of(after.definition, after.state)) {
    schedule(service, call, after, arn, message_for(arn, before, after));
  }
}

bool calls_scaling_policies(const AlarmRow& row) {
  return row.definition.actions_enabled.value_or(true) &&
         std::ranges::any_of(actions_of(row.definition, row.state), is_scaling);
}

void repeat_scaling_actions(Service& service, Call& call, const AlarmRow& row) {
  for (const std::string& arn : actions_of(row.definition, row.state)) {
    if (is_scaling(arn)) schedule(service, call, row, arn, scaling_message(row));
  }
}

jobs::Outcome perform_action(Service& service, const jobs::Job& job) {
  const Action action = action_of(job.payload);
  aws::Region& region = service.use().region;
  const auto said = aws::attempt([&] { perform(service, action); });
  if (said && job.attempt < kAttemptsMax) throw aws::ServiceError("InternalServiceError", 500, *said);
  Object data;
  data.set("version", "1.0");
  data.set("actionState", said ? "Failed" : "Succeeded");
  data.set("notificationResource", action.arn);
  if (said) data.set("error", *said);
  const aws::Caller caller = region.caller(action.account, action.region, kPrincipal);
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    const std::string summary =
        said ? fmt::format("Failed to execute action {}. Received error: \"{}\"", action.arn, *said)
             : fmt::format("Successfully executed action {}", action.arn);
    add_history(call, action.alarm,
                {.type = "Action", .summary = summary.substr(0, 255), .data = formats::write_json(data)});
  });
  return jobs::done();
}

}  // namespace holm::cloudwatch

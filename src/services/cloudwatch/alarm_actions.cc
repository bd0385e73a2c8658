// Actions: functions are invoked, instances stopped, rebooted and terminated.

#include "services/cloudwatch/alarm_actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/codec/json_codec.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "cloudwatch/schema.h"
#include "ec2/operations.h"
#include "formats/json.h"
#include "lambda/operations.h"
#include "services/cloudwatch/attempt.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

using formats::Object;
using formats::Value;

constexpr int kAttemptsMax = 4;
// Functions permit this one to invoke them, EC2's actions are taken for the account itself.
constexpr char kLambdaPrincipal[] = "lambda.alarms.cloudwatch.amazonaws.com";
constexpr char kPrincipal[] = "cloudwatch.amazonaws.com";
constexpr std::array<std::string_view, 3> kInstanceActions = {"reboot", "stop", "terminate"};

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
}

const std::vector<std::string>& actions_of(const PutMetricAlarmInput& definition, AlarmState state) {
  if (state == AlarmState::Ok) return definition.ok_actions;
  return state == AlarmState::Alarm ? definition.alarm_actions : definition.insufficient_data_actions;
}

// "2026-11-21T08:00:00.123+0000"
std::string time_text(Time time) {
  std::string text = iso8601_milliseconds(time);
  text.pop_back();
  return text + "+0000";
}

Object state_of(const AlarmRow& row) {
  Object state;
  state.set("value", name_of(row.state));
  state.set("reason", row.reason);
  if (row.reason_data) state.set("reasonData", *row.reason_data);
  state.set("timestamp", time_text(row.updated));
  return state;
}

// One query in the form that events have.
Value metric_document(const MetricDataQuery& query) {
  Object document;
  document.set("id", query.id);
  if (query.expression) document.set("expression", *query.expression);
  if (query.label) document.set("label", *query.label);
  document.set("returnData", query.return_data.value_or(true));
  if (!query.metric_stat) return document;
  Object dimensions;
  for (const Dimension& each : query.metric_stat->metric.dimensions.value_or(std::vector<Dimension>())) {
    dimensions.set(each.name, each.value);
  }
  Object metric;
  metric.set("namespace", query.metric_stat->metric.namespace_.value_or(""));
  metric.set("name", query.metric_stat->metric.metric_name.value_or(""));
  metric.set("dimensions", std::move(dimensions));
  Object stat;
  stat.set("metric", std::move(metric));
  stat.set("period", int64_t{query.metric_stat->period});
  stat.set("stat", query.metric_stat->stat);
  if (query.metric_stat->unit) stat.set("unit", *query.metric_stat->unit);
  document.set("metricStat", std::move(stat));
  return document;
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
std::string message_of(const AlarmRow& before, const AlarmRow& after) {
  const PutMetricAlarmInput& asked = after.definition;
  formats::Array metrics;
  for (const MetricDataQuery& query : asked.metrics) metrics.push_back(metric_document(query));
  if (metrics.empty()) {
    MetricDataQuery query{.id = "m1", .metric_stat = MetricStat{}};
    query.metric_stat->metric = {
        .namespace_ = asked.namespace_, .metric_name = asked.metric_name, .dimensions = asked.dimensions};
    query.metric_stat->period = asked.period.value_or(60);
    query.metric_stat->stat = stat_of(asked);
    query.metric_stat->unit = asked.unit;
    metrics.push_back(metric_document(query));
  }
  Object configuration;
  if (asked.alarm_description) configuration.set("description", *asked.alarm_description);
  configuration.set("metrics", std::move(metrics));
  Object alarm;
  alarm.set("alarmName", after.name);
  alarm.set("state", state_of(after));
  alarm.set("previousState", state_of(before));
  alarm.set("configuration", std::move(configuration));
  Object message;
  message.set("source", "aws.cloudwatch");
  message.set("alarmArn", arn_of(after));
  message.set("accountId", after.account);
  message.set("time", time_text(after.updated));
  message.set("region", after.region);
  message.set("alarmData", std::move(alarm));
  return formats::write_json(message);
}

struct Action {
  std::string account, region, alarm, arn, instance, message;
};

std::string payload_of(const Action& action) {
  Object payload;
  payload.set("account", action.account);
  payload.set("region", action.region);
  payload.set("alarm", action.alarm);
  payload.set("arn", action.arn);
  payload.set("instance", action.instance);
  payload.set("message", action.message);
  return formats::write_json(payload);
}

Action action_of(const std::string& payload) {
  const auto parsed = formats::parse_json(payload);
  CHECK(parsed.has_value());
  auto member = [&](std::string_view name) {
    const Value* found = parsed->find(name);
    CHECK(found && found->as_string());  // Another version of the program may have stored the job.
    return *found->as_string();
  };
  return {member("account"), member("region"),   member("alarm"),
          member("arn"),     member("instance"), member("message")};
}

void invoke_function(aws::Region& region, const Action& action) {
  aws::Caller caller = region.caller(action.account, action.region, kLambdaPrincipal);
  // What it calls for: functions permit it by aws:SourceArn.
  caller.principal.arn =
      fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", action.region, action.account, action.alarm);
  lambda::InvocationRequest request{
      .function_name = action.arn, .invocation_type = "Event", .payload = action.message};
  region.call_blocking<lambda::Invoke>(std::move(caller), std::move(request));
}

void act_on_instance(aws::Region& region, const Action& action, std::string_view verb) {
  const aws::Caller caller = region.caller(action.account, action.region, kPrincipal);
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    const std::vector<std::string> ids = {action.instance};
    if (verb == "stop") call.client.call<ec2::StopInstances>(call, call.principal, {.instance_ids = ids});
    if (verb == "reboot") call.client.call<ec2::RebootInstances>(call, call.principal, {.instance_ids = ids});
    if (verb == "terminate")
      call.client.call<ec2::TerminateInstances>(call, call.principal, {.instance_ids = ids});
  });
}

void perform(aws::Region& region, const Action& action) {
  const auto arn = parse_arn(action.arn);
  CHECK(arn.has_value());
  if (arn->service == "lambda") invoke_function(region, action);
  else act_on_instance(region, action, arn->resource);
}

}  // namespace

void require_action(const aws::Caller& caller, const PutMetricAlarmInput& definition,
                    const std::string& action) {
  auto arn = parse_arn(action);
  if (!arn) throw_invalid("Invalid arn syntax: " + action);
  // arn:aws:automate:us-east-1:ec2:stop: where others have the account, this has the service.
  if (arn->service == "automate" && arn->account == "ec2") {
    return require_instance_action(definition, action, arn->resource);
  }
  if (arn->service != "lambda") throw aws::NotImplemented("The alarm action " + action);
  if (arn->region != caller.region || arn->account != caller.account ||
      !arn->resource.starts_with("function:")) {
    throw_invalid(fmt::format("The action {} is not a function of this account and region.", action));
  }
}

void schedule_actions(Service& service, Call& call, const AlarmRow& before, const AlarmRow& after) {
  if (!after.definition.actions_enabled.value_or(true)) return;
  const std::string message = message_of(before, after);
  for (const std::string& arn : actions_of(after.definition, after.state)) {
    const Action action{
        after.account, after.region, after.name, arn, instance_of(after.definition).value_or(""), message};
    service.use().jobs.schedule(
        call.transaction,
        {.kind = kActionJob, .key = service.use().random.uuid(), .payload = payload_of(action)}, call.now);
  }
}

jobs::Outcome perform_action(Service& service, const jobs::Job& job) {
  const Action action = action_of(job.payload);
  aws::Region& region = service.use().region;
  const auto said = attempt([&] { perform(region, action); });
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

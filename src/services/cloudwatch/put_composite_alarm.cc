// Making and changing composite alarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html

#include <fmt/format.h>

#include "aws/codec/json_codec.h"
#include "cloudwatch/handlers.h"
#include "cloudwatch/schema.h"
#include "formats/json.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/composite_rule.h"
#include "services/cloudwatch/composites.h"
#include "services/cloudwatch/service.h"
#include "services/cloudwatch/tags.h"

namespace holm::cloudwatch {

namespace {

[[noreturn]] void throw_invalid(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

void check_rule(Call& call, const PutCompositeAlarmInput& request) {
  const auto rule = CompositeRule::parse(request.alarm_rule);
  if (!rule) throw_invalid(rule.error().message);
  for (const std::string& alarm : rule->alarms()) {
    const std::string name = name_in_rule(alarm);
    if (alarm != name && alarm != aws::arn("cloudwatch", call, "alarm:" + name)) {
      throw_invalid(fmt::format("{} is not an alarm of this account and region.", alarm));
    }
    if (name == request.alarm_name) throw_invalid("A composite alarm cannot depend on itself.");
    if (!find_alarm(call, name)) {
      throw_invalid(fmt::format(
          "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist", name));
    }
  }
}

void check_suppressor(Call& call, const PutCompositeAlarmInput& request) {
  const bool has_periods =
      request.actions_suppressor_wait_period || request.actions_suppressor_extension_period;
  if (!request.actions_suppressor) {
    if (has_periods) throw_invalid("Periods of suppression need an ActionsSuppressor.");
    return;
  }
  if (!request.actions_suppressor_wait_period || !request.actions_suppressor_extension_period) {
    throw_invalid(
        "An ActionsSuppressor needs ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod.");
  }
  if (*request.actions_suppressor_wait_period < 0 || *request.actions_suppressor_extension_period < 0) {
    throw_invalid("Periods of suppression are not negative.");
  }
  if (!find_alarm(call, name_in_rule(*request.actions_suppressor))) {
    throw_invalid(fmt::format("The suppressor {} does not exist.", *request.actions_suppressor));
  }
}

void check_actions(Service& service, Call& call, const PutMetricAlarmInput& definition) {
  for (const auto* actions :
       {&definition.ok_actions, &definition.alarm_actions, &definition.insufficient_data_actions}) {
    for (const std::string& action : *actions) {
      if (action.find(":autoscaling:") != std::string::npos) {
        throw_invalid(fmt::format("The action {} is not one of composite alarms.", action));
      }
      require_action(service, call, definition, action);
    }
  }
}

}  // namespace

Nothing put_composite_alarm(Service& service, Call& call, const PutCompositeAlarmInput& request) {
  check_rule(call, request);
  check_suppressor(call, request);
  const PutMetricAlarmInput common{.alarm_name = request.alarm_name,
                                   .alarm_description = request.alarm_description,
                                   .actions_enabled = request.actions_enabled,
                                   .ok_actions = request.ok_actions,
                                   .alarm_actions = request.alarm_actions,
                                   .insufficient_data_actions = request.insufficient_data_actions};
  check_actions(service, call, common);
  const auto known = find_alarm(call, request.alarm_name);
  if (known && !known->composite) {
    throw_invalid(fmt::format("The alarm {} is a metric alarm.", request.alarm_name));
  }
  AlarmRow row = known.value_or(new_alarm(call, request.alarm_name));
  row.definition = common;
  row.composite = request;
  row.composite->tags.clear();
  row.configured = call.now;
  keep_alarm(call, row);
  if (!known) write_tags(call, "alarm:" + row.name, request.tags);
  const std::string kept = aws::write_kept_json(shape_of(*row.composite), &*row.composite);
  add_history(
      call, row.name,
      {.type = "ConfigurationUpdate",
       .summary = fmt::format("Alarm \"{}\" {}", row.name, known ? "updated" : "created").substr(0, 255),
       .data = history_of(known ? Change::Updated : Change::Created, formats::parse_json(kept).value())});
  const std::string key = fmt::format("{}|{}|{}", row.account, row.region, row.name);
  for (const char* kind : {kCompositeJob, kSuppressionJob}) {
    service.use().jobs.schedule(call.transaction, {.kind = kind, .key = key}, call.now);
  }
  return {};
}

}  // namespace holm::cloudwatch

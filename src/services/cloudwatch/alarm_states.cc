// Deleting alarms, setting their states by hand, switching their actions on and off.

#include <fmt/format.h>

#include "cloudwatch/handlers.h"
#include "formats/json.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/composites.h"
#include "services/cloudwatch/service.h"
#include "services/cloudwatch/tags.h"

namespace holm::cloudwatch {

namespace {

enum class Actions { Enabled, Disabled };

// Names of alarms that do not exist are passed over, as on AWS.
void switch_actions(Call& call, const std::vector<std::string>& names, Actions actions) {
  for (const std::string& name : names) {
    auto row = find_alarm(call, name);
    if (!row) continue;
    const bool is_enabled = actions == Actions::Enabled;
    if (row->definition.actions_enabled.value_or(true) == is_enabled) continue;
    row->definition.actions_enabled = is_enabled;
    row->configured = call.now;
    keep_alarm(call, *row);
    add_history(
        call, name,
        {.type = "ConfigurationUpdate",
         .summary =
             fmt::format("Alarm actions {} for {}", is_enabled ? "enabled" : "disabled", name).substr(0, 255),
         .data = fmt::format(R"({{"version":"1.0","type":"Update","actionsEnabled":{}}})", is_enabled)});
  }
}

}  // namespace

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
Nothing delete_alarms(Service&, Call& call, const DeleteAlarmsInput& request) {
  check_deletion(call, request.alarm_names);
  for (const std::string& name : request.alarm_names) {
    if (!find_alarm(call, name)) continue;
    add_history(call, name,
                {.type = "ConfigurationUpdate",
                 .summary = fmt::format("Alarm \"{}\" deleted", name).substr(0, 255),
                 .data = R"({"version":"1.0","type":"Delete"})"});
    call.transaction.run("DELETE FROM cloudwatch_alarm WHERE account = ?1 AND region = ?2 AND name = ?3",
                         {call.account, call.region, name});
    delete_tags(call, "alarm:" + name);
  }
  return {};
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
Nothing set_alarm_state(Service& service, Call& call, const SetAlarmStateInput& request) {
  const AlarmRow row = require_alarm(call, request.alarm_name);
  if (request.state_reason_data && !formats::parse_json(*request.state_reason_data)) {
    throw InvalidFormatFault("StateReasonData is not valid JSON.");
  }
  change_state(service, call, row,
               {.state = alarm_state_of(request.state_value),
                .reason = request.state_reason,
                .reason_data = request.state_reason_data});
  return {};
}

Nothing enable_alarm_actions(Service&, Call& call, const EnableAlarmActionsInput& request) {
  switch_actions(call, request.alarm_names, Actions::Enabled);
  return {};
}

Nothing disable_alarm_actions(Service&, Call& call, const DisableAlarmActionsInput& request) {
  switch_actions(call, request.alarm_names, Actions::Disabled);
  return {};
}

}  // namespace holm::cloudwatch

// What alarms tell those they call, each in its own form.
#pragma once

#include <string>

#include "services/cloudwatch/alarms.h"

namespace holm::cloudwatch {

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
std::string function_message(const AlarmRow& before, const AlarmRow& after);

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
std::string topic_message(const AlarmRow& before, const AlarmRow& after);
// Printable ASCII, at most 100 characters.
std::string topic_subject(const AlarmRow& after);

// For a scaling policy: {"alarm", "alarmArn", "state", "threshold", "comparison", "period", "value"}; the
// last is the newest one that was looked at, and absent where there was none.
std::string scaling_message(const AlarmRow& after);

}  // namespace holm::cloudwatch

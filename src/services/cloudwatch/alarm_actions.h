// What an alarm has done when its state changes.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
#pragma once

#include <string>

#include "jobs/jobs.h"
#include "services/cloudwatch/alarms.h"

namespace holm::cloudwatch {

inline constexpr char kActionJob[] = "cloudwatch.action";
// Published for a scaling policy: the event's resource is the policy's ARN, its detail what scaling_message()
// says. A listener that throws a ServiceError makes the action fail; it is then tried again.
inline constexpr char kScalingEvent[] = "cloudwatch.scaling-action";

// Throws ValidationError for what is no action, and NotImplemented for one of a service that is not built.
void require_action(Service& service, const aws::Caller& caller, const PutMetricAlarmInput& definition,
                    const std::string& action);

// Part of the transaction that changes the state from `before` to `after`.
void schedule_actions(Service& service, Call& call, const AlarmRow& before, const AlarmRow& after);
// As on AWS, scaling policies are called again every minute for as long as the alarm stays as it is.
bool calls_scaling_policies(const AlarmRow& row);
void repeat_scaling_actions(Service& service, Call& call, const AlarmRow& row);
// Carries one out and notes in the alarm's history how that went. It is tried again a few times.
jobs::Outcome perform_action(Service& service, const jobs::Job& job);

}  // namespace holm::cloudwatch

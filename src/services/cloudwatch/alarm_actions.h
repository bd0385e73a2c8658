// What an alarm has done when its state changes.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
#pragma once

#include <string>

#include "jobs/jobs.h"
#include "services/cloudwatch/alarms.h"

namespace holm::cloudwatch {

inline constexpr char kActionJob[] = "cloudwatch.action";

// Throws ValidationError for what is no action, and NotImplemented for one of a service that is not built.
void require_action(const aws::Caller& caller, const PutMetricAlarmInput& definition,
                    const std::string& action);

// Part of the transaction that changes the state from `before` to `after`.
void schedule_actions(Service& service, Call& call, const AlarmRow& before, const AlarmRow& after);
// Carries one out and notes in the alarm's history how that went. It is tried again a few times.
jobs::Outcome perform_action(Service& service, const jobs::Job& job);

}  // namespace holm::cloudwatch

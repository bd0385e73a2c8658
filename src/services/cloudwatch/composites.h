// Composite alarms: what they depend on, their evaluation, and what holds their actions back.
#pragma once

#include <string>
#include <vector>

#include "jobs/jobs.h"
#include "services/cloudwatch/alarms.h"

namespace holm::cloudwatch {

// Both have "account|region|name" for a key.
inline constexpr char kCompositeJob[] = "cloudwatch.composite";
inline constexpr char kSuppressionJob[] = "cloudwatch.suppression";

// Names of the alarms that a composite alarm's rule is about.
std::vector<std::string> children_of(const AlarmRow& composite);
// Names of the composite alarms whose rule is about the alarm.
std::vector<std::string> parents_of(Call& call, const std::string& name);
// "arn:…:alarm:NAME" or NAME.
std::string name_in_rule(const std::string& alarm);

// Has those composite alarms looked at that a new state of the alarm matters to.
void schedule_composites(Service& service, Call& call, const AlarmRow& changed);
// A composite alarm is not deleted with another, nor is an alarm that one depends on. Throws ValidationError.
void check_deletion(Call& call, const std::vector<std::string>& names);

// Brings a composite alarm to the state that its rule says, unless it depends on itself.
jobs::Outcome evaluate_composite(Service& service, const jobs::Job& job);
// Lets its actions happen, or holds them back while its suppressor says so.
jobs::Outcome suppress(Service& service, const jobs::Job& job);

}  // namespace holm::cloudwatch

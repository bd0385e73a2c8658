// Evaluating alarms on time.
#pragma once

#include "base/clock.h"
#include "jobs/jobs.h"

namespace holm::cloudwatch {

class Service;

inline constexpr char kEvaluationJob[] = "cloudwatch.alarms";

// Compares every alarm's state with what its metric says, of everyone; every minute, or every ten seconds
// while there are alarms of so short periods, and not at all while there are none.
jobs::Outcome evaluate_alarms(Service& service);
// Those on what the region itself measures, whose period ended at `end` and has been measured: at once, for
// whoever waits for them to act.
void evaluate_measured_alarms(Service& service, Time end);

}  // namespace holm::cloudwatch

// Evaluating alarms on time.
#pragma once

#include "jobs/jobs.h"

namespace holm::cloudwatch {

class Service;

inline constexpr char kEvaluationJob[] = "cloudwatch.alarms";

// Compares every alarm's state with what its metric says, of everyone; every minute, or every ten seconds
// while there are alarms of so short periods, and not at all while there are none.
jobs::Outcome evaluate_alarms(Service& service);

}  // namespace holm::cloudwatch

// The metrics of groups: AWS/AutoScaling, once somebody has asked for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autoscaling/handlers.h"
#include "sql/database.h"

namespace holm::aws {
class Region;
}
namespace holm::metrics {
class Recorder;
}

namespace holm::autoscaling {

// As DescribeAutoScalingGroups tells them.
std::vector<EnabledMetric> enabled_metrics(sql::Transaction& transaction, int64_t group);
// Measures every group that has any enabled, for the minute that has just ended.
void record_groups(aws::Region& region, metrics::Recorder& recorder, Time minute);

}  // namespace holm::autoscaling

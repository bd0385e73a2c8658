// Metric filters: events that match become values in CloudWatch.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
#pragma once

#include <vector>

#include "logs/handlers.h"
#include "services/logs/groups.h"

namespace holm::logs {

// To be called by PutLogEvents with the events that it took. What is measured is recorded when the call's
// transaction is durable.
void measure_events(Service& service, Call& call, const GroupRow& group,
                    const std::vector<InputLogEvent>& events);

int32_t count_metric_filters(Call& call, const GroupRow& group);

}  // namespace holm::logs

// Where a load balancer's access logs and connection logs are to go.
#pragma once

#include <optional>
#include <string>

#include "balancing/log_delivery.h"
#include "elbv2/handlers.h"
#include "jobs/jobs.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

using balancing::LogKind;

// If they go anywhere.
std::optional<balancing::LogBucket> log_bucket_of(Call& call, LogKind kind,
                                                  const std::string& load_balancer_arn);

// Refuses a bucket that does not let load balancers in, and leaves the test file there.
void require_log_bucket(Service& service, Call& call, LogKind kind, const std::string& load_balancer_arn);

// The job for one test file; its key is the load balancer's ARN, after "connections|" for one of connection
// logs.
jobs::Outcome write_test_file(Dependencies& use, const jobs::Job& job);

inline constexpr char kDeliverLogsJob[] = "elbv2.deliver-access-logs";
inline constexpr char kTestFileJob[] = "elbv2.access-log-test-file";

}  // namespace holm::elbv2

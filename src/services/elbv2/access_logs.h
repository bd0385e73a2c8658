// Access logs and connection logs on their way to S3.
#pragma once

#include <string>

#include "dataplane/balancer/access_log.h"
#include "elbv2/handlers.h"
#include "jobs/jobs.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

// The bucket that a load balancer's logs go to, if they go anywhere.
struct LogDestination {
  std::string bucket;
  std::string prefix;  // Empty: none.
};
using balancer::LogKind;
std::optional<LogDestination> log_destination_of(Call& call, LogKind kind, const std::string& load_balancer_arn);

// Refuses a destination that does not let load balancers in, and leaves the test file there.
void require_log_destination(Service& service, Call& call, LogKind kind, const std::string& load_balancer_arn);

// The job: every five minutes, what has come together since.
jobs::Outcome deliver_access_logs(Dependencies& use);
Time next_log_delivery(Time now);
// The job for one test file; its key is the load balancer's ARN, after "connections|" for one of connection logs.
jobs::Outcome write_test_file(Dependencies& use, const jobs::Job& job);

inline constexpr char kDeliverLogsJob[] = "elbv2.deliver-access-logs";
inline constexpr char kTestFileJob[] = "elbv2.access-log-test-file";

// "AWSLogs/1/elasticloadbalancing/eu-west-1/2026/11/21/
// 1_elasticloadbalancing_eu-west-1_app.shop.0a_20261121T0320Z_10.0.0.7_4hk2.log.gz"
struct LogFileName {
  LogKind kind = LogKind::Access;
  std::string load_balancer_arn;
  std::string node;
  Time end{};
  std::string random;
};
std::string key_of(const LogFileName& name, const std::string& prefix);

}  // namespace holm::elbv2

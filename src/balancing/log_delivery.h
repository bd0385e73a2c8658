// Load balancers' logs on their way from the data plane's files to S3, of both APIs.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
#pragma once

#include <string>

#include "aws/service/service.h"
#include "balancing/dependencies.h"
#include "base/clock.h"
#include "dataplane/balancer/access_log.h"
#include "jobs/jobs.h"

namespace holm::balancing {

using balancer::LogBucket;
using balancer::LogKind;

// Whether S3 takes the load balancer's logs there. Nothing is written.
bool lets_logs_in(aws::Call& call, LogKind kind, const std::string& load_balancer_arn,
                  const LogBucket& bucket);
// Leaves the file there that shows it, if S3 still takes it. Waits for S3.
void write_test_file(Dependencies& use, LogKind kind, const std::string& load_balancer_arn,
                     const LogBucket& bucket);

// The job that is kept: every five minutes, all whose time has come. Waits for S3.
jobs::Outcome deliver_logs(Dependencies& use);
Time next_log_delivery(Time now);

// "AWSLogs/1/elasticloadbalancing/eu-west-1/2026/11/21/
// 1_elasticloadbalancing_eu-west-1_app.shop.0a_20261121T0320Z_10.0.0.7_4hk2.log.gz"; a classic load
// balancer's files are not compressed, and end so.
struct LogFileName {
  LogKind kind = LogKind::Access;
  std::string load_balancer_arn;
  std::string node;
  Time end{};
  std::string random;
};
std::string key_of(const LogFileName& name, const std::string& prefix);
// Whether a file that was begun then is delivered now: when its period is over.
bool is_due(Time begun, Time now, std::chrono::minutes period);

}  // namespace holm::balancing

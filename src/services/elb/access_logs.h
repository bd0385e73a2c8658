// Where a load balancer's access logs are to go.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/enable-access-logs.html
#pragma once

#include <optional>

#include "balancing/log_delivery.h"
#include "elb/handlers.h"
#include "jobs/jobs.h"
#include "services/elb/service.h"

namespace holm::elb {

struct Record;

// If they go anywhere.
std::optional<balancing::LogBucket> log_bucket_of(const LoadBalancerAttributes& attributes);

// Writes what is asked for into `record`, refuses a bucket that does not let load balancers in, and leaves
// the test file there.
void set_access_log(Service& service, Call& call, Record& record, const AccessLog& wanted);

// The job for one test file; its key is the load balancer's ARN.
jobs::Outcome write_test_file(Dependencies& use, const jobs::Job& job);

inline constexpr char kDeliverLogsJob[] = "elb.deliver-access-logs";
inline constexpr char kTestFileJob[] = "elb.access-log-test-file";

}  // namespace holm::elb

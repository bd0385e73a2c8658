// What EC2 says of the health of instances and zones, and where a group may be because of it.

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/log.h"
#include "ec2/operations.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/controller.h"

namespace holm::autoscaling {

namespace {

aws::Principal self(const aws::Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html
void Controller::read_status_checks() {
  if (instances_.empty()) return;
  const auto problem = attempt(region_, caller_, [&](aws::Call& call) {
    ec2::DescribeInstanceStatusRequest request;
    request.filters = {{.name = "system-status.status", .values = {"impaired"}}};
    for (const auto& each :
         call.client.call<ec2::DescribeInstanceStatus>(call, self(call), request).instance_statuses) {
      impaired_.insert(each.instance_id.value_or(""));
    }
  });
  if (problem) log::warning(fmt::format("group {}: {}", group_.name, *problem));
}

void Controller::read_failed_zones() {
  const auto problem = attempt(region_, caller_, [&](aws::Call& call) {
    ec2::DescribeAvailabilityZonesRequest request;
    request.filters = {{.name = "state", .values = {"unavailable"}}};
    for (const auto& each :
         call.client.call<ec2::DescribeAvailabilityZones>(call, self(call), request).availability_zones) {
      failed_zones_.insert(each.zone_name.value_or(""));
    }
  });
  if (problem) log::warning(fmt::format("group {}: {}", group_.name, *problem));
}

// Those of zones that have not failed, as long as there are any.
std::vector<std::string> Controller::subnets_in_use() const {
  std::vector<std::string> found;
  for (const std::string& subnet : group_.subnets) {
    auto zone = zones_.find(subnet);
    if (zone == zones_.end() || !failed_zones_.contains(zone->second)) found.push_back(subnet);
  }
  return found.empty() ? group_.subnets : found;
}

}  // namespace holm::autoscaling

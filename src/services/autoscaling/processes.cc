// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html

#include "services/autoscaling/processes.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "base/time_format.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

namespace {

constexpr std::string_view kAll[] = {kLaunch,    kTerminate,   kAddToLoadBalancer, kAlarmNotification,
                                     kRebalance, kHealthCheck, kReplaceUnhealthy,  kScheduledActions,
                                     kInstanceRefresh};

// All of them when none is named.
std::vector<std::string> named(const std::vector<std::string>& given) {
  if (given.empty()) return {std::begin(kAll), std::end(kAll)};
  check_processes(given);
  return given;
}

}  // namespace

void check_processes(const std::vector<std::string>& names) {
  for (const std::string& each : names) {
    if (std::ranges::find(kAll, each) != std::end(kAll)) continue;
    throw_invalid(fmt::format("{} is not a valid scaling process.", each));
  }
}

void suspend(aws::Call& call, int64_t group, const std::string& process) {
  call.transaction.run(
      "INSERT INTO autoscaling_suspension (grp, process, since) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (grp, process) DO NOTHING",
      {group, process, to_milliseconds(call.now)});
}

void resume(aws::Call& call, int64_t group, const std::string& process) {
  call.transaction.run("DELETE FROM autoscaling_suspension WHERE grp = ?1 AND process = ?2", {group, process});
}

bool is_suspended(sql::Transaction& transaction, int64_t group, std::string_view process) {
  return transaction
      .find("SELECT 1 FROM autoscaling_suspension WHERE grp = ?1 AND process = ?2",
            {group, std::string(process)})
      .has_value();
}

std::vector<SuspendedProcess> suspended_of(sql::Transaction& transaction, int64_t group) {
  std::vector<SuspendedProcess> suspended;
  for (const sql::Row& row : transaction.run(
           "SELECT process, since FROM autoscaling_suspension WHERE grp = ?1 ORDER BY process", {group})) {
    suspended.push_back(
        {.process_name = row.text(0),
         .suspension_reason = "User suspended at " + iso8601(from_milliseconds(row.integer(1)))});
  }
  return suspended;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html
aws::Nothing suspend_processes(Service& service, Call& call, const ScalingProcessQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  for (const std::string& each : named(request.scaling_processes)) suspend(call, group.id, each);
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ResumeProcesses.html
aws::Nothing resume_processes(Service& service, Call& call, const ScalingProcessQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  for (const std::string& each : named(request.scaling_processes)) resume(call, group.id, each);
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingProcessTypes.html
ProcessesType describe_scaling_process_types(Service&, Call&, const aws::Nothing&) {
  ProcessesType result;
  for (std::string_view each : kAll) result.processes.push_back({.process_name = std::string(each)});
  return result;
}

}  // namespace holm::autoscaling

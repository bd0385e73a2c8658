// The processes of a group that its user can suspend.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "autoscaling/types.h"
#include "aws/service/call.h"
#include "sql/database.h"

namespace holm::autoscaling {

inline constexpr std::string_view kAddToLoadBalancer = "AddToLoadBalancer";
inline constexpr std::string_view kAlarmNotification = "AlarmNotification";
inline constexpr std::string_view kRebalance = "AZRebalance";
inline constexpr std::string_view kHealthCheck = "HealthCheck";
inline constexpr std::string_view kInstanceRefresh = "InstanceRefresh";
inline constexpr std::string_view kLaunch = "Launch";
inline constexpr std::string_view kReplaceUnhealthy = "ReplaceUnhealthy";
inline constexpr std::string_view kScheduledActions = "ScheduledActions";
inline constexpr std::string_view kTerminate = "Terminate";

bool is_suspended(sql::Transaction& transaction, int64_t group, std::string_view process);
// Throws ValidationError for a name that no process has.
void check_processes(const std::vector<std::string>& names);
void suspend(aws::Call& call, int64_t group, const std::string& process);
void resume(aws::Call& call, int64_t group, const std::string& process);
std::vector<SuspendedProcess> suspended_of(sql::Transaction& transaction, int64_t group);

}  // namespace holm::autoscaling

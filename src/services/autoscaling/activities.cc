// The operation on activities.

#include "services/autoscaling/activities.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "base/time_format.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageMax = 100;
constexpr char kColumns[] =
    "id, group_name, group_arn, description, cause, started, ended, status, message, progress, details,"
    " is_group_deleted";

Activity read_activity(const sql::Row& row) {
  Activity activity;
  activity.activity_id = row.text(0);
  activity.auto_scaling_group_name = row.text(1);
  activity.auto_scaling_group_arn = row.text(2);
  activity.description = row.text(3);
  activity.cause = row.text(4);
  activity.start_time = from_milliseconds(row.integer(5));
  if (auto ended = row.optional_integer(6)) activity.end_time = from_milliseconds(*ended);
  activity.status_code = row.text(7);
  activity.status_message = row.optional_text(8);
  activity.progress = static_cast<int32_t>(row.integer(9));
  activity.details = row.text(10);
  if (row.integer(11) != 0) activity.auto_scaling_group_state = "Deleted";
  return activity;
}

}  // namespace

std::vector<Activity> activities_of(aws::Call& call) {
  std::vector<Activity> activities;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM autoscaling_activity WHERE account = ?1 AND region = ?2"
                       " ORDER BY sequence DESC",
                       kColumns),
           {call.account, call.region})) {
    activities.push_back(read_activity(row));
  }
  return activities;
}

std::optional<Activity> find_activity(aws::Call& call, const std::string& id) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM autoscaling_activity WHERE id = ?1 AND account = ?2 AND region = ?3",
                  kColumns),
      {id, call.account, call.region});
  if (!row) return std::nullopt;
  return read_activity(*row);
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
ActivitiesType describe_scaling_activities(Service&, Call& call,
                                           const DescribeScalingActivitiesType& request) {
  ActivitiesType result;
  if (request.auto_scaling_group_name && !request.include_deleted_groups.value_or(false)) {
    require_group(call, *request.auto_scaling_group_name);
  }
  for (Activity& activity : activities_of(call)) {
    const auto& ids = request.activity_ids;
    if (!ids.empty() && std::ranges::find(ids, activity.activity_id) == ids.end()) continue;
    const auto& name = request.auto_scaling_group_name;
    if (name && activity.auto_scaling_group_name != *name) continue;
    if (activity.auto_scaling_group_state && !request.include_deleted_groups.value_or(false)) continue;
    result.activities.push_back(std::move(activity));
  }
  const size_t count = page_count(request.max_records, kPageMax);
  result.next_token = take_page(result.activities, count, request.next_token);
  return result;
}

}  // namespace holm::autoscaling

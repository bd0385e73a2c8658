// Enabling the metrics of groups, and measuring them every minute.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html

#include "services/autoscaling/group_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "aws/service/region.h"
#include "metrics/recorder.h"
#include "services/autoscaling/groups.h"
#include "services/autoscaling/warm_pools.h"

namespace holm::autoscaling {

namespace {

constexpr char kMinute[] = "1Minute";
// Those of warm pools can be enabled as well; a group without one has no values for them.
constexpr std::array<std::string_view, 20> kAll = {"GroupMinSize",
                                                   "GroupMaxSize",
                                                   "GroupDesiredCapacity",
                                                   "GroupInServiceInstances",
                                                   "GroupPendingInstances",
                                                   "GroupStandbyInstances",
                                                   "GroupTerminatingInstances",
                                                   "GroupTotalInstances",
                                                   "GroupInServiceCapacity",
                                                   "GroupPendingCapacity",
                                                   "GroupStandbyCapacity",
                                                   "GroupTerminatingCapacity",
                                                   "GroupTotalCapacity",
                                                   "WarmPoolDesiredCapacity",
                                                   "WarmPoolWarmedCapacity",
                                                   "WarmPoolPendingCapacity",
                                                   "WarmPoolTerminatingCapacity",
                                                   "WarmPoolTotalCapacity",
                                                   "GroupAndWarmPoolDesiredCapacity",
                                                   "GroupAndWarmPoolTotalCapacity"};

std::vector<std::string> named(const std::vector<std::string>& asked) {
  if (asked.empty()) return {kAll.begin(), kAll.end()};
  for (const std::string& name : asked) {
    if (std::ranges::find(kAll, name) == kAll.end()) {
      throw_invalid(fmt::format("'{}' is not a valid metric type.", name));
    }
  }
  return asked;
}

// What each metric of a group is now. Every instance is one unit of capacity, as there are no weights.
std::map<std::string, int64_t, std::less<>> values_of(const GroupRow& group,
                                                      const std::vector<InstanceRow>& instances) {
  auto in = [&](std::string_view state) {
    return static_cast<int64_t>(std::ranges::count(instances, state, &InstanceRow::state));
  };
  std::map<std::string, int64_t, std::less<>> values = {
      {"GroupMinSize", group.min}, {"GroupMaxSize", group.max}, {"GroupDesiredCapacity", group.desired}};
  for (const char* state : {"InService", "Pending", "Standby", "Terminating"}) {
    values[fmt::format("Group{}Instances", state)] = in(state);
    values[fmt::format("Group{}Capacity", state)] = in(state);
  }
  const auto total = static_cast<int64_t>(instances.size());
  values["GroupTotalInstances"] = values["GroupTotalCapacity"] = total;
  return values;
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pools-metrics.html
void add_pool(std::map<std::string, int64_t, std::less<>>& values, const GroupRow& group,
              const WarmPoolRow& pool, const std::vector<InstanceRow>& warm) {
  auto in = [&](std::string_view state) {
    return static_cast<int64_t>(std::ranges::count(warm, state, &InstanceRow::state));
  };
  const auto total = static_cast<int64_t>(warm.size());
  values["WarmPoolDesiredCapacity"] = pool.size(group);
  values["WarmPoolWarmedCapacity"] = in("Stopped") + in("Running");
  values["WarmPoolPendingCapacity"] = in("Pending");
  values["WarmPoolTerminatingCapacity"] = in("Terminating");
  values["WarmPoolTotalCapacity"] = total;
  values["GroupAndWarmPoolDesiredCapacity"] = group.desired + pool.size(group);
  values["GroupAndWarmPoolTotalCapacity"] = values["GroupTotalCapacity"] + total;
}

}  // namespace

std::vector<EnabledMetric> enabled_metrics(sql::Transaction& transaction, int64_t group) {
  std::vector<EnabledMetric> enabled;
  for (const sql::Row& row :
       transaction.run("SELECT name FROM autoscaling_metric WHERE grp = ?1 ORDER BY name", {group})) {
    enabled.push_back({.metric = row.text(0), .granularity = kMinute});
  }
  return enabled;
}

void record_groups(aws::Region& region, metrics::Recorder& recorder, Time minute) {
  struct Measured {
    GroupRow group;
    std::vector<std::string> names;
    std::vector<InstanceRow> instances, warm;
    std::optional<WarmPoolRow> pool;
  };
  std::vector<Measured> all;
  const aws::Caller any = region.caller("", "", "autoscaling.amazonaws.com");
  region.transact(any, sql::Access::Read, [&](aws::Call& call) {
    for (const sql::Row& row : call.transaction.run("SELECT DISTINCT grp FROM autoscaling_metric")) {
      auto group = find_group(call.transaction, row.integer(0));
      if (!group) continue;
      Measured& measured = all.emplace_back();
      for (const EnabledMetric& each : enabled_metrics(call.transaction, group->id)) {
        measured.names.push_back(each.metric.value_or(""));
      }
      measured.instances = instances_of(call.transaction, group->id);
      measured.pool = find_warm_pool(call.transaction, group->id);
      measured.warm = warm_instances_of(call.transaction, group->id);
      measured.group = std::move(*group);
    }
  });
  for (const Measured& each : all) {
    auto values = values_of(each.group, each.instances);
    if (each.pool) add_pool(values, each.group, *each.pool, each.warm);
    for (const std::string& name : each.names) {
      const auto value = values.find(name);
      if (value == values.end()) continue;
      recorder.record({.metric = {each.group.account,
                                  each.group.region,
                                  "AWS/AutoScaling",
                                  name,
                                  {{"AutoScalingGroupName", each.group.name}}},
                       .unit = "None"},
                      minute, metrics::Statistics::of(static_cast<double>(value->second)));
    }
  }
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnableMetricsCollection.html
aws::Nothing enable_metrics_collection(Service&, aws::Call& call,
                                       const EnableMetricsCollectionQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  if (request.granularity != kMinute) {
    throw_invalid(fmt::format("'{}' is not a valid granularity: it is 1Minute.", request.granularity));
  }
  for (const std::string& name : named(request.metrics)) {
    call.transaction.run("INSERT INTO autoscaling_metric (grp, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                         {group.id, name});
  }
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DisableMetricsCollection.html
aws::Nothing disable_metrics_collection(Service&, aws::Call& call,
                                        const DisableMetricsCollectionQuery& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  for (const std::string& name : named(request.metrics)) {
    call.transaction.run("DELETE FROM autoscaling_metric WHERE grp = ?1 AND name = ?2", {group.id, name});
  }
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeMetricCollectionTypes.html
DescribeMetricCollectionTypesAnswer describe_metric_collection_types(Service&, aws::Call&,
                                                                     const aws::Nothing&) {
  DescribeMetricCollectionTypesAnswer result;
  for (const std::string_view each : kAll) result.metrics.push_back({.metric = std::string(each)});
  result.granularities.push_back({.granularity = kMinute});
  return result;
}

}  // namespace holm::autoscaling

// Rows of warm pools, and the operations on them.

#include "services/autoscaling/warm_pools.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/handlers.h"
#include "services/autoscaling/mixed_instances.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageDefault = 50;

void write_pool(Call& call, const WarmPoolRow& pool) {
  call.transaction.run(
      "INSERT INTO autoscaling_warm_pool (grp, max_prepared, min_size, state, reuses) VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (grp) DO UPDATE SET max_prepared = excluded.max_prepared, min_size = excluded.min_size,"
      " state = excluded.state, reuses = excluded.reuses",
      {pool.group, sql::optional_value(pool.max_prepared), pool.min_size, pool.state, int64_t{pool.reuses}});
}

WarmPoolRow require_pool(Call& call, const GroupRow& group) {
  auto pool = find_warm_pool(call.transaction, group.id);
  if (!pool) throw_invalid(fmt::format("No warm pool found for AutoScalingGroup {}", group.name));
  return *pool;
}

}  // namespace

int64_t WarmPoolRow::size(const GroupRow& of) const {
  if (is_deleting || of.is_deleting) return 0;
  return std::max({int64_t{0}, min_size, max_prepared.value_or(of.max) - of.desired});
}

std::optional<WarmPoolRow> find_warm_pool(sql::Transaction& transaction, int64_t group) {
  auto row = transaction.find(
      "SELECT max_prepared, min_size, state, reuses, is_deleting FROM autoscaling_warm_pool WHERE grp = ?1",
      {group});
  if (!row) return std::nullopt;
  return WarmPoolRow{.group = group,
                     .max_prepared = row->optional_integer(0),
                     .min_size = row->integer(1),
                     .state = row->text(2),
                     .reuses = row->integer(3) != 0,
                     .is_deleting = row->integer(4) != 0};
}

WarmPoolConfiguration describe(const WarmPoolRow& pool) {
  WarmPoolConfiguration result{.min_size = static_cast<int32_t>(pool.min_size), .pool_state = pool.state};
  if (pool.max_prepared) result.max_group_prepared_capacity = static_cast<int32_t>(*pool.max_prepared);
  if (pool.is_deleting) result.status = "PendingDelete";
  if (pool.reuses) result.instance_reuse_policy = InstanceReusePolicy{.reuse_on_scale_in = true};
  return result;
}

Instance describe(const InstanceRow& row) {
  Instance instance;
  instance.instance_id = row.id;
  instance.instance_type = row.type;
  instance.availability_zone = row.zone;
  instance.lifecycle_state = row.lifecycle_state();
  instance.health_status = row.health;
  instance.protected_from_scale_in = row.is_protected;
  if (const std::string from = configuration_name(row.template_id); !from.empty()) {
    instance.launch_configuration_name = from;
  } else if (!row.template_id.empty()) {  // Else it was attached.
    instance.launch_template = LaunchTemplateSpecification{.launch_template_id = row.template_id,
                                                           .launch_template_name = row.template_name,
                                                           .version = row.template_version};
  }
  return instance;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutWarmPool.html
PutWarmPoolAnswer put_warm_pool(Service& service, Call& call, const PutWarmPoolType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  if (!group.mixed.empty()) throw_invalid(std::string(kNoPoolWithMixed));
  WarmPoolRow pool =
      find_warm_pool(call.transaction, group.id).value_or(WarmPoolRow{.group = group.id, .max_prepared = {}});
  if (pool.is_deleting) throw_invalid("You cannot change a warm pool that is pending delete.");
  if (request.pool_state == "Hibernated") throw aws::NotImplemented("PutWarmPool: PoolState Hibernated");
  pool.state = request.pool_state.value_or(pool.state);
  if (request.max_group_prepared_capacity) {
    const int32_t most = *request.max_group_prepared_capacity;
    if (most < -1) throw_invalid("MaxGroupPreparedCapacity is -1 or more.");
    pool.max_prepared = most == -1 ? std::nullopt : std::optional<int64_t>(most);
  }
  if (request.min_size.value_or(0) < 0) throw_invalid("MinSize is 0 or more.");
  pool.min_size = request.min_size.value_or(static_cast<int32_t>(pool.min_size));
  if (pool.max_prepared && *pool.max_prepared < pool.min_size) {
    throw_invalid("MaxGroupPreparedCapacity must not be less than MinSize.");
  }
  if (const auto& reuse = request.instance_reuse_policy) pool.reuses = reuse->reuse_on_scale_in.value_or(false);
  write_pool(call, pool);
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeWarmPool.html
DescribeWarmPoolAnswer describe_warm_pool(Service&, Call& call, const DescribeWarmPoolType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  DescribeWarmPoolAnswer result;
  if (auto pool = find_warm_pool(call.transaction, group.id)) result.warm_pool_configuration = describe(*pool);
  for (const InstanceRow& each : warm_instances_of(call.transaction, group.id)) {
    result.instances.push_back(describe(each));
  }
  result.next_token =
      take_page(result.instances, page_count(request.max_records, kPageDefault), request.next_token);
  return result;
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteWarmPool.html
// Its instances are terminated, whatever they are about.
DeleteWarmPoolAnswer delete_warm_pool(Service& service, Call& call, const DeleteWarmPoolType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_pool(call, group);
  const auto warm = warm_instances_of(call.transaction, group.id);
  const bool is_busy =
      std::ranges::any_of(warm, [](const InstanceRow& each) { return each.state == "Pending"; });
  if (is_busy && !request.force_delete.value_or(false)) {
    throw ScalingActivityInProgressFault(
        "You cannot delete a warm pool while scaling activities are in progress.");
  }
  call.transaction.run("UPDATE autoscaling_warm_pool SET is_deleting = 1 WHERE grp = ?1", {group.id});
  service.schedule(call.transaction, group.id);
  return {};
}

}  // namespace holm::autoscaling

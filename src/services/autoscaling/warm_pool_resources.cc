// AWS::AutoScaling::WarmPool.

#include "autoscaling/operations.h"
#include "services/autoscaling/warm_pools.h"
#include "stacks/numbers.h"

namespace holm::autoscaling {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Update;

constexpr PropertySchema kReuseMembers[] = {{.name = "ReuseOnScaleIn", .kind = PropertyKind::Boolean}};

class WarmPoolType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::AutoScaling::WarmPool"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "AutoScalingGroupName", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "MaxGroupPreparedCapacity", .kind = PropertyKind::Integer},
        {.name = "MinSize", .kind = PropertyKind::Integer},
        {.name = "PoolState"},
        {.name = "InstanceReusePolicy", .kind = PropertyKind::Object, .members = kReuseMembers}};
    return all;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    put(context, wanted);
    return {wanted.text("AutoScalingGroupName")};
  }
  void update(Context& context, const Existing&, const Properties& wanted) const override {
    put(context, wanted);
  }
  Progress check(Context& context, const Existing& resource) const override {
    if (exists(context, resource)) return stacks::ready();
    return stacks::failed("The warm pool is gone.");
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    if (!exists(context, resource)) return;
    DeleteWarmPoolType request;
    request.auto_scaling_group_name = resource.physical_id;
    request.force_delete = true;
    context.invoke<DeleteWarmPool>(request);
  }
  Progress check_removed(Context& context, const Existing& resource) const override {
    return exists(context, resource) ? stacks::in_progress() : stacks::ready();
  }

 private:
  // What the template says no more is as AWS has it by default.
  static void put(Context& context, const Properties& wanted) {
    PutWarmPoolType request;
    request.auto_scaling_group_name = wanted.text("AutoScalingGroupName");
    request.max_group_prepared_capacity = stacks::number(wanted, "MaxGroupPreparedCapacity").value_or(-1);
    request.min_size = stacks::number(wanted, "MinSize").value_or(0);
    request.pool_state = wanted.find_text("PoolState").value_or("Stopped");
    const auto reuse = wanted.find_object("InstanceReusePolicy");
    request.instance_reuse_policy =
        InstanceReusePolicy{.reuse_on_scale_in = reuse && reuse->boolean("ReuseOnScaleIn", false)};
    context.invoke<PutWarmPool>(request);
  }
  static bool exists(Context& context, const Existing& resource) {
    auto group = find_group(context.call, resource.physical_id);
    return group && find_warm_pool(context.call.transaction, group->id).has_value();
  }
};

}  // namespace

std::unique_ptr<stacks::ResourceType> warm_pool_type() { return std::make_unique<WarmPoolType>(); }

}  // namespace holm::autoscaling

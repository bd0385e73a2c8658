// What scaling policies do to the desired capacity of their group.

#include "services/autoscaling/policies.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/schema.h"
#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/log.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "services/autoscaling/policy_arithmetic.h"
#include "services/autoscaling/processes.h"

namespace holm::autoscaling {

namespace {

constexpr char kColumns[] = "id, grp, name, arn, uuid, definition";

PolicyRow read_policy(const sql::Row& row) {
  PolicyRow policy{.id = row.integer(0),
                   .group = row.integer(1),
                   .name = row.text(2),
                   .arn = row.text(3),
                   .uuid = row.text(4),
                   .definition = {}};
  CHECK(aws::read_kept_json(row.text(5), shape_of(policy.definition), &policy.definition).has_value());
  return policy;
}

// The instances of a group as policies see them.
struct Crowd {
  int64_t warm = 0;     // In service for longer than they need to warm up.
  int64_t warming = 0;  // On their way, or not yet warm.
  int64_t leaving = 0;
};

Crowd crowd_of(sql::Transaction& transaction, const GroupRow& group, const PolicyRow& policy, int64_t now) {
  const int64_t warmup =
      int64_t{1000} * policy.definition.estimated_instance_warmup.value_or(
                          static_cast<int32_t>(group.default_warmup.value_or(group.cooldown)));
  Crowd crowd;
  for (const InstanceRow& each : instances_of(transaction, group.id)) {
    if (each.state == "Terminating") ++crowd.leaving;
    else if (each.state == "InService" && each.in_service + warmup <= now) ++crowd.warm;
    else if (each.state != "Standby") ++crowd.warming;
  }
  return crowd;
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
// Instances that warm up are no part of the capacity that grows, so the same breach seen again asks for the
// same capacity; nothing shrinks while they do.
std::optional<int64_t> wanted_by_step(const GroupRow& group, const PolicyRow& policy, const Crowd& crowd,
                                      const Trigger& trigger) {
  if (!trigger.value || !trigger.threshold) return std::nullopt;
  const auto& definition = policy.definition;
  const auto adjustment =
      adjustment_of_step(definition.step_adjustments, *trigger.value - *trigger.threshold);
  if (!adjustment) return std::nullopt;
  auto from = [&](int64_t base) {
    return adjusted(definition.adjustment_type.value_or(""), base, *adjustment,
                    definition.min_adjustment_magnitude);
  };
  const int64_t wanted = from(group.desired);
  if (wanted > group.desired) {
    const int64_t grown = from(std::max<int64_t>(group.desired - crowd.warming, 0));
    return grown > group.desired ? std::optional(grown) : std::nullopt;
  }
  if (crowd.warming > 0) return std::nullopt;
  const int64_t shrunk = from(group.desired + crowd.leaving);
  return shrunk < group.desired ? std::optional(shrunk) : std::nullopt;
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
// The value was measured on the instances that are warm. It grows at once and shrinks only when all are.
std::optional<int64_t> wanted_by_tracking(const GroupRow& group, const PolicyRow& policy, const Crowd& crowd,
                                          const Trigger& trigger) {
  if (!trigger.value) return std::nullopt;
  const TargetTrackingConfiguration& target = *policy.definition.target_tracking_configuration;
  const int64_t serving = std::max<int64_t>(crowd.warm, 1);
  const int64_t wanted = tracked(serving, *trigger.value, target.target_value);
  if (!trigger.is_below) return wanted > group.desired ? std::optional(wanted) : std::nullopt;
  if (target.disable_scale_in.value_or(false) || crowd.warming > 0) return std::nullopt;
  return wanted < group.desired ? std::optional(wanted) : std::nullopt;
}

std::optional<int64_t> wanted_by_simple(const GroupRow& group, const PolicyRow& policy, int64_t now) {
  if (is_cooling(group, now)) return std::nullopt;
  const auto& definition = policy.definition;
  return adjusted(definition.adjustment_type.value_or(""), group.desired,
                  definition.scaling_adjustment.value_or(0), definition.min_adjustment_magnitude);
}

std::optional<double> number_of(const formats::Object& object, std::string_view key) {
  const formats::Value* found = object.find(key);
  return found ? found->as_number() : std::nullopt;
}

std::string text_of(const formats::Object& object, std::string_view key) {
  const formats::Value* found = object.find(key);
  const std::string* text = found ? found->as_string() : nullptr;
  return text ? *text : "";
}

}  // namespace

std::vector<PolicyRow> policies_of(sql::Transaction& transaction, int64_t group) {
  std::vector<PolicyRow> policies;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM autoscaling_policy WHERE grp = ?1 ORDER BY name", kColumns),
           {group})) {
    policies.push_back(read_policy(row));
  }
  return policies;
}

std::optional<PolicyRow> find_policy(sql::Transaction& transaction, const std::string& arn) {
  auto row =
      transaction.find(fmt::format("SELECT {} FROM autoscaling_policy WHERE arn = ?1", kColumns), {arn});
  if (!row) return std::nullopt;
  return read_policy(*row);
}

// The cooldown begins when the activity has ended.
bool is_cooling(const GroupRow& group, int64_t now) {
  return group.cooldown_next > 0 || now < group.cooldown_until;
}

void act(Service& service, sql::Transaction& transaction, const PolicyRow& policy, const Trigger& trigger) {
  const auto group = find_group(transaction, policy.group);
  if (!group || group->is_deleting || !policy.definition.enabled.value_or(true)) return;
  const Time time = service.now();
  const int64_t now = to_milliseconds(time);
  const Crowd crowd = crowd_of(transaction, *group, policy, now);
  const bool is_simple = policy.type() == kSimple;
  auto wanted = is_simple                ? wanted_by_simple(*group, policy, now)
                : policy.type() == kStep ? wanted_by_step(*group, policy, crowd, trigger)
                                         : wanted_by_tracking(*group, policy, crowd, trigger);
  if (!wanted) return;
  wanted = std::clamp(*wanted, group->min, group->max);
  if (*wanted == group->desired) return;
  const std::string cause = fmt::format("At {} {} {} changing the desired capacity from {} to {}.",
                                        iso8601(time), trigger.words, policy.name, group->desired, *wanted);
  const int64_t cooldown =
      is_simple ? policy.definition.cooldown.value_or(static_cast<int32_t>(group->cooldown)) : 0;
  transaction.run(
      "UPDATE autoscaling_group SET desired = ?2, cause = ?3, last_change = ?4, failures = 0, launch_after = "
      "0,"
      " cooldown_next = ?5 WHERE id = ?1",
      {group->id, *wanted, cause, now, cooldown});
  service.schedule(transaction, group->id);
}

void on_alarm(Service& service, sql::Transaction& transaction, const std::string& policy_arn,
              const std::string& detail) {
  const auto policy = find_policy(transaction, policy_arn);
  if (!policy) throw_invalid(fmt::format("The scaling policy {} does not exist.", policy_arn));
  if (is_suspended(transaction, policy->group, kAlarmNotification)) return;
  const auto parsed = formats::parse_json(detail);
  const formats::Object* told = parsed ? parsed->as_object() : nullptr;
  CHECK(told != nullptr);
  const std::string state = text_of(*told, "state");
  const bool is_below = text_of(*told, "comparison").starts_with("Less");
  // The alarms of target tracking say something only while they are in alarm.
  if (policy->type() == kTargetTracking && state != "ALARM") return;
  act(service, transaction, *policy,
      {.words =
           fmt::format("a monitor alarm {} in state {} triggered policy", text_of(*told, "alarm"), state),
       .value = number_of(*told, "value"),
       .threshold = number_of(*told, "threshold"),
       .is_below = is_below});
}

}  // namespace holm::autoscaling

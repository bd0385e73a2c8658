// The operations on groups.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "autoscaling/handlers.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "ec2/operations.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/group_metrics.h"
#include "services/autoscaling/groups.h"
#include "services/autoscaling/launch_configurations.h"
#include "services/autoscaling/mixed_instances.h"
#include "services/autoscaling/policies.h"
#include "services/autoscaling/processes.h"
#include "services/autoscaling/refreshes.h"
#include "services/autoscaling/tags.h"
#include "services/autoscaling/target_groups.h"
#include "services/autoscaling/warm_pools.h"

namespace holm::autoscaling {

namespace {

constexpr size_t kPageDefault = 50;
// Where a zone has no room, another one is tried.
constexpr char kBestEffort[] = "balanced-best-effort";

LaunchTemplateSpecification template_of(const std::string& id, const std::string& name,
                                        const std::string& version) {
  return {.launch_template_id = id, .launch_template_name = name, .version = version};
}

// Whoever changes a group wants to see what becomes of it now, so launches that failed are tried again.
void write_group(Call& call, const GroupRow& group) {
  call.transaction.run(
      "UPDATE autoscaling_group SET template = ?2, template_name = ?3, template_version = ?4, min = ?5,"
      " max = ?6, desired = ?7, cooldown = ?8, subnets = ?9, target_groups = ?10, health_check = ?11,"
      " grace = ?12, policies = ?13, protects = ?14, cause = ?15, last_change = ?16, failures = 0,"
      " launch_after = 0, default_warmup = ?17, max_lifetime = ?18, maintenance_min = ?19,"
      " maintenance_max = ?20, mixed = ?21 WHERE id = ?1",
      {group.id, group.template_id, group.template_name, group.template_version, group.min, group.max,
       group.desired, group.cooldown, join(group.subnets, ","), join(group.target_groups, ","),
       group.health_check, group.grace, join(group.policies, ","), int64_t{group.protects}, group.cause,
       group.last_change, sql::optional_value(group.default_warmup), sql::optional_value(group.max_lifetime),
       sql::optional_value(group.maintenance_min), sql::optional_value(group.maintenance_max), group.mixed});
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-max-instance-lifetime.html
void set_lifetime(GroupRow& group, int64_t seconds) {
  constexpr int64_t kDay = 86400, kYear = 365 * kDay;
  group.max_lifetime.reset();
  if (seconds == 0) return;
  if (seconds < kDay || seconds > kYear) {
    throw_invalid(fmt::format("Invalid MaxInstanceLifetime {}: it is 0, or lies between {} and {} seconds.",
                              seconds, kDay, kYear));
  }
  group.max_lifetime = seconds;
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-maintenance-policy.html
void set_maintenance(GroupRow& group, const InstanceMaintenancePolicy& policy) {
  const int32_t min = policy.min_healthy_percentage.value_or(-1);
  const int32_t max = policy.max_healthy_percentage.value_or(-1);
  group.maintenance_min.reset();
  group.maintenance_max.reset();
  if (min == -1 && max == -1) return;
  if (min < 0 || min > 100 || max < 100 || max > 200 || max - min > 100) {
    throw_invalid(
        "MinHealthyPercentage lies between 0 and 100 and MaxHealthyPercentage between 100 and 200, and they are "
        "at most 100 apart; both are -1 for none.");
  }
  group.maintenance_min = min;
  group.maintenance_max = max;
}

// Without subnets zones mean the default subnets there.
void place(Call& call, GroupRow& group, const std::optional<std::string>& subnets,
           const std::vector<std::string>& zones) {
  const bool names_subnets = subnets && !trim(*subnets).empty();
  if (!names_subnets && zones.empty()) return;
  group.subnets.clear();
  ec2::DescribeSubnetsRequest request;
  if (names_subnets) {
    for (std::string_view part : split(*subnets, ',')) {
      if (!trim(part).empty()) group.subnets.emplace_back(trim(part));
    }
    request.subnet_ids = group.subnets;
  } else {
    request.filters = {{.name = "default-for-az", .values = {"true"}},
                       {.name = "availability-zone", .values = zones}};
  }
  const auto as = aws::service_principal("autoscaling.amazonaws.com", call.account);
  ec2::DescribeSubnetsResult found;
  as_validation("", [&] { found = call.client.call<ec2::DescribeSubnets>(call, as, request); });
  std::set<std::string> covered;
  for (const auto& subnet : found.subnets) {
    covered.insert(subnet.availability_zone.value_or(""));
    if (!names_subnets) group.subnets.push_back(subnet.subnet_id.value_or(""));
  }
  if (zones.empty() || covered == std::set(zones.begin(), zones.end())) return;
  if (names_subnets) {
    throw_invalid(
        "The availability zones of the specified subnets and the Auto Scaling group do not match.");
  }
  throw_invalid("There is no default subnet in one of the zones " + join(zones, ", ") + ".");
}

void set_template(Call& call, GroupRow& group, const LaunchTemplateSpecification& given) {
  if (given.launch_template_id.has_value() == given.launch_template_name.has_value()) {
    throw_invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName");
  }
  group.template_id = given.launch_template_id.value_or("");
  group.template_name = given.launch_template_name.value_or("");
  group.template_version = given.version.value_or("$Default");
  TemplateVersion resolved;
  as_validation("You must use a valid fully-formed launch template. ",
                [&] { resolved = resolve_template(call, group); });
  group.template_id = resolved.id;
  group.template_name = resolved.name;
}

void set_mixed(Call& call, GroupRow& group, const MixedInstancesPolicy& given) {
  if (find_warm_pool(call.transaction, group.id)) throw_invalid(std::string(kNoPoolWithMixed));
  MixedInstancesPolicy policy = completed(call, read_mixed(group.mixed), given);
  LaunchTemplateSpecification& source = *policy.launch_template->launch_template_specification;
  // As it is kept it has both names of its template.
  if (given.launch_template) set_template(call, group, source);
  source = template_of(group.template_id, group.template_name, group.template_version);
  group.mixed = write_mixed(policy);
}

// The members that creating and updating have in common.
template <class Request>
void apply(Call& call, GroupRow& group, const Request& request) {
  if (request.launch_template) {
    set_template(call, group, *request.launch_template);
    group.mixed = "";
  }
  if (request.mixed_instances_policy) set_mixed(call, group, *request.mixed_instances_policy);
  if (request.launch_configuration_name) {
    const std::string& name = *request.launch_configuration_name;
    if (!find_launch_configuration(call, name)) {
      throw_invalid("Launch configuration name not found - A launch configuration with the name: " + name +
                    " does not exist");
    }
    group.mixed = "";
    group.template_id = configuration_id(name);
    group.template_name = "";
    group.template_version = "1";
  }
  place(call, group, request.vpc_zone_identifier, request.availability_zones);
  group.cooldown = request.default_cooldown.value_or(static_cast<int32_t>(group.cooldown));
  if (request.default_instance_warmup) {
    group.default_warmup.reset();
    if (*request.default_instance_warmup >= 0) group.default_warmup = *request.default_instance_warmup;
  }
  group.grace = request.health_check_grace_period.value_or(static_cast<int32_t>(group.grace));
  group.health_check = request.health_check_type.value_or(group.health_check);
  if (group.health_check == "EBS" || group.health_check == "VPC_LATTICE") {
    throw aws::NotImplemented("HealthCheckType " + group.health_check);
  }
  if (group.health_check != "EC2" && group.health_check != "ELB") {
    throw_invalid("Invalid health check type: " + group.health_check);
  }
  if (request.max_instance_lifetime) set_lifetime(group, *request.max_instance_lifetime);
  if (request.instance_maintenance_policy) set_maintenance(group, *request.instance_maintenance_policy);
  if (request.capacity_rebalance.value_or(false)) throw aws::NotImplemented("CapacityRebalance");
  if (const auto& spread = request.availability_zone_distribution) {
    const std::string strategy = spread->capacity_distribution_strategy.value_or(kBestEffort);
    if (strategy == "balanced-only") throw aws::NotImplemented("CapacityDistributionStrategy balanced-only");
    if (strategy != kBestEffort) throw_invalid("Invalid CapacityDistributionStrategy: " + strategy);
  }
  if (!request.termination_policies.empty()) group.policies = request.termination_policies;
  for (const std::string& policy : group.policies) {
    static constexpr std::string_view kKnown[] = {"Default", "OldestInstance", "NewestInstance",
                                                  "OldestLaunchTemplate", "OldestLaunchConfiguration",
                                                  "AllocationStrategy"};
    if (std::ranges::find(kKnown, policy) == std::end(kKnown)) {
      throw aws::NotImplemented("TerminationPolicies " + policy);
    }
  }
  group.protects = request.new_instances_protected_from_scale_in.value_or(group.protects);
  if (group.subnets.empty()) throw_invalid("At least one Availability Zone or VPC Subnet is required.");
}

void check_sizes(const GroupRow& group) {
  if (group.min < 0) {
    throw_invalid(fmt::format("1 validation error detected: Value '{}' at 'minSize' failed to satisfy constraint: "
                              "Member must have value greater than or equal to 0",
                              group.min));
  }
  if (group.min > group.max) {
    throw_invalid("Max bound, " + std::to_string(group.max) +
                  ", must be greater than or equal to min bound, " + std::to_string(group.min));
  }
  if (group.desired < group.min || group.desired > group.max) {
    throw_invalid(fmt::format("Desired capacity:{} must be between the specified min size:{} and max size:{}",
                              group.desired, group.min, group.max));
  }
}

AutoScalingGroup describe(Call& call, const GroupRow& group) {
  AutoScalingGroup result;
  result.auto_scaling_group_name = group.name;
  result.auto_scaling_group_arn = group.arn;
  if (const std::string from = configuration_name(group.template_id); !from.empty()) {
    result.launch_configuration_name = from;
  } else if (auto mixed = read_mixed(group.mixed)) {
    result.mixed_instances_policy = std::move(mixed);
  } else {
    result.launch_template = template_of(group.template_id, group.template_name, group.template_version);
  }
  result.min_size = static_cast<int32_t>(group.min);
  result.max_size = static_cast<int32_t>(group.max);
  result.desired_capacity = static_cast<int32_t>(group.desired);
  result.default_cooldown = static_cast<int32_t>(group.cooldown);
  result.target_group_arns = target_groups_among(group.target_groups);
  result.load_balancer_names = load_balancers_among(group.target_groups);
  for (const std::string& source : group.target_groups) {
    const auto name = classic_name(source);
    result.traffic_sources.push_back({.identifier = name.value_or(source), .type = name ? "elb" : "elbv2"});
  }
  result.health_check_type = group.health_check;
  result.health_check_grace_period = static_cast<int32_t>(group.grace);
  result.created_time = from_milliseconds(group.created);
  result.vpc_zone_identifier = join(group.subnets, ",");
  result.availability_zone_distribution =
      AvailabilityZoneDistribution{.capacity_distribution_strategy = kBestEffort};
  result.termination_policies = group.policies;
  result.new_instances_protected_from_scale_in = group.protects;
  if (group.default_warmup) result.default_instance_warmup = static_cast<int32_t>(*group.default_warmup);
  if (group.max_lifetime) result.max_instance_lifetime = static_cast<int32_t>(*group.max_lifetime);
  if (group.maintenance_max) {
    result.instance_maintenance_policy =
        InstanceMaintenancePolicy{.min_healthy_percentage = static_cast<int32_t>(*group.maintenance_min),
                                  .max_healthy_percentage = static_cast<int32_t>(*group.maintenance_max)};
  }
  result.suspended_processes = suspended_of(call.transaction, group.id);
  result.enabled_metrics = enabled_metrics(call.transaction, group.id);
  if (group.is_deleting) result.status = "Delete in progress";
  for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
    result.instances.push_back(describe(each));
  }
  if (auto pool = find_warm_pool(call.transaction, group.id)) {
    result.warm_pool_configuration = describe(*pool);
    result.warm_pool_size = static_cast<int32_t>(warm_instances_of(call.transaction, group.id).size());
  }
  result.tags = tags_of(call, group);
  return result;
}

// The zones of the group's subnets, in order and once each.
std::vector<std::string> zones_of(Call& call, const GroupRow& group) {
  std::vector<std::string> zones;
  for (const sql::Row& row :
       call.transaction.run("SELECT zone FROM autoscaling_zone WHERE grp = ?1 ORDER BY zone", {group.id})) {
    zones.push_back(row.text(0));
  }
  return zones;
}

void write_zones(Call& call, const GroupRow& group) {
  call.transaction.run("DELETE FROM autoscaling_zone WHERE grp = ?1", {group.id});
  ec2::DescribeSubnetsRequest subnets;
  subnets.subnet_ids = group.subnets;
  const auto as = aws::service_principal("autoscaling.amazonaws.com", call.account);
  for (const auto& subnet : call.client.call<ec2::DescribeSubnets>(call, as, subnets).subnets) {
    call.transaction.run("INSERT INTO autoscaling_zone (grp, zone) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                         {group.id, subnet.availability_zone.value_or("")});
  }
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-asg-from-instance.html
// A launch configuration of the group's name takes down what the instance is.
void launch_as_instance(Service& service, Call& call, CreateAutoScalingGroupType& request) {
  const std::string& id = *request.instance_id;
  CreateLaunchConfigurationType like;
  like.launch_configuration_name = request.auto_scaling_group_name;
  if (find_launch_configuration(call, like.launch_configuration_name)) {
    throw AlreadyExistsFault("Launch Configuration by this name already exists - " +
                             like.launch_configuration_name);
  }
  const std::string subnet = complete_from_instance(call, like, id);
  insert_launch_configuration(service, call, like);
  request.launch_configuration_name = like.launch_configuration_name;
  if (!request.vpc_zone_identifier && request.availability_zones.empty()) request.vpc_zone_identifier = subnet;
}

// Those that the first instances wait for already.
void put_hooks(Service& service, Call& call, const std::string& group,
               const std::vector<LifecycleHookSpecification>& hooks) {
  for (const LifecycleHookSpecification& each : hooks) {
    PutLifecycleHookType hook;
    hook.auto_scaling_group_name = group;
    hook.lifecycle_hook_name = each.lifecycle_hook_name;
    hook.lifecycle_transition = each.lifecycle_transition;
    hook.notification_metadata = each.notification_metadata;
    hook.heartbeat_timeout = each.heartbeat_timeout;
    hook.default_result = each.default_result;
    put_lifecycle_hook(service, call, hook);
  }
}

// Each once, whichever way it is named.
std::vector<std::string> sources_of(const CreateAutoScalingGroupType& request) {
  std::vector<std::string> sources = checked_target_groups(request.target_group_arns);
  std::vector<std::string> more = classic_sources(request.load_balancer_names);
  std::ranges::move(sources_in(request.traffic_sources), std::back_inserter(more));
  for (std::string& each : more) {
    if (std::ranges::find(sources, each) == sources.end()) sources.push_back(std::move(each));
  }
  return sources;
}

}  // namespace

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
aws::Nothing create_auto_scaling_group(Service& service, Call& call,
                                       const CreateAutoScalingGroupType& given) {
  const std::string& name = given.auto_scaling_group_name;
  if (find_group(call, name)) {
    throw AlreadyExistsFault("AutoScalingGroup by this name already exists - A group with the name " + name +
                             " already exists");
  }
  const int sources = int{given.launch_template.has_value()} +
                      int{given.launch_configuration_name.has_value()} + int{given.instance_id.has_value()} +
                      int{given.mixed_instances_policy.has_value()};
  if (sources != 1) {
    throw_invalid(
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
        "MixedInstancesPolicy parameter.");
  }
  CreateAutoScalingGroupType request = given;
  if (request.instance_id) launch_as_instance(service, call, request);
  GroupRow group{
      .account = call.account,
      .region = call.region,
      .name = name,
      .arn = aws::arn("autoscaling", call,
                      "autoScalingGroup:" + service.random().uuid() + ":autoScalingGroupName/" + name),
      .min = request.min_size,
      .max = request.max_size,
      .desired = request.desired_capacity.value_or(request.min_size),
      .target_groups = sources_of(request),
      .health_check = "EC2",
      .policies = {"Default"}};
  group.cause = fmt::format(
      "At {} a user request created an AutoScalingGroup changing the desired capacity from "
      "0 to {}.",
      iso8601(call.now), group.desired);
  apply(call, group, request);
  check_sizes(group);
  require_sources(call, group.target_groups);
  call.transaction.run(
      "INSERT INTO autoscaling_group (account, region, name, arn, template, template_name, template_version, "
      "min,"
      " max, desired, cooldown, subnets, target_groups, health_check, grace, policies, protects, cause, "
      "created,"
      " last_change) VALUES (?1, ?2, ?3, ?4, '', '', '', 0, 0, 0, 0, '', '', '', 0, '', 0, '', ?5, 0)",
      {call.account, call.region, name, group.arn, to_milliseconds(call.now)});
  group.id = require_group(call, name).id;
  write_group(call, group);
  write_zones(call, group);
  write_tags(call, group, request.tags);
  put_hooks(service, call, name, request.lifecycle_hook_specification_list);
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
aws::Nothing update_auto_scaling_group(Service& service, Call& call,
                                       const UpdateAutoScalingGroupType& request) {
  GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  const auto refresh = active_refresh(call.transaction, group.id);
  const bool changes_source = request.launch_template || request.launch_configuration_name ||
                              request.mixed_instances_policy;
  if (changes_source && refresh && refresh->asked.desired_configuration) {
    throw_invalid(
        "An active instance refresh with a desired configuration exists. All configuration options derived from "
        "the desired configuration are not available for update while the instance refresh is active.");
  }
  const int64_t before = group.desired;
  group.min = request.min_size.value_or(static_cast<int32_t>(group.min));
  group.max = request.max_size.value_or(static_cast<int32_t>(group.max));
  // Without a new desired capacity the old one moves inside the bounds.
  if (request.desired_capacity) group.desired = *request.desired_capacity;
  else if (group.min <= group.max) group.desired = std::clamp(group.desired, group.min, group.max);
  check_sizes(group);
  apply(call, group, request);
  if (group.desired != before) {
    group.cause = fmt::format(
        "At {} a user request update of AutoScalingGroup constraints to min: {}, max: {}, "
        "desired: {} changing the desired capacity from {} to {}.",
        iso8601(call.now), group.min, group.max, group.desired, before, group.desired);
  }
  write_group(call, group);
  write_zones(call, group);
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html
aws::Nothing set_desired_capacity(Service& service, Call& call, const SetDesiredCapacityType& request) {
  GroupRow group = require_group(call, request.auto_scaling_group_name);
  require_not_deleting(group);
  if (request.desired_capacity < group.min) {
    throw_invalid(
        fmt::format("New SetDesiredCapacity value {} is below min value {} for the AutoScalingGroup.",
                    request.desired_capacity, group.min));
  }
  if (request.desired_capacity > group.max) {
    throw_invalid(
        fmt::format("New SetDesiredCapacity value {} is above max value {} for the AutoScalingGroup.",
                    request.desired_capacity, group.max));
  }
  const int64_t now = to_milliseconds(call.now);
  if (request.honor_cooldown.value_or(false) && now < group.last_change + group.cooldown * 1000) {
    throw ScalingActivityInProgressFault("The cooldown of the AutoScalingGroup has not ended.");
  }
  group.cause = fmt::format(
      "At {} a user request explicitly set group desired capacity changing the desired "
      "capacity from {} to {}.",
      iso8601(call.now), group.desired, request.desired_capacity);
  group.desired = request.desired_capacity;
  group.last_change = now;
  write_group(call, group);
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html
aws::Nothing delete_auto_scaling_group(Service& service, Call& call,
                                       const DeleteAutoScalingGroupType& request) {
  const GroupRow group = require_group(call, request.auto_scaling_group_name);
  std::vector<InstanceRow> instances = instances_of(call.transaction, group.id);
  for (InstanceRow& each : warm_instances_of(call.transaction, group.id)) instances.push_back(std::move(each));
  if (!instances.empty() && !request.force_delete.value_or(false)) {
    throw ResourceInUseFault(
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
        "instance request(s) still in the group.");
  }
  call.transaction.run("UPDATE autoscaling_group SET is_deleting = 1, desired = 0, min = 0 WHERE id = ?1",
                       {group.id});
  delete_policies(call, group, policies_of(call.transaction, group.id));
  for (const InstanceRow& each : instances) {
    if (each.state == "Terminating") continue;
    retire(service, call, group, each,
           fmt::format("At {} instance {} was taken out of service in response to a user request.",
                       iso8601(call.now), each.id));
  }
  service.schedule(call.transaction, group.id);
  return {};
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
AutoScalingGroupsType describe_auto_scaling_groups(Service&, Call& call,
                                                   const AutoScalingGroupNamesType& request) {
  const auto& names = request.auto_scaling_group_names;
  AutoScalingGroupsType result;
  for (const GroupRow& group : groups_of(call)) {
    if (!names.empty() && std::ranges::find(names, group.name) == names.end() &&
        std::ranges::find(names, group.arn) == names.end()) {
      continue;
    }
    result.auto_scaling_groups.push_back(describe(call, group));
    result.auto_scaling_groups.back().availability_zones = zones_of(call, group);
  }
  const size_t count = page_count(request.max_records, kPageDefault);
  result.next_token = take_page(result.auto_scaling_groups, count, request.next_token);
  return result;
}

}  // namespace holm::autoscaling

// Reading and writing the rows of Auto Scaling.

#include "services/autoscaling/groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/errors.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "ec2/operations.h"
#include "services/autoscaling/launch_configurations.h"
#include "services/autoscaling/processes.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr char kConfiguration[] = "launchConfiguration/";

constexpr std::chrono::hours kDrainMax{1};

constexpr char kGroupColumns[] =
    "id, account, region, name, arn, template, template_name, template_version, min, max, desired,"
    " cooldown, subnets, target_groups, health_check, grace, policies, protects, cause, created,"
    " last_change, is_deleting, rolling_min, rolling_batch, rolling_pause, paused_until, replacing, failures,"
    " launch_after, default_warmup, cooldown_until, cooldown_next, rolling_suspended, max_lifetime,"
    " maintenance_min, maintenance_max, rolling_since, mixed";
constexpr char kInstanceColumns[] =
    "id, grp, subnet, zone, type, template, template_name, template_version, state, health,"
    " is_protected, launched, in_service, activity, drains_until, phase, is_warm, returns, is_spot";

std::vector<std::string> list_of(const std::string& joined) {
  std::vector<std::string> parts;
  for (std::string_view part : split(joined, ',')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

GroupRow read_group(const sql::Row& row) {
  return {.id = row.integer(0),
          .account = row.text(1),
          .region = row.text(2),
          .name = row.text(3),
          .arn = row.text(4),
          .template_id = row.text(5),
          .template_name = row.text(6),
          .template_version = row.text(7),
          .min = row.integer(8),
          .max = row.integer(9),
          .desired = row.integer(10),
          .cooldown = row.integer(11),
          .subnets = list_of(row.text(12)),
          .target_groups = list_of(row.text(13)),
          .health_check = row.text(14),
          .grace = row.integer(15),
          .policies = list_of(row.text(16)),
          .protects = row.integer(17) != 0,
          .cause = row.text(18),
          .created = row.integer(19),
          .last_change = row.integer(20),
          .is_deleting = row.integer(21) != 0,
          .rolling_min = row.optional_integer(22),
          .rolling_batch = row.optional_integer(23),
          .rolling_pause = row.optional_integer(24),
          .paused_until = row.integer(25),
          .replacing = row.integer(26),
          .failures = row.integer(27),
          .launch_after = row.integer(28),
          .default_warmup = row.optional_integer(29),
          .cooldown_until = row.integer(30),
          .cooldown_next = row.integer(31),
          .max_lifetime = row.optional_integer(33),
          .maintenance_min = row.optional_integer(34),
          .maintenance_max = row.optional_integer(35),
          .rolling_suspended = list_of(row.text(32)),
          .mixed = row.text(37),
          .rolling_since = row.optional_integer(36)};
}

InstanceRow read_instance(const sql::Row& row) {
  return {.id = row.text(0),
          .group = row.integer(1),
          .subnet = row.text(2),
          .zone = row.text(3),
          .type = row.text(4),
          .template_id = row.text(5),
          .template_name = row.text(6),
          .template_version = row.text(7),
          .state = row.text(8),
          .health = row.text(9),
          .is_protected = row.integer(10) != 0,
          .launched = row.integer(11),
          .in_service = row.integer(12),
          .activity = row.text(13),
          .drains_until = row.optional_integer(14),
          .phase = row.text(15),
          .is_warm = row.integer(16) != 0,
          .returns = row.integer(17) != 0,
          .is_spot = row.integer(18) != 0};
}

}  // namespace

void throw_invalid(const std::string& message) { throw aws::ServiceError("ValidationError", 400, message); }

size_t page_count(const std::optional<int32_t>& max_records, size_t otherwise) {
  constexpr int32_t kPageMax = 100;
  if (!max_records) return otherwise;
  if (*max_records >= 1 && *max_records <= kPageMax) return static_cast<size_t>(*max_records);
  throw_invalid(fmt::format("1 validation error detected: Value '{}' at 'maxRecords' failed to satisfy "
                            "constraint: Member must have value {} than or equal to {}",
                            *max_records, *max_records < 1 ? "greater" : "less", *max_records < 1 ? 1 : kPageMax));
}

size_t position_of(const std::optional<std::string>& token) {
  if (!token) return 0;
  auto number = parse_integer(*token);
  if (!number || *number < 0) throw InvalidNextToken("The token '" + *token + "' is invalid.");
  return static_cast<size_t>(*number);
}

std::optional<GroupRow> find_group(sql::Transaction& transaction, int64_t id) {
  auto row =
      transaction.find(fmt::format("SELECT {} FROM autoscaling_group WHERE id = ?1", kGroupColumns), {id});
  if (!row) return std::nullopt;
  return read_group(*row);
}

std::optional<GroupRow> find_group(aws::Call& call, const std::string& name) {
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM autoscaling_group WHERE account = ?1 AND region = ?2 AND name = ?3",
                  kGroupColumns),
      {call.account, call.region, name});
  if (!row) return std::nullopt;
  return read_group(*row);
}

GroupRow require_group(aws::Call& call, const std::string& name) {
  auto group = find_group(call, name);
  if (!group) {
    throw_invalid(fmt::format("AutoScalingGroup name not found - AutoScalingGroup '{}' not found", name));
  }
  return *group;
}

void require_not_deleting(const GroupRow& group) {
  if (group.is_deleting) throw_invalid("You cannot change an AutoScalingGroup that is pending delete.");
}

std::vector<GroupRow> groups_of(aws::Call& call) {
  std::vector<GroupRow> groups;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM autoscaling_group WHERE account = ?1 AND region = ?2 ORDER BY name",
                       kGroupColumns),
           {call.account, call.region})) {
    groups.push_back(read_group(row));
  }
  return groups;
}

namespace {

std::vector<InstanceRow> members_of(sql::Transaction& transaction, int64_t group, bool are_warm) {
  std::vector<InstanceRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM autoscaling_instance WHERE grp = ?1 AND is_warm = ?2 ORDER BY launched, id",
                       kInstanceColumns),
           {group, int64_t{are_warm}})) {
    rows.push_back(read_instance(row));
  }
  return rows;
}

}  // namespace

std::vector<InstanceRow> instances_of(sql::Transaction& transaction, int64_t group) {
  return members_of(transaction, group, false);
}

std::vector<InstanceRow> warm_instances_of(sql::Transaction& transaction, int64_t group) {
  return members_of(transaction, group, true);
}

std::optional<InstanceRow> find_instance(sql::Transaction& transaction, const std::string& id) {
  auto row = transaction.find(
      fmt::format("SELECT {} FROM autoscaling_instance WHERE id = ?1", kInstanceColumns), {id});
  if (!row) return std::nullopt;
  return read_instance(*row);
}

void insert_instance(aws::Call& call, const InstanceRow& instance) {
  call.transaction.run(
      "INSERT INTO autoscaling_instance (id, grp, subnet, zone, type, template, template_name,"
      " template_version, state, health, is_protected, launched, activity, is_warm, is_spot)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
      {instance.id, instance.group, instance.subnet, instance.zone, instance.type, instance.template_id,
       instance.template_name, instance.template_version, instance.state, instance.health,
       int64_t{instance.is_protected}, instance.launched, instance.activity, int64_t{instance.is_warm},
       int64_t{instance.is_spot}});
}

std::string configuration_id(const std::string& name) { return kConfiguration + name; }

std::string configuration_name(const std::string& template_id) {
  return template_id.starts_with(kConfiguration) ? template_id.substr(std::size(kConfiguration) - 1) : "";
}

TemplateVersion resolve_template(aws::Call& call, const GroupRow& group) {
  if (const std::string name = configuration_name(group.template_id); !name.empty()) {
    const LaunchConfigurationRow row = require_launch_configuration(call, name);
    return {.id = group.template_id,
            .name = "",
            .version = "1",
            .instance_type = row.definition.instance_type.value_or("")};
  }
  ec2::DescribeLaunchTemplateVersionsRequest request;
  if (!group.template_id.empty()) request.launch_template_id = group.template_id;
  else request.launch_template_name = group.template_name;
  request.versions = {group.template_version};
  const auto as = aws::service_principal("autoscaling.amazonaws.com", call.account);
  auto found = call.client.call<ec2::DescribeLaunchTemplateVersions>(call, as, request);
  const auto& version = found.launch_template_versions.at(0);
  TemplateVersion result{.id = version.launch_template_id.value_or(""),
                         .name = version.launch_template_name.value_or(""),
                         .version = std::to_string(version.version_number.value_or(1)),
                         .instance_type = "m1.small"};
  if (version.launch_template_data) {
    result.instance_type = version.launch_template_data->instance_type.value_or(result.instance_type);
  }
  return result;
}

std::string at_now(const aws::Call& call) { return "At " + iso8601(call.now) + " "; }

std::string sentences(const std::vector<std::string>& causes) {
  std::string all;
  for (const std::string& each : causes) {
    if (each.empty()) continue;
    if (!all.empty()) all += "  ";
    all += each;
  }
  return all;
}

std::string begin_activity(Service& service, aws::Call& call, const GroupRow& group,
                           const std::string& description, const std::string& cause) {
  std::string id = service.random().uuid();
  call.transaction.run(
      "INSERT INTO autoscaling_activity (id, account, region, group_name, group_arn, description, cause,"
      " started, status, progress, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'InProgress', 0, '{}')",
      {id, group.account, group.region, group.name, group.arn, description, cause,
       to_milliseconds(call.now)});
  return id;
}

void end_activity(aws::Call& call, const std::string& id, std::string_view status,
                  const std::optional<std::string>& message) {
  call.transaction.run(
      "UPDATE autoscaling_activity SET status = ?2, message = ?3, ended = ?4, progress = 100"
      " WHERE id = ?1 AND ended IS NULL",
      {id, std::string(status), sql::optional_value(message), to_milliseconds(call.now)});
}

std::string retire(Service& service, aws::Call& call, const GroupRow& group, const InstanceRow& instance,
                   const std::string& cause) {
  if (instance.state == "Pending") end_activity(call, instance.activity, "Cancelled");
  const std::string activity =
      begin_activity(service, call, group, "Terminating EC2 instance: " + instance.id, cause);
  deregister_targets(call, group.target_groups, instance.id);
  call.transaction.run(
      "UPDATE autoscaling_instance SET state = 'Terminating', activity = ?2, drains_until = ?3, phase = ''"
      " WHERE id = ?1",
      {instance.id, activity, to_milliseconds(call.now + kDrainMax)});
  call.transaction.run("DELETE FROM autoscaling_wait WHERE instance = ?1", {instance.id});
  service.schedule(call.transaction, group.id);
  return activity;
}

}  // namespace holm::autoscaling

// Registering, deregistering, and how the targets are.

#include "services/elbv2/targets.h"

#include <fmt/format.h>

#include <set>

#include "aws/service/region.h"
#include "base/strings.h"
#include "ec2/operations.h"
#include "net/address.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/function_targets.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

struct Place {
  std::string address;
  std::string instance_state;
  std::string zone;
};

Place place_of_instance(Call& call, const TargetGroup& group, const std::string& id) {
  auto found = call.client.call<ec2::DescribeInstances>(
      call, aws::service_principal(kPrincipal, call.account),
      {.filters = {{.name = "instance-id", .values = {id}}}});
  for (const ec2::Reservation& reservation : found.reservations) {
    for (const ec2::Instance& instance : reservation.instances) {
      std::string state = instance.state->name.value_or("");
      if (state != "running" && state != "pending") {
        throw InvalidTargetException(fmt::format(
            "The following targets are not in a running state and cannot be registered: '{}'", id));
      }
      if (instance.vpc_id != group.vpc_id) {
        throw InvalidTargetException(fmt::format(
            "The following targets are not in the target group VPC '{}': '{}'", *group.vpc_id, id));
      }
      std::string zone;
      if (instance.placement) zone = instance.placement->availability_zone.value_or("");
      return {instance.private_ip_address.value_or(""), state, zone};
    }
  }
  throw InvalidTargetException(fmt::format("The following targets are not valid instances: '{}'", id));
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html
// Its listener has to be there before it can be a target; its addresses are looked up when they are needed.
Place place_of_load_balancer(Call& call, const TargetGroup& group, const TargetDescription& target) {
  const auto found = find<LoadBalancer>(call, target.id);
  if (!found || found->type != "application" || found->vpc_id != group.vpc_id) {
    throw InvalidTargetException(fmt::format(
        "The following targets are not application load balancers in the VPC of the target group: '{}'",
        target.id));
  }
  const bool listens = !all_where<Listener>(call, "parent = ?3 AND position = ?4",
                                            {target.id, int64_t{*group.port}}).empty();
  if (!listens) {
    throw InvalidTargetException(fmt::format(
        "The following targets have no listener on the port of the target group: '{}'", target.id));
  }
  if (target.port.value_or(*group.port) != *group.port) {
    throw InvalidTargetException("An application load balancer is reached by the port of the target group");
  }
  return {};
}

Place place_of(Call& call, const TargetGroup& group, const TargetDescription& target) {
  if (*group.target_type == kFunctionType) {
    require_function_target(call, *group.target_group_arn, target.id);
    return {};
  }
  if (*group.target_type == "alb") return place_of_load_balancer(call, group, target);
  if (*group.target_type == "instance") return place_of_instance(call, group, target.id);
  Result<net::Address> address = net::Address::parse(target.id, 0);
  if (!address || address->family() != net::Address::Family::Ipv4) {
    throw aws::ServiceError("ValidationError", 400,
                            fmt::format("The IP address '{}' is not a valid IPv4 address", target.id));
  }
  return {target.id, "", ""};
}

// Functions have none.
std::optional<int32_t> shown_port(const TargetGroup& group, int64_t port) {
  if (*group.target_type == kFunctionType) return std::nullopt;
  return static_cast<int32_t>(port);
}

TargetHealthDescription describe(const TargetGroup& group, const TargetRow& row, bool in_use) {
  TargetHealth health{.state = row.health};
  if (row.draining_until) {
    health = {"draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"};
  } else if (!in_use) {
    health = {"unused", "Target.NotInUse",
              "Target group is not configured to receive traffic from the load balancer"};
  } else if (row.instance_state == "pending") {
    health = {"initial", "Elb.RegistrationInProgress", "Target registration is in progress"};
  } else if (!row.can_be_reached()) {
    health = {"unused", "Target.InvalidState", fmt::format("Target is in the {} state", row.instance_state)};
  } else if (!group.health_check_enabled.value_or(true)) {
    health = {"unavailable", "Target.HealthCheckDisabled", "Health checks are not enabled for this target"};
  } else if (row.health == "initial") {
    health = {"initial", "Elb.InitialHealthChecking", "Initial health checks in progress"};
  } else if (row.health == "unhealthy") {
    health = {row.health, row.reason, row.description};
  }
  TargetHealthDescription described{
      .target = TargetDescription{.id = row.id, .port = shown_port(group, row.port)}, .target_health = health};
  const std::string port = group.health_check_port.value_or("");
  if (!port.empty()) described.health_check_port = port == "traffic-port" ? std::to_string(row.port) : port;
  return described;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
void require_room_for_function(Call& call, const RegisterTargetsInput& request) {
  std::set<std::string> ids;
  for (const TargetDescription& each : request.targets) {
    if (each.port) {
      throw aws::ServiceError("ValidationError", 400,
                              "You cannot specify a port for targets of target type 'lambda'");
    }
    ids.insert(each.id);
  }
  for (const TargetRow& row : targets_of(call.transaction, request.target_group_arn)) ids.insert(row.id);
  if (ids.size() <= 1) return;
  throw TooManyTargetsException("A target group of target type 'lambda' can have one target");
}

int64_t port_of(const TargetGroup& group, const TargetDescription& target) {
  return target.port.value_or(group.port.value_or(0));
}

}  // namespace

std::vector<TargetRow> targets_of(sql::Transaction& transaction, const std::string& group_arn) {
  std::vector<TargetRow> rows;
  for (const sql::Row& row :
       transaction.run("SELECT id, port, address, instance_state, draining_until, health, reason, description,"
                       " zone FROM elbv2_target WHERE target_group = ?1 ORDER BY id, port",
                       {group_arn})) {
    rows.push_back({.group = group_arn,
                    .id = row.text(0),
                    .port = row.integer(1),
                    .address = row.text(2),
                    .instance_state = row.text(3),
                    .draining_until = row.optional_integer(4),
                    .health = row.text(5),
                    .reason = row.text(6),
                    .description = row.text(7),
                    .zone = row.text(8)});
  }
  return rows;
}

namespace {

std::vector<balancer::StatusRange> parse_ranges(std::string_view text, balancer::StatusRange within) {
  std::vector<balancer::StatusRange> ranges;
  for (std::string_view part : split(text, ',')) {
    size_t dash = part.find('-');
    auto first = parse_integer(part.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : parse_integer(part.substr(dash + 1));
    if (!first || !last || *first < within.first || *last > within.last || *first > *last) return {};
    ranges.push_back({static_cast<int>(*first), static_cast<int>(*last)});
  }
  return ranges;
}

}  // namespace

std::vector<balancer::StatusRange> parse_matcher(std::string_view text) { return parse_ranges(text, {200, 499}); }
std::vector<balancer::StatusRange> parse_call_matcher(std::string_view text) {
  return parse_ranges(text, {0, 99});
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
// A target that is draining is registered again.
RegisterTargetsOutput register_targets(Service& service, Call& call, const RegisterTargetsInput& request) {
  TargetGroup group = require_target_group(call, request.target_group_arn);
  if (*group.target_type == kFunctionType) require_room_for_function(call, request);
  for (const TargetDescription& target : request.targets) {
    Place place = place_of(call, group, target);
    call.transaction.run(
        "INSERT INTO elbv2_target (target_group, id, port, address, zone, instance_state, health, reason,"
        " description) VALUES (?1, ?2, ?3, ?4, ?6, ?5, 'initial', '', '')"
        " ON CONFLICT (target_group, id, port) DO UPDATE SET draining_until = NULL, address = ?4,"
        " instance_state = ?5, zone = ?6",
        {request.target_group_arn, target.id, port_of(group, target), place.address, place.instance_state,
         place.zone});
  }
  check_target_count(call, request.target_group_arn);
  service.changed(call.transaction);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
// Without a port, the target is deregistered with all its ports.
DeregisterTargetsOutput deregister_targets(Service& service, Call& call,
                                           const DeregisterTargetsInput& request) {
  const std::string& arn = request.target_group_arn;
  const TargetGroup group = require_target_group(call, arn);
  auto delay = parse_integer(attribute(call, arn, "deregistration_delay.timeout_seconds"));
  int64_t until = to_milliseconds(call.now) + *delay * 1000;
  for (const TargetDescription& target : request.targets) {
    call.transaction.run(
        "UPDATE elbv2_target SET draining_until = ?4 WHERE target_group = ?1 AND id = ?2"
        " AND (?3 = 0 OR port = ?3) AND draining_until IS NULL",
        {arn, target.id, int64_t{target.port.value_or(0)}, until});
  }
  // What a function is at ends by itself.
  if (load_balancers_of_group(call, arn).empty() || *group.target_type == kFunctionType) {
    call.transaction.run("DELETE FROM elbv2_target WHERE target_group = ?1 AND draining_until IS NOT NULL",
                         {arn});
  }
  service.changed(call.transaction);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
DescribeTargetHealthOutput describe_target_health(Service&, Call& call,
                                                  const DescribeTargetHealthInput& request) {
  TargetGroup group = require_target_group(call, request.target_group_arn);
  bool in_use = !load_balancers_of_group(call, request.target_group_arn).empty();
  std::vector<TargetRow> rows = targets_of(call.transaction, request.target_group_arn);
  DescribeTargetHealthOutput result;
  if (request.targets.empty()) {
    for (const TargetRow& row : rows) {
      result.target_health_descriptions.push_back(describe(group, row, in_use));
    }
  }
  for (const TargetDescription& target : request.targets) {
    int64_t port = port_of(group, target);
    auto found = std::ranges::find_if(
        rows, [&](const TargetRow& row) { return row.id == target.id && row.port == port; });
    if (found != rows.end()) {
      result.target_health_descriptions.push_back(describe(group, *found, in_use));
      continue;
    }
    result.target_health_descriptions.push_back(
        {.target = TargetDescription{.id = target.id, .port = shown_port(group, port)},
         .target_health =
             TargetHealth{"unused", "Target.NotRegistered", "Target is not registered to the target group"}});
  }
  return result;
}

}  // namespace holm::elbv2

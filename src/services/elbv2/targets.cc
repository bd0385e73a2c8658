// Registering, deregistering, and how the targets are.

#include "services/elbv2/targets.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "ec2/operations.h"
#include "net/address.h"
#include "services/elbv2/attributes.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"

namespace holm::elbv2 {

namespace {

struct Place {
  std::string address;
  std::string instance_state;
};

Place place_of_instance(Call& call, const TargetGroup& group, const std::string& id) {
  auto found = call.client.call<ec2::DescribeInstances>(
      call, aws::service_principal("elasticloadbalancing.amazonaws.com", call.account),
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
      return {instance.private_ip_address.value_or(""), state};
    }
  }
  throw InvalidTargetException(fmt::format("The following targets are not valid instances: '{}'", id));
}

Place place_of(Call& call, const TargetGroup& group, const TargetDescription& target) {
  if (*group.target_type == "instance") return place_of_instance(call, group, target.id);
  Result<net::Address> address = net::Address::parse(target.id, 0);
  if (!address || address->family() != net::Address::Family::Ipv4) {
    throw aws::ServiceError("ValidationError", 400,
                            fmt::format("The IP address '{}' is not a valid IPv4 address", target.id));
  }
  return {target.id, ""};
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
  } else if (row.health == "initial") {
    health = {"initial", "Elb.InitialHealthChecking", "Initial health checks in progress"};
  } else if (row.health == "unhealthy") {
    health = {row.health, row.reason, row.description};
  }
  std::string port = *group.health_check_port;
  return {.target = TargetDescription{.id = row.id, .port = static_cast<int32_t>(row.port)},
          .health_check_port = port == "traffic-port" ? std::to_string(row.port) : port,
          .target_health = health};
}

int64_t port_of(const TargetGroup& group, const TargetDescription& target) {
  return target.port.value_or(*group.port);
}

}  // namespace

std::vector<TargetRow> targets_of(sql::Transaction& transaction, const std::string& group_arn) {
  std::vector<TargetRow> rows;
  for (const sql::Row& row :
       transaction.run("SELECT id, port, address, instance_state, draining_until, health, reason, description"
                       " FROM elbv2_target WHERE target_group = ?1 ORDER BY id, port",
                       {group_arn})) {
    rows.push_back({.group = group_arn,
                    .id = row.text(0),
                    .port = row.integer(1),
                    .address = row.text(2),
                    .instance_state = row.text(3),
                    .draining_until = row.optional_integer(4),
                    .health = row.text(5),
                    .reason = row.text(6),
                    .description = row.text(7)});
  }
  return rows;
}

std::vector<balancer::StatusRange> parse_matcher(std::string_view text) {
  std::vector<balancer::StatusRange> ranges;
  for (std::string_view part : split(text, ',')) {
    size_t dash = part.find('-');
    auto first = parse_integer(part.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : parse_integer(part.substr(dash + 1));
    if (!first || !last || *first < 200 || *last > 499 || *first > *last) return {};
    ranges.push_back({static_cast<int>(*first), static_cast<int>(*last)});
  }
  return ranges;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
// A target that is draining is registered again.
RegisterTargetsOutput register_targets(Service& service, Call& call, const RegisterTargetsInput& request) {
  TargetGroup group = require_target_group(call, request.target_group_arn);
  for (const TargetDescription& target : request.targets) {
    Place place = place_of(call, group, target);
    call.transaction.run(
        "INSERT INTO elbv2_target (target_group, id, port, address, zone, instance_state, health, reason,"
        " description) VALUES (?1, ?2, ?3, ?4, '', ?5, 'initial', '', '')"
        " ON CONFLICT (target_group, id, port) DO UPDATE SET draining_until = NULL, address = ?4,"
        " instance_state = ?5",
        {request.target_group_arn, target.id, port_of(group, target), place.address, place.instance_state});
  }
  service.changed(call.transaction);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
// Without a port, the target is deregistered with all its ports.
DeregisterTargetsOutput deregister_targets(Service& service, Call& call,
                                           const DeregisterTargetsInput& request) {
  const std::string& arn = request.target_group_arn;
  require_target_group(call, arn);
  auto delay = parse_integer(attribute(call, arn, "deregistration_delay.timeout_seconds"));
  int64_t until = to_milliseconds(call.now) + *delay * 1000;
  for (const TargetDescription& target : request.targets) {
    call.transaction.run(
        "UPDATE elbv2_target SET draining_until = ?4 WHERE target_group = ?1 AND id = ?2"
        " AND (?3 = 0 OR port = ?3) AND draining_until IS NULL",
        {arn, target.id, int64_t{target.port.value_or(0)}, until});
  }
  if (load_balancers_of_group(call, arn).empty()) {
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
        {.target = TargetDescription{.id = target.id, .port = static_cast<int32_t>(port)},
         .target_health =
             TargetHealth{"unused", "Target.NotRegistered", "Target is not registered to the target group"}});
  }
  return result;
}

}  // namespace holm::elbv2
